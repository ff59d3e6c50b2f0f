"""Signing in: email first, then a password.

Known and unknown emails cost the same: the same store calls in the same order, and one password
hash at the current cost, or two in a browser that signed up with the email. Only the last step
differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import InvalidCredentialsError
from chalicelib.domain.sign_in.authentication import Authentication
from chalicelib.domain.sign_in.lockout import AttemptStep
from chalicelib.domain.sign_in.session import SignInMethod
from chalicelib.services.sign_in.password_check import GivenPassword, StoredPassword

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.passwords.hashing import PasswordHasher
    from chalicelib.domain.sign_in.known_browser import Browser
    from chalicelib.domain.sign_in.sign_up import SignUpTicket
    from chalicelib.domain.sso.provider import DomainSso
    from chalicelib.domain.user import User
    from chalicelib.services.sign_in.new_session import NewSession, SignedIn
    from chalicelib.services.sign_in.password_check import PasswordCheck, ProvedPassword
    from chalicelib.storage.dynamo.transaction import Transaction
    from chalicelib.storage.users.users import AddressRecord, SsoDomainLookup, Users


@dataclass(frozen=True)
class SignInService:
    """Email-first sign-in."""

    users: Users
    domains: SsoDomainLookup
    check: PasswordCheck
    new_session: NewSession
    hasher: PasswordHasher
    clock: Clock

    def identify(self, email: EmailAddress) -> DomainSso | None:
        """Return the SSO of an email's domain; None where users sign in with a password alone.

        The domain alone decides. Whether the user exists isn't looked up.
        """
        return self.domains.find(email.domain)

    def with_password(
        self,
        email: EmailAddress,
        password: str,
        browser: Browser,
        ticket: SignUpTicket | None = None,
    ) -> SignedIn:
        """Check a password and start a session, ending the one that the browser had.

        Raises InvalidCredentialsError, TooManyAttemptsError for a source that failed too often, and
        EmailUnconfirmedError for the password of the sign-up whose ticket the browser has, whether
        or not a user has the email.
        """
        now = self.clock()
        record = self.users.look_up(email, ticket)
        given = GivenPassword(
            email, password, AttemptStep.SIGN_IN, browser, now, user_id=record.user_id
        )
        # Every failure queues the same message. The worker finds out whether it concerns a user.
        proved = self.check.verify(
            given, lambda user: _stored_password(user, record, now), InvalidCredentialsError()
        )
        user = proved.user
        if user is None:
            # Not reached: the check refuses an unknown user's password. It narrows the type.
            raise InvalidCredentialsError
        if proved.needs_rehash:
            self.users.replace_password_hash(user, self.hasher.hash(password))
        return self._start(user, proved)

    def _start(self, user: User, proved: ProvedPassword) -> SignedIn:
        given = proved.given

        def settle(tx: Transaction) -> None:
            self.check.forgive_parts(tx, proved)
            self.users.note_password_used(tx, user)

        authentication = Authentication(
            user=user,
            method=SignInMethod.PASSWORD,
            origin=given.browser.origin,
            at=given.at,
            proved_at=given.at,
            replaced_session_id=given.browser.session_id,
            device=proved.device,
            failures=proved.failures,
            is_first_use=not user.has_used_password,
        )
        return self.new_session.start(authentication, settle)


def _stored_password(user: User | None, record: AddressRecord, now: datetime) -> StoredPassword:
    own = record.own
    return StoredPassword(
        hash=_stored_hash(user, record, now),
        may_be_used=_may_use_password(user, record.sso),
        is_waiting=user is None,
        of_ticket=own.password_hash if own is not None and own.waits(now) else None,
    )


def _stored_hash(user: User | None, record: AddressRecord, now: datetime) -> str | None:
    if user is not None:
        return user.password_hash
    waiting = record.waiting
    return waiting.password_hash if waiting is not None and waiting.waits(now) else None


def _may_use_password(user: User | None, sso: DomainSso | None) -> bool:
    if user is None:
        # Under enforced SSO a sign-up never becomes a user, so there is nothing to confirm.
        return sso is None or not sso.enforced
    return user.may_use_password(sso)
