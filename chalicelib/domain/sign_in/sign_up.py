"""A sign-up: what a person gives, what waits for confirmation, what the browser keeps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.tokens import SecretToken

if TYPE_CHECKING:
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.sign_in.session import Session

# How long a fresh link can still be asked for; the row is kept for that and one link's life.
SIGN_UP_WAITS = timedelta(days=7)
_TICKET = re.compile(r"(sup_[0-9a-f]{32})\.([A-Za-z0-9_-]{43})\Z")


@dataclass(frozen=True)
class SignUpForm:
    """What a person gives to sign up, each part checked but the password."""

    name: str
    email: EmailAddress
    account_name: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class SignUp:
    """A sign-up that waits for its email to be confirmed; an address can have several."""

    id: str
    email: EmailAddress
    name: str
    account_name: str
    browser_digest: str
    created_at: datetime
    password_hash: str = field(repr=False)

    def waits(self, now: datetime) -> bool:
        """Whether it can still be signed in to and be mailed a fresh link."""
        return now < self.created_at + SIGN_UP_WAITS


@dataclass(frozen=True)
class SignUpTicket:
    """What the browser keeps to show later that it is the one that signed up."""

    sign_up_id: str
    secret: SecretToken

    @classmethod
    def parse(cls, text: str) -> SignUpTicket | None:
        """Read the browser's copy; anything but its exact form is no ticket.

        The id becomes a key of a table and a field of a message, and both have a longest length.
        """
        parts = _TICKET.match(text)
        return cls(parts[1], SecretToken.parse(parts[2])) if parts else None

    @property
    def text(self) -> str:
        """The browser's copy."""
        return f"{self.sign_up_id}.{self.secret.value}"


@dataclass(frozen=True)
class Evidence:
    """What a browser brings to a confirmation link, to show that its user asked for it."""

    ticket: SignUpTicket | None = None
    session: Session | None = None
    password: str | None = field(default=None, repr=False)
