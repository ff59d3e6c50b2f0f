"""Hourly caps on requested mails, so that a stranger can't use up a mail that a user needs."""

from __future__ import annotations

from enum import StrEnum


class Cap(StrEnum):
    """Which cap was reached."""

    SOURCE = "source"
    ADDRESS = "address"
    KNOWN_BROWSER = "known_browser"
    INVITER = "inviter"
    USER = "user"
    ONCE_A_DAY = "once_a_day"


class MailCappedError(Exception):
    """A requested mail is not sent, because a cap was reached; no answer shows it (`B14`)."""

    def __init__(self, cap: Cap) -> None:
        """Keep which cap it was."""
        super().__init__(cap.value)
        self.cap = cap
