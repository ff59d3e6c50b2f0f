"""A checked sign-in, by any method, from which a session starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.sign_in.session import Session

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.sign_in.known_browser import Device
    from chalicelib.domain.sign_in.session import SignInMethod
    from chalicelib.domain.tokens import SecretToken
    from chalicelib.domain.user import Membership, User


@dataclass(frozen=True)
class Authentication:
    """A user who has proved who they are: by which method, when, and in which request."""

    user: User
    method: SignInMethod
    origin: RequestOrigin
    at: datetime
    # Earlier than `at` where a provider vouches for a user who signed in there before (`E14`).
    proved_at: datetime
    # The connection whose provider vouches for the user.
    connection_id: str | None = None
    # The session that the browser had; it ends when the new one starts.
    replaced_session_id: str | None = None
    # The known browser that the user signs in with, if it is one.
    device: Device | None = None
    # Failed attempts in a row before this one.
    failures: int = 0
    # Whether the password, or whatever was used, signs the user in for the first time.
    is_first_use: bool = False

    def session(self, token: SecretToken, membership: Membership | None) -> Session:
        """Return the session that starts, in the account of a membership or in none yet."""
        return Session(
            id=token.digest,
            user_id=self.user.id,
            account_id=membership.account_id if membership else None,
            grant=membership.grant if membership else None,
            method=self.method,
            connection_id=self.connection_id,
            credentials_version=self.user.credentials_version,
            sessions_version=self.user.sessions_version,
            started_at=self.at,
            last_seen_at=self.at,
            proved_at=self.proved_at,
            client=self.origin.client,
        )

    def event(self, account_id: str) -> AuditEvent:
        """Return the audit event of the account that the session opens."""
        name, method = EventName.SIGN_IN_SUCCEEDED, self.method.value
        return self.user.event(name, account_id, self.at, self.origin, method=method)
