"""Confirming an email with a mailed link: a sign-up's, or a user's new one."""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.new_account import NewAccount
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import LinkInvalidError, PasswordRequiredError, WrongPasswordError
from chalicelib.domain.mail import Job, JobKind
from chalicelib.domain.sign_in.email_change import EmailChange
from chalicelib.domain.sign_in.known_browser import is_current
from chalicelib.domain.sign_in.link import LinkPurpose
from chalicelib.domain.sign_in.lockout import AttemptStep
from chalicelib.domain.tokens import new_id
from chalicelib.domain.user import User
from chalicelib.services.sign_in.password_check import GivenPassword, StoredPassword
from chalicelib.storage.users.password_gate import BarredError, PasswordGate

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.sign_in.known_browser import Browser, DeviceCookies
    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.sign_in.sign_up import Evidence, SignUp, SignUpTicket
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.services.sign_in.password_check import PasswordCheck
    from chalicelib.storage.joining.email_changes import EmailChanges
    from chalicelib.storage.joining.sign_ups import SignUps
    from chalicelib.storage.users.links import Links
    from chalicelib.storage.users.old_failures import OldFailures
    from chalicelib.storage.users.users import SsoDomainLookup, Users

_PURPOSES = (LinkPurpose.CONFIRM_SIGN_UP, LinkPurpose.CHANGE_EMAIL)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OpenedLink:
    """A confirmation link as its page shows it; `user` is set if it changes a user's email."""

    needs_password: bool
    user: User | None = None


