"""A signed-in browser."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.domain.errors import ProofRequiredError
from chalicelib.domain.sso.connection import connection_id_of

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from chalicelib.domain.origin import Client
    from chalicelib.domain.roles import Role
    from chalicelib.domain.tokens import SecretToken
    from chalicelib.domain.user import Account, Membership, User


class SignInMethod(StrEnum):
    """How the user signed in."""

    PASSWORD = "password"  # noqa: S105 - the name of a method, not a secret
    SSO = "sso"


@dataclass(frozen=True)
class SessionLimits:
    """How long a session lasts: without use, and in all (`D5`)."""

    idle: timedelta
    overall: timedelta


@dataclass(frozen=True)
class Session:
    """A session; `id` is the digest of its token, from which the token can't be computed."""

    id: str
    user_id: str
    account_id: str | None
    method: SignInMethod
    credentials_version: int
    started_at: datetime
    last_seen_at: datetime
    proved_at: datetime
    client: Client
    # The grant of the open account that it was opened under; see Membership.
    grant: str | None = None
    # The user's `sessions_version` when it started, or when it ended all others.
    sessions_version: int = 0
    # The connection of an SSO sign-in; None for a password sign-in.
    connection_id: str | None = None
    # When the password was last given in it. None where it started with the password.
    password_proved_at: datetime | None = None

    @property
    def is_own(self) -> bool:
        """Check that the user gave their password in it, rather than only an SSO sign-in."""
        return self.method is SignInMethod.PASSWORD or self.password_proved_at is not None

    def is_by_provider_of(self, account_id: str | None) -> bool:
        """Check whether this account's own connection made it."""
        return account_id is not None and self.connection_id == connection_id_of(account_id)

    def reaches(self, account_id: str) -> bool:
        """Check whether its sign-in counts in an account (`E8`).

        An account's identity provider vouches for its own account only, because its admins choose
        who it says a user is. Any other account needs the user's own proof.
        """
        return self.is_own or self.is_by_provider_of(account_id)

    def opens(self, account: Account, role: Role) -> bool:
        """Check whether an account, as it is now, accepts this session for a user of that role."""
        if not self.reaches(account.id):
            return False
        exempt = not account.sso.enforced or role.is_exempt_from_sso
        return exempt or self.is_by_provider_of(account.id)

    def speaks_for(self, user: User) -> bool:
        """Check whether it may do what concerns its user in every account.

        Without the user's own proof, only for a user who has no password, and who is in the account
        of that provider and in no other.
        """
        if self.is_own:
            return True
        known = user.memberships
        return (
            user.password_hash is None and bool(known) and all(map(self.is_by_provider_of, known))
        )

    def proof_in(self, account_id: str | None) -> datetime | None:
        """Return when its user last proved who they are, for this account."""
        if self.method is SignInMethod.PASSWORD or self.is_by_provider_of(account_id):
            return self.proved_at
        return self.password_proved_at

    def proof_for(self, user: User) -> datetime | None:
        """Return when its user last proved who they are, for all their accounts."""
        at_home = not self.is_own and self.speaks_for(user)
        return self.proved_at if at_home else self.proof_in(None)

    def holds_for(self, user: User) -> bool:
        """Check whether its user, as they are now, still gives it access (`D7`).

        It ends with a new password, when its user signs out everywhere, and when they are suspended
        or removed in the open account. It never works again, because coming back starts another
        grant. With no account open, no account can end it.
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

    def replaced_by(
        self, token: SecretToken, membership: Membership | None, client: Client, now: datetime
    ) -> Session:
        """Return the session that replaces it when its user opens another account, or none.

        How and when the user signed in stays; only the token and the account change (`D3`).
        """
        return replace(
            self,
            id=token.digest,
            account_id=membership.account_id if membership else None,
            grant=membership.grant if membership else None,
            last_seen_at=now,
            client=client,
        )

    def ends_at(self, limits: SessionLimits) -> datetime:
        """Return when it ends if it isn't used again."""
        return min(self.started_at + limits.overall, self.last_seen_at + limits.idle)


def require_fresh_proof(proved_at: datetime | None, now: datetime, lasts: timedelta) -> None:
    """Require a proof that is recent enough (`D9`); raises ProofRequiredError."""
    if proved_at is None or now - proved_at > lasts:
        raise ProofRequiredError


def require_own_proof(session: Session, user: User) -> None:
    """Require the user's own proof for what concerns all their accounts.

    One account's identity provider isn't enough. Raises ProofRequiredError.
    """
    if not session.speaks_for(user):
        raise ProofRequiredError
