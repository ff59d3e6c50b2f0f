"""Emails that mail no longer goes to: what came back from SES, and which mails that stops."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.domain.mail import SourceEntry

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.mail import Mail

# SES has retried for hours before it reports a temporary failure. An hour keeps a stranger from
# sending mail after mail to a full mailbox, and its user can ask again soon after emptying it.
DELAY_KEPT = timedelta(hours=1)
# Bounced mails of one source hold their places in its hourly count for this long.
BOUNCED_SOURCE_HELD = timedelta(days=1)


class SuppressionReason(StrEnum):
    """Why an email is suppressed; the strongest first."""

    # The mailbox will never take a mail, so none is sent.
    BOUNCE = "bounce"
    # Marked as spam: no mail that somebody else can ask for.
    COMPLAINT = "complaint"
    # Full or unreachable for now: the same mails, for a short time.
    DELAY = "delay"


class FeedbackKind(StrEnum):
    """What SES reports of a sent mail."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    DELAY = "delay"
    # About the mail, not the mailbox: nothing is suppressed.
    REJECT = "reject"
    REMARK = "remark"

    @property
    def suppresses(self) -> SuppressionReason | None:
        """The reason to suppress the email, if this is one."""
        return _SUPPRESSES.get(self)


_SUPPRESSES = {
    FeedbackKind.BOUNCE: SuppressionReason.BOUNCE,
    FeedbackKind.COMPLAINT: SuppressionReason.COMPLAINT,
    FeedbackKind.DELAY: SuppressionReason.DELAY,
}


@dataclass(frozen=True)
class MailFeedback:
    """One report of SES about one sent mail."""

    kind: FeedbackKind
    # The email that the mail was sent to, never the one that the report names.
    email: str
    at: datetime
    # SES's own words, such as `Permanent NoEmail`.
    detail: str
    source: SourceEntry = field(default_factory=SourceEntry)


@dataclass(frozen=True)
class SuppressionEntry:
    """One reason why an email is suppressed, and until when."""

    reason: SuppressionReason
    at: datetime
    until: datetime
    detail: str


@dataclass(frozen=True)
class Suppression:
    """What is kept of one email, strongest reason first; entries may have ended."""

    email: str
    entries: tuple[SuppressionEntry, ...] = ()

    def in_force(self, now: datetime) -> tuple[SuppressionEntry, ...]:
        """Return the entries that haven't ended."""
        return tuple(entry for entry in self.entries if entry.until > now)

    def stops(self, mail: Mail, now: datetime) -> SuppressionReason | None:
        """Return why a mail isn't sent, or None where it is.

        A complaint or a delay stops only what others can ask for. What a user did in their own
        account is still mailed: otherwise one click on "spam" would hide a changed password.
        """
        for entry in self.in_force(now):
            if entry.reason is SuppressionReason.BOUNCE or mail.request.by_others:
                return entry.reason
        return None
