"""Signing in: email first, then a password.

Whoever the address belongs to, or nobody: the same calls to the store in the same order, and one
password hash at the current cost, or two in a browser that signed up with the address. What differs
is decided from what they brought, at the end.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import InvalidCredentialsError
from chalicelib.domain.mail import Job, JobKind, Mail
from chalicelib.domain.sign_in.lockout import AttemptStep
from chalicelib.domain.sign_in.session import Session, SignInMethod
from chalicelib.domain.tokens import SecretToken
from chalicelib.services.sign_in.password_check import GivenPassword, StoredPassword
from chalicelib.storage.sessions.gate import SsoGate
from chalicelib.storage.users.password_gate import BarredError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.passwords.hashing import PasswordHasher
    from chalicelib.domain.sign_in.counter_keys import AddressKeys
    from chalicelib.domain.sign_in.known_browser import Browser, DeviceCookies
    from chalicelib.domain.sign_in.sign_up import SignUpTicket
    from chalicelib.domain.sso.provider import DomainSso
    from chalicelib.domain.user import Membership, User
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.services.sign_in.password_check import PasswordCheck, ProvedPassword
    from chalicelib.storage.audit.hourly_caps import HourlyCaps
    from chalicelib.storage.dynamo.transaction import Transaction
    from chalicelib.storage.sessions.sessions import Sessions
    from chalicelib.storage.users.users import AddressRecord, SsoDomainLookup, Users

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SignedIn:
    """A session that has begun: its token, and the accounts that the person may enter."""

    token: SecretToken
    session: Session
    accounts: tuple[Membership, ...]
    device_cookie: str = field(repr=False)


@dataclass(frozen=True)
class SignInService:
    """Email-first sign-in."""

    users: Users
    domains: SsoDomainLookup
    sessions: Sessions
    check: PasswordCheck
    devices: DeviceCookies
    queue: JobQueue
    mailer: Mailer
    hasher: PasswordHasher
    clock: Clock
    # How many notices of a new browser one person gets in an hour.
    notices: HourlyCaps
    address_keys: AddressKeys

    def identify(self, email: EmailAddress) -> DomainSso | None:
        """Say how the people of an address's domain sign in: None for a password alone.

        The domain alone decides; whether the user exists isn't looked at.
        """
        return self.domains.find(email.domain)

    def with_password(
        self,
        email: EmailAddress,
        password: str,
        browser: Browser,
        ticket: SignUpTicket | None = None,
    ) -> SignedIn:
        """Check a password and begin a session, ending the one that the browser brought.

        Raises InvalidCredentialsError, EmailUnconfirmedError for the password of the sign-up that
        the browser has a ticket of, whether or not the email is somebody's, and
        TooManyAttemptsError for a source that failed too often.
        """
        now = self.clock()
        record = self.users.look_up(email, ticket)
        given = GivenPassword(
            email, password, AttemptStep.SIGN_IN, browser, now, user_id=record.user_id
        )
        # The same message for every failure; whom it matters to, the worker finds out.
        proved = self.check.verify(
            given, lambda user: _stored_password(user, record, now), InvalidCredentialsError()
        )
        user = proved.user
        if user is None:
            # No password opens what nobody has.
            raise InvalidCredentialsError
        if proved.needs_rehash:
            self.users.replace_password_hash(user, self.hasher.hash(password))
        return self._begin(user, proved)

    def send_notice(self, request: Job) -> None:
        """Tell a person of a sign-in that may not have been theirs.

        A program without cookies is a new browser each time: of those one an hour is told, lest it
        bury its person in mail. A success after many failures is told whenever it happens.
        """
        key = self.address_keys.of(request.email)
        if not request.details["failures"] and not self.notices.admit(
            key, request.id, request.asked_at
        ):
            return
        self.mailer.send(Mail(request.email, "new_sign_in", {**request.asked, **request.details}))

    def _begin(self, user: User, proved: ProvedPassword) -> SignedIn:
        accounts = user.active_memberships
        only = accounts[0] if len(accounts) == 1 else None
        given = proved.given

        def settle(tx: Transaction) -> None:
            self.check.forgive_parts(tx, proved)
            self.users.note_password_used(tx, user)

        try:
            token, session = self._start(user, only, given.browser, settle, given.at)
        except BarredError:
            # A member of an account that enforces single sign-on: they are who they say, but it
            # doesn't open. The choice of accounts says so, and leads to the provider.
            token, session = self._start(user, None, given.browser, settle, given.at)
        who = {"user_id": user.id, "account_id": session.account_id}
        _log.info("authentication_succeeded", extra={**given.trace, **who})
        self._tell(user, proved)
        cookie = self.devices.issue(
            user.email, user.credentials_version, proved.device, user.sessions_version
        )
        return SignedIn(token, session, accounts, cookie)

    def _start(
        self,
        user: User,
        account: Membership | None,
        browser: Browser,
        settle: Callable[[Transaction], None],
        now: datetime,
    ) -> tuple[SecretToken, Session]:
        token, method = SecretToken.new(), SignInMethod.PASSWORD
        session = Session(
            id=token.digest,
            user_id=user.id,
            account_id=account.account_id if account else None,
            grant=account.grant if account else None,
            sessions_version=user.sessions_version,
            method=method,
            credentials_version=user.credentials_version,
            started_at=now,
            last_seen_at=now,
            proved_at=now,
            client=browser.origin.client,
        )
        event = gate = None
        if account is not None:
            gate = SsoGate.of(account, session)
            event = user.event(
                EventName.SIGN_IN_SUCCEEDED,
                account.account_id,
                now,
                browser.origin,
                method=method.value,
            )
        self.sessions.start(session, browser.session_id, settle, event=event, gate=gate)
        return token, session

    def _tell(self, user: User, proved: ProvedPassword) -> None:
        """Have the person told of a success in a new browser, or after many failures (`B10`).

        A password's first success is no news: of a reset, too, they have been told. Nobody gets
        here without the password, so nobody can have mails sent to a stranger by it.
        """
        many = proved.failures >= self.check.attempts.rules.attempts
        new = proved.device is None and user.has_used_password
        if not many and not new:
            return
        told = {
            "name": user.name,
            "browser": "new" if new else "",
            "failures": str(proved.failures) if many else "",
        }
        email, origin = user.email.value, proved.given.browser.origin
        self.queue.put_notice(
            Job.asked_by(origin, JobKind.NEW_SIGN_IN, email, proved.given.at, told)
        )


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
        # Under enforced SSO a sign-up never becomes a user: there is nothing to confirm.
        return sso is None or not sso.enforced
    return user.may_use_password(sso)
