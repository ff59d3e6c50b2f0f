"""What SES reports of sent mails: bounces, delays, complaints and rejections."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.suppression import (
    BOUNCED_SOURCE_HELD,
    DELAY_KEPT,
    FeedbackKind,
    SuppressionEntry,
    SuppressionReason,
)

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.suppression import MailFeedback
    from chalicelib.storage.audit.hourly_caps import HourlyCaps
    from chalicelib.storage.mail.suppressions import Suppressions

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MailFeedbackService:
    """Suppresses the email of a report, and counts bounces against who asked for the mail."""

    suppressions: Suppressions
    sources: HourlyCaps
    clock: Clock
    kept: timedelta

    def take(self, feedback: MailFeedback) -> None:
        """Take one report; one that comes again or late changes nothing."""
        now = self.clock()
        # A clock that is ahead must not outdate an operator's removal.
        at = min(feedback.at, now)
        reason = feedback.kind.suppresses
        if reason is not None:
            until = at + (DELAY_KEPT if reason is SuppressionReason.DELAY else self.kept)
            entry = SuppressionEntry(reason, at, until, feedback.detail)
            self.suppressions.add(feedback.email, entry)
        if feedback.kind is FeedbackKind.BOUNCE:
            self._hold_source(feedback, at, now)
        _report(feedback)

    def _hold_source(self, feedback: MailFeedback, at: datetime, now: datetime) -> None:
        """Let the mail keep its place in its source's count for a day."""
        source, until = feedback.source, at + BOUNCED_SOURCE_HELD
        if source.count and until > now:
            self.sources.hold(source.count, source.message_id, until, now)


def _report(feedback: MailFeedback) -> None:
    """Log the report for its metric, without the email."""
    fields = {"reason": feedback.detail, "asked_for_by": feedback.source.message_id}
    if feedback.kind is FeedbackKind.BOUNCE:
        _log.warning("mail_bounced", extra=fields)
    elif feedback.kind is FeedbackKind.DELAY:
        _log.info("mail_delayed", extra=fields)
    elif feedback.kind is FeedbackKind.COMPLAINT:
        _log.warning("mail_complained", extra=fields)
    elif feedback.kind is FeedbackKind.REJECT:
        _log.error("mail_rejected", extra=fields)
    else:
        _log.info("mail_remarked", extra=fields)
