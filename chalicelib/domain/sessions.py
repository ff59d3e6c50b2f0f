"""A signed-in browser."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.domain.errors import ProofRequiredError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from chalicelib.domain.people import User


class SignInMethod(StrEnum):
    """How the person proved who they are."""

    PASSWORD = "password"  # noqa: S105 - the name of a method, not a secret
    SSO = "sso"


@dataclass(frozen=True)
class Client:
    """Where a request comes from: the network's address for it, and what the browser says."""

    address: str
    user_agent: str


@dataclass(frozen=True)
class SessionLimits:
    """How long a session lives: untouched, and in all (`D5`)."""

    idle: timedelta
    overall: timedelta


@dataclass(frozen=True)
class Session:
    """A session; `id` is the digest of its token, which can't be turned back into it."""

    id: str
    user_id: str
    account_id: str | None
    method: SignInMethod
    credentials_version: int
    started_at: datetime
    last_seen_at: datetime
    proved_at: datetime
    client: Client
    # The stretch of access to the open account that it was opened under; see Membership.
    grant: str | None = None
    # The user's `sessions_version` at its start, or when it ended all the others.
    sessions_version: int = 0
    # The connection of a sign-in through an identity provider; the password's has none.
    connection_id: str | None = None

    def holds_for(self, user: User) -> bool:
        """Whether its person, as they are now, still lets it in where it is (`D7`).

        It falls with a new password, when its person ends all other sessions, and when they are
        suspended in or removed from the account that it has open; for good, since coming back
        begins another grant. Without an account open no account can end it.
        """
        if (
            self.user_id != user.id
            or self.credentials_version != user.credentials_version
            or self.sessions_version != user.sessions_version
        ):
            return False
        if not self.account_id:
            return True
        membership = user.memberships.get(self.account_id)
        return membership is not None and membership.is_active and membership.grant == self.grant

    def ends_at(self, limits: SessionLimits) -> datetime:
        """Return when it ends if it isn't used again."""
        return min(self.started_at + limits.overall, self.last_seen_at + limits.idle)


def require_fresh_proof(proved_at: datetime, now: datetime, lasts: timedelta) -> None:
    """Let through what follows a proof closely enough (`D9`); raises ProofRequiredError."""
    if now - proved_at > lasts:
        raise ProofRequiredError
