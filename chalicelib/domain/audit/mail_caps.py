"""The counts of requested mails, so that no stranger uses up what somebody else needs."""

from __future__ import annotations

from enum import StrEnum


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
