"""A sign-up: what the user enters, what waits for confirmation, what the browser keeps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.tokens import SecretToken

if TYPE_CHECKING:
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.sign_in.session import Session

# How long a new link can be requested; the row is kept for this and one link's lifetime.
SIGN_UP_WAITS = timedelta(days=7)
_TICKET = re.compile(r"(sup_[0-9a-f]{32})\.([A-Za-z0-9_-]{43})\Z")


@dataclass(frozen=True)
class SignUpForm:
    """What a user enters to sign up, checked except for the password."""

    name: str
    email: EmailAddress
    account_name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class SignUp:
    """A sign-up that waits for its email to be confirmed; an email can have several."""

    id: str
    email: EmailAddress
    name: str
    account_name: str
    browser_digest: str
    created_at: datetime
    password_hash: str = field(repr=False)

    def waits(self, now: datetime) -> bool:
        """Check whether it can still be signed in to, and be mailed a new link."""
        return now < self.created_at + SIGN_UP_WAITS


@dataclass(frozen=True)
class SignUpTicket:
    """The cookie that shows later that this browser made the sign-up."""

    sign_up_id: str
    secret: SecretToken

    @classmethod
    def parse(cls, text: str) -> SignUpTicket | None:
        """Read the cookie; anything but its exact form is no ticket.

        The id becomes a table's key and a message's field, which both have a maximum length.
        """
        parts = _TICKET.match(text)
        return cls(parts[1], SecretToken.parse(parts[2])) if parts else None

    @property
    def text(self) -> str:
        """Return the cookie's value."""
        return f"{self.sign_up_id}.{self.secret.value}"


@dataclass(frozen=True)
class Evidence:
    """What a browser sends with a confirmation link, to show that its user requested it."""

    ticket: SignUpTicket | None = None
    session: Session | None = None
    password: str | None = field(default=None, repr=False)
