"""Signing in: email first, then a password.

Whoever the address belongs to, or nobody: the same calls to the store in the same order, and one
password hash at the current cost. What differs is decided from what they brought, at the end.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.domain.attempts import AttemptStep
from chalicelib.domain.audit import EventName
from chalicelib.domain.devices import is_current
from chalicelib.domain.errors import EmailUnconfirmedError, InvalidCredentialsError
from chalicelib.domain.mail import Mail, MailKind
from chalicelib.domain.sessions import Session, SignInMethod
from chalicelib.domain.tokens import SecretToken
from chalicelib.storage.sso_gates import BarredError, SsoGate

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.domain.addresses import AddressKeys
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.devices import Browser, Device, DeviceCookies
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.mail import MailRequest
    from chalicelib.domain.password_hashing import PasswordHasher
    from chalicelib.domain.people import Membership, User
    from chalicelib.domain.sso import DomainSso
    from chalicelib.gateways.mail_queue import MailQueue
    from chalicelib.gateways.mailer import Mailer
    from chalicelib.storage.attempts import AttemptKeyMaker, Attempts, Ledger
    from chalicelib.storage.mail_counts import MailCounts
    from chalicelib.storage.people import AddressRecord, People, SsoDomains
    from chalicelib.storage.sessions import Sessions

_log = logging.getLogger(__name__)

_PROOF = {"method": SignInMethod.PASSWORD.value, "step": AttemptStep.SIGN_IN.value}


@dataclass(frozen=True)
class SignedIn:
    """A session that has begun: its token, and the accounts that the person may enter."""

    token: SecretToken
    session: Session
    accounts: tuple[Membership, ...]
    device_cookie: str = field(repr=False)


@dataclass(frozen=True)
class SignIn:
    """Email-first sign-in."""

    people: People
    domains: SsoDomains
    sessions: Sessions
    attempts: Attempts
    attempt_keys: AttemptKeyMaker
    devices: DeviceCookies
    queue: MailQueue
    mailer: Mailer
    hasher: PasswordHasher
    clock: Clock
    # How many notices of a new browser one person gets in an hour.
    notices: MailCounts
    address_keys: AddressKeys

    def identify(self, email: EmailAddress) -> DomainSso | None:
        """Say how the people of an address's domain sign in: None for a password alone.

        The domain alone decides; whether the user exists isn't looked at.
        """
        return self.domains.find(email.domain)

    def with_password(self, email: EmailAddress, password: str, browser: Browser) -> SignedIn:
        """Check a password and begin a session, ending the one that the browser brought.

        Raises InvalidCredentialsError, EmailUnconfirmedError for the right password of a sign-up
        that waits, and TooManyAttemptsError for a source that failed too often.
        """
        now = self.clock()
        record = self.people.look_up(email)
        device = self.devices.read(browser.device_cookie, email)
        keys = self.attempt_keys.of(email, device, browser.asker.client)
        ledger = self.attempts.open(keys, record.user_id)
        user = ledger.user
        known = device is not None and is_current(device, user)
        reservation = self.attempts.reserve(ledger, now, known_device=known)
        stored = reservation.admits(_stored_hash(user, record, now))
        verdict = self.hasher.verify(stored, password)
        if not verdict.matches or not _may_use_password(user, record.sso):
            # The same message for every failure; whom it matters to, the worker finds out.
            told = ledger.report(reservation, AttemptStep.SIGN_IN)
            self.queue.put(browser.asker.request(MailKind.SIGN_IN_FAILED, email.value, now, told))
            seen = {"checked": told["checked"], "locks": told["locks"]}
            _log.info("authentication_failed", extra={**_PROOF, **seen, **browser.asker.trace})
            raise InvalidCredentialsError
        if user is None:
            self.attempts.forgive(ledger, now, known_device=known)
            raise EmailUnconfirmedError
        if verdict.needs_rehash:
            self.people.replace_password_hash(user, self.hasher.hash(password))
        return self._begin(user, ledger, browser, device if known else None, now)

    def send_notice(self, request: MailRequest) -> None:
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

    def _begin(
        self, user: User, ledger: Ledger, browser: Browser, device: Device | None, now: datetime
    ) -> SignedIn:
        accounts = user.active_memberships
        only = accounts[0] if len(accounts) == 1 else None

        known = device is not None

        def settle(transaction: Any) -> None:
            self.attempts.forgive_parts(transaction, ledger, now, known_device=known)
            self.people.note_password_used(transaction, user)

        try:
            token, session = self._start(user, only, browser, settle, now)
        except BarredError:
            # A member of an account that enforces single sign-on: they are who they say, but it
            # doesn't open. The choice of accounts says so, and leads to the provider.
            token, session = self._start(user, None, browser, settle, now)
        who = {"user_id": user.id, "account_id": session.account_id}
        _log.info("authentication_succeeded", extra={**_PROOF, **who, **browser.asker.trace})
        self._tell(user, ledger.failures(known_device=known), browser, now, known_device=known)
        cookie = self.devices.issue(user.email, user.credentials_version, device)
        return SignedIn(token, session, accounts, cookie)

    def _start(
        self,
        user: User,
        account: Membership | None,
        browser: Browser,
        settle: Callable[[Any], None],
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
            client=browser.asker.client,
        )
        event = gate = None
        if account is not None:
            gate = SsoGate.of(account, session)
            event = user.event(
                EventName.SIGN_IN_SUCCEEDED,
                account.account_id,
                now,
                browser.asker,
                method=method.value,
            )
        self.sessions.start(session, browser.session_id, settle, event=event, gate=gate)
        return token, session

    def _tell(
        self, user: User, failures: int, browser: Browser, now: datetime, *, known_device: bool
    ) -> None:
        """Have the person told of a success in a new browser, or after many failures (`B10`).

        A password's first success is no news: of a reset, too, they have been told. Nobody gets
        here without the password, so nobody can have mails sent to a stranger by it.
        """
        many = failures >= self.attempts.rules.attempts
        new = not known_device and user.has_used_password
        if not many and not new:
            return
        told = {
            "name": user.name,
            "browser": "new" if new else "",
            "failures": str(failures) if many else "",
        }
        email = user.email.value
        self.queue.put_notice(browser.asker.request(MailKind.NEW_SIGN_IN, email, now, told))


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
