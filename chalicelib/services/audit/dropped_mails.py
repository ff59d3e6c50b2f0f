"""Mails that nobody is to get any more: asked for before their user or account was deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.email_address import EmailAddress

if TYPE_CHECKING:
    from chalicelib.domain.mail import Job
    from chalicelib.storage.operators.deletion_records import Deletions


@dataclass(frozen=True)
class DroppedMailService:
    """What the worker asks before it does anything for a message."""

    deletions: Deletions

    def drops(self, request: Job) -> bool:
        """Whether a message is about a user or account that was deleted since it was asked for."""
        if self.deletions.drops_mails_to(EmailAddress(request.email), request.asked_at):
            return True
        # The mail that an account is gone names none.
        account_id = request.details.get("account_id")
        return account_id is not None and self.deletions.has_begun(account_id)