@dataclass(frozen=True)
class Confirmed:
    """What the browser keeps: whether its session goes on, and its new device cookie."""

    in_session: bool = False
    device_cookie: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class EmailConfirmationService:
    """The step that proves that an email is the user's."""

    links: Links
    sign_ups: SignUps
    users: Users
    domains: SsoDomainLookup
    changes: EmailChanges
    old_failures: OldFailures
    check: PasswordCheck
    devices: DeviceCookies
    queue: JobQueue
    clock: Clock
    undo_lifetime: timedelta

    def look(self, token: str, evidence: Evidence) -> OpenedLink:
        """Return what a link is for and whether it needs a password, changing nothing (`B16`).

        Raises LinkInvalidError.
        """
        link = self.links.find(token, self.clock(), *_PURPOSES)
        if link.purpose is LinkPurpose.CHANGE_EMAIL:
            user = self._user(link)
            return OpenedLink(_own_session(user, evidence) is None, user)
        return OpenedLink(not _is_own(self._sign_up(link), evidence.ticket))

    def complete(self, token: str, evidence: Evidence, browser: Browser) -> Confirmed:
        """Spend the link; it signs nobody in (`B12`).

        A sign-up becomes a user with an account and `Main`. A new email becomes the user's, and all
        sessions but the confirming one end. Raises LinkInvalidError, also where the domain has
        enforced SSO since, and TooManyEmailChangesError. PasswordRequiredError and
        WrongPasswordError leave the link valid.
        """
        link = self.links.find(token, self.clock(), *_PURPOSES)
        if link.purpose is LinkPurpose.CHANGE_EMAIL:
            return self._change_email(link, evidence, browser)
        sign_up = self._sign_up(link)
        if not _is_own(sign_up, evidence.ticket):
            self._check_sign_up(sign_up, evidence.password, browser)
        self._confirm(link, sign_up, browser)
        return Confirmed()

    def _confirm(self, link: Link, sign_up: SignUp, browser: Browser) -> None:
        now = self.clock()
        forgotten = self.old_failures.forgotten(sign_up.email, now, browser.origin.client)
        account = NewAccount.named(sign_up.account_name, now)
        user = new_owner(sign_up, account, now)
        event = account_created(user, account, browser.origin)
        self.sign_ups.confirm(link, sign_up, user, account, event, forgotten)
        self._give_back(link, browser, now)

    def _give_back(self, link: Link, browser: Browser, now: datetime) -> None:
        """Queue that a used link's mail no longer counts for the source that asked for it."""
        if link.source.count:
            kind, email, details = JobKind.PERSONAL_EVENT, link.email.value, link.source.details
            self.queue.put_notice(Job.asked_by(browser.origin, kind, email, now, details))

    def _change_email(self, link: Link, evidence: Evidence, browser: Browser) -> Confirmed:
        user, now = self._user(link), self.clock()
        gate = self._gate(link, user)
        session = _own_session(user, evidence)
        if session is None:
            self._check_user(user, evidence.password, browser)
        change = EmailChange(link, user, session, now, now + self.undo_lifetime)
        forgotten = self.old_failures.forgotten(link.email, now, browser.origin.client)
        self.changes.confirm(change, gate, forgotten)
        self._queue_notices(change, browser)
        if session is None:
            return Confirmed()
        return Confirmed(in_session=True, device_cookie=self._device_cookie(change, browser))

    def _gate(self, link: Link, user: User) -> PasswordGate:
        sso = self.domains.find(link.email.domain)
        try:
            return PasswordGate.of(link.email, user.memberships.values(), sso)
        except BarredError as error:
            raise LinkInvalidError from error

    def _queue_notices(self, change: EmailChange, browser: Browser) -> None:
        link, user = change.link, change.user
        to_old = {
            "name": user.name,
            "user_id": user.id,
            "event": EventName.USER_EMAIL_CHANGED.value,
            "old_email": user.email.value,
            "new_email": link.email.value,
            "version": str(change.version),
        }
        # Two mails but one audit event: only the first message names it.
        for email, details in ((user.email, to_old), (link.email, {"name": user.name})):
            kind = JobKind.EMAIL_CHANGED
            self.queue.put_notice(
                Job.asked_by(browser.origin, kind, email.value, change.at, details)
            )

    def _device_cookie(self, change: EmailChange, browser: Browser) -> str | None:
        """Sign a known browser's cookie again: it holds the email and the session version."""
        user = change.user
        device = self.devices.read(browser.device_cookie, user.email)
        if device is None or not is_current(device, user):
            return None
        return self.devices.issue(
            change.link.email, user.credentials_version, device, change.version
        )

    def _check_sign_up(self, sign_up: SignUp, password: str | None, browser: Browser) -> None:
        given = self._given(sign_up.email, password, browser, None)
        self._check(given, StoredPassword(sign_up.password_hash))

    def _check_user(self, user: User, password: str | None, browser: Browser) -> None:
        given = self._given(user.email, password, browser, user.id)
        may = user.may_use_password(self.domains.find(user.email.domain))
        self._check(given, StoredPassword(user.password_hash, may))

    def _given(
        self, email: EmailAddress, password: str | None, browser: Browser, user_id: str | None
    ) -> GivenPassword:
        if password is None:
            raise PasswordRequiredError(param="password")
        step = AttemptStep.EMAIL_CONFIRMATION
        return GivenPassword(email, password, step, browser, self.clock(), user_id)

    def _check(self, given: GivenPassword, stored: StoredPassword) -> None:
        refusal = WrongPasswordError(param="password")
        self.check.forgive(self.check.verify(given, lambda _: stored, refusal))
        _log.info("authentication_succeeded", extra=given.trace)

    def _sign_up(self, link: Link) -> SignUp:
        sign_up = self.sign_ups.find(link.email, link.subject_id)
        # Before any password check, or its attempt would count against another user's email.
        if sign_up is None or not self.users.look_up(link.email).is_free_for(None, self.clock()):
            raise LinkInvalidError
        return sign_up

    def _user(self, link: Link) -> User:
        user = self.users.get(link.subject_id)
        if user is None or user.email.value != link.user_email:
            raise LinkInvalidError
        # Links of earlier versions have no `sessions_version`.
        of_sessions = link.sessions_version in (None, user.sessions_version)
        if user.credentials_version != link.credentials_version or not of_sessions:
            raise LinkInvalidError
        return user


def new_owner(sign_up: SignUp, account: NewAccount, now: datetime) -> User:
    """Return the user that a sign-up becomes, the owner of a new account."""
    return User(
        id=new_id("usr"),
        email=sign_up.email,
        name=sign_up.name,
        created_at=now,
        password_hash=sign_up.password_hash,
        memberships={account.owner.account_id: account.owner},
    )


def account_created(user: User, account: NewAccount, origin: RequestOrigin) -> AuditEvent:
    """Return the audit event of a new user's account."""
    name, owner = EventName.ACCOUNT_CREATED, account.owner
    event = user.event(name, owner.account_id, user.created_at, origin)
    return event.about(owner.account_party)


def _own_session(user: User, evidence: Evidence) -> Session | None:
    """Return the session if it may confirm: the user's own, and not made by a provider."""
    session = evidence.session
    if session is None or session.user_id != user.id or not session.speaks_for(user):
        return None
    return session


def _is_own(sign_up: SignUp, ticket: SignUpTicket | None) -> bool:
    return (
        ticket is not None
        and ticket.sign_up_id == sign_up.id
        and hmac.compare_digest(ticket.secret.digest, sign_up.browser_digest)
    )
