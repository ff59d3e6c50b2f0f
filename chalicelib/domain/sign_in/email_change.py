"""A change of a user's email: what one write changes, and how long it can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import ConflictError
from chalicelib.domain.user import WayBack

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import User

# Keeps a user's row small; nobody changes their email ten times in three days.
WAYS_BACK_MAX = 10


class EmailTakenError(ConflictError):
    """The old email belongs to another user now."""

    reason = "email_taken"
    message = (
        "This email belongs to somebody else by now, so it can't be taken back. Ask the people who"
        " run this service for help."
    )


class TooManyEmailChangesError(ConflictError):
    """The user has as many changes that can be undone as one user may have."""

    reason = "too_many_email_changes"
    message = "You've changed your email too often in a short time. Wait a few days."


@dataclass(frozen=True)
class EmailChange:
    """A confirmed change: its link, the user as read, and the user's session, if any."""

    link: Link
    user: User
    session: Session | None
    at: datetime
    undo_until: datetime

    @property
    def old_email(self) -> EmailAddress:
        """Return the email that the link changes."""
        return EmailAddress(self.link.user_email)

    @property
    def version(self) -> int:
        """Return the `sessions_version` that the change sets, which ends every other session."""
        return self.user.sessions_version + 1

    @property
    def ways_back(self) -> tuple[WayBack, ...]:
        """Return the changes that can be undone, with this one; raises TooManyEmailChangesError."""
        still_open = self.user.open_ways_back(self.at)
        if len(still_open) >= WAYS_BACK_MAX:
            raise TooManyEmailChangesError
        return (*still_open, WayBack(self.version, self.undo_until))
