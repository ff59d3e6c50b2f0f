"""Which requested mails count where, so that no stranger uses up what somebody else needs."""

from __future__ import annotations

from enum import StrEnum

from chalicelib.domain.mail import JobKind


class Cap(StrEnum):
    """Which count was full."""

    SOURCE = "source"
    ADDRESS = "address"
    KNOWN_BROWSER = "known_browser"
    INVITER = "inviter"
    USER = "user"
    ONCE_A_DAY = "once_a_day"


class MailCappedError(Exception):
    """A requested mail that is not sent, because a count is full; no answer shows it (`B14`)."""

    def __init__(self, cap: Cap) -> None:
        """Keep which count it was."""
        super().__init__(cap.value)
        self.cap = cap


# Mails that anybody can ask for without a session. The mail of a lock is not among them: a lock
# mails its user once, and its attempts have a limit for their source already.
COUNTED_BY_SOURCE = frozenset(
    (JobKind.SIGN_UP_CONFIRMATION, JobKind.ACCOUNT_UNLOCK, JobKind.PASSWORD_RESET)
)
