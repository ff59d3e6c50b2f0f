"""Signing in: email first, then a password.

Whoever the address belongs to, or nobody: the same calls to the store in the same order, and one
password hash at the current cost. What differs is decided from what they brought, at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import EmailUnconfirmedError, InvalidCredentialsError
from chalicelib.domain.sessions import Session, SignInMethod
from chalicelib.domain.tokens import SecretToken

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.errors import DomainError
    from chalicelib.domain.password_hashing import PasswordHasher
    from chalicelib.domain.people import Membership, User
    from chalicelib.domain.sessions import Client
    from chalicelib.domain.sso import DomainSso
    from chalicelib.storage.people import AddressRecord, People, SsoDomains
    from chalicelib.storage.sessions import Sessions


@dataclass(frozen=True)
class SignedIn:
    """A session that has begun: its token, and the accounts that the person may enter."""

    token: SecretToken
    session: Session
    accounts: tuple[Membership, ...]


@dataclass(frozen=True)
class SignIn:
    """Email-first sign-in."""

    people: People
    domains: SsoDomains
    sessions: Sessions
    hasher: PasswordHasher
    clock: Clock

    def identify(self, email: EmailAddress) -> DomainSso | None:
        """Say how the people of an address's domain sign in: None for a password alone.

        The domain alone decides; whether the user exists isn't looked at.
        """
        return self.domains.find(email.domain)

    def with_password(
        self, email: EmailAddress, password: str, client: Client, replaced: str | None
    ) -> SignedIn:
        """Check a password and begin a session, ending the one that the browser brought.

        Raises InvalidCredentialsError, and EmailUnconfirmedError for the right password of a
        sign-up that waits.
        """
        now = self.clock()
        record = self.people.look_up(email)
        user = self.people.get(record.user_id)
        stored = _stored_hash(user, record, now)
        verdict = self.hasher.verify(stored, password)
        if not verdict.matches:
            raise InvalidCredentialsError
        if user is None:
            raise _unconfirmed(record.sso)
        if not _may_use_password(user, record.sso):
            raise InvalidCredentialsError
        if verdict.needs_rehash:
            self.people.replace_password_hash(user, self.hasher.hash(password))
        return self._begin(user, client, replaced, now)

    def _begin(self, user: User, client: Client, replaced: str | None, now: datetime) -> SignedIn:
        token = SecretToken.new()
        accounts = user.active_memberships
        session = Session(
            id=token.digest,
            user_id=user.id,
            account_id=accounts[0].account_id if len(accounts) == 1 else None,
            method=SignInMethod.PASSWORD,
            credentials_version=user.credentials_version,
            started_at=now,
            last_seen_at=now,
            proved_at=now,
            client=client,
        )
        self.sessions.start(session, replaced)
        return SignedIn(token, session, accounts)


def _stored_hash(user: User | None, record: AddressRecord, now: datetime) -> str | None:
    if user is not None:
        return user.password_hash
    waiting = record.waiting
    return waiting.password_hash if waiting is not None and waiting.waits(now) else None


def _unconfirmed(sso: DomainSso | None) -> DomainError:
    # Under enforced SSO a sign-up never becomes a user, so there is nothing to confirm.
    return InvalidCredentialsError() if sso and sso.enforced else EmailUnconfirmedError()


def _may_use_password(user: User, sso: DomainSso | None) -> bool:
    if user.is_shut_out:
        return False
    if sso is None or not sso.enforced:
        return True
    membership = user.memberships.get(sso.account_id)
    return membership is not None and membership.is_active and membership.role.manages
