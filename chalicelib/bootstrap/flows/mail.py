"""What comes back of sent mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap.by_need import by_need
from chalicelib.bootstrap.flows.base import Flows

if TYPE_CHECKING:
    from chalicelib.services.mail.feedback import MailFeedbackService


class MailFlows(Flows):
    """What comes back of sent mails."""

    @by_need
    def mail_feedback(self) -> MailFeedbackService:
        from chalicelib.services.mail.feedback import MailFeedbackService

        return MailFeedbackService(
            suppressions=self.shared.suppressions,
            sources=self.shared.source_mails,
            clock=self.clock,
            kept=self.settings.suppression,
        )
