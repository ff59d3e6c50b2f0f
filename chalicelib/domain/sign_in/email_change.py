"""A user's new email: what one write changes, and how long the change can be taken back."""

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

# So that a user's row stays small; nobody changes their email ten times in three days.
WAYS_BACK_MAX = 10


class EmailTakenError(ConflictError):
    """The email of before is another user's by now."""

    reason = "email_taken"
    message = (
        "This email belongs to somebody else by now, so it can't be taken back. Ask the people who"
        " run this service for help."
    )


class TooManyEmailChangesError(ConflictError):
    """There are as many open ways back as one user may have."""

    reason = "too_many_email_changes"
    message = "You've changed your email too often in a short time. Wait a few days."


@dataclass(frozen=True)
class EmailChange:
    """A confirmed change: by its link, of the user as read, in a session of theirs or in none."""

    link: Link
    user: User
    session: Session | None
    at: datetime
    undo_until: datetime

    @property
    def old_email(self) -> EmailAddress:
        """The email that the link changes."""
        return EmailAddress(self.link.user_email)

    @property
    def version(self) -> int:
        """The `sessions_version` that it makes, which ends every other session."""
        return self.user.sessions_version + 1

    @property
    def ways_back(self) -> tuple[WayBack, ...]:
        """The user's open ways back, with this one; raises TooManyEmailChangesError."""
        still_open = self.user.open_ways_back(self.at)
        if len(still_open) >= WAYS_BACK_MAX:
            raise TooManyEmailChangesError
        return (*still_open, WayBack(self.version, self.undo_until))
