"""A signed-in browser."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta


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

    def ends_at(self, limits: SessionLimits) -> datetime:
        """Return when it ends if it isn't used again."""
        return min(self.started_at + limits.overall, self.last_seen_at + limits.idle)
