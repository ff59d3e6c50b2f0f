"""The start of a session: one rule for every way to sign in."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.mail import Job, JobKind, Mail
from chalicelib.domain.sign_in.lockout import AttemptStep
from chalicelib.domain.tokens import SecretToken
from chalicelib.storage.sessions.gate import SsoGate
from chalicelib.storage.users.password_gate import BarredError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.sign_in.authentication import Authentication
    from chalicelib.domain.sign_in.counter_keys import AddressKeys
    from chalicelib.domain.sign_in.known_browser import DeviceCookies
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import Membership
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.audit.hourly_caps import HourlyCaps
    from chalicelib.storage.dynamo.transaction import Transaction
    from chalicelib.storage.sessions.sessions import Sessions

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SignedIn:
    """A session that has started: its token, the accounts to choose from, the device cookie."""

    token: SecretToken
    session: Session
    accounts: tuple[Membership, ...]
    device_cookie: str = field(repr=False)


@dataclass(frozen=True)
class PreparedSession:
    """A session and its audit event, for a flow that writes them in its own transaction."""

    token: SecretToken
    session: Session
    event: AuditEvent


@dataclass(frozen=True)
class NewSession:
    """Starts the session of a user who has proved who they are."""

    sessions: Sessions
    devices: DeviceCookies
    queue: JobQueue
    mailer: Mailer
    # How many notices of a new browser one user gets in an hour.
    notices: HourlyCaps
    address_keys: AddressKeys
    # As many failed attempts as lead to a lockout: a success after them is worth a notice.
    many_failures: int

    def start(self, proved: Authentication, *also: Callable[[Transaction], None]) -> SignedIn:
        """Start the session, write the audit event, log it, queue the notice, sign the cookie.

        The user's only account is opened. With several, or where the account enforces SSO against
        this session, none is open yet. Each of `also` adds parts to the same transaction.
        """
        accounts = proved.user.active_memberships
        only = accounts[0] if len(accounts) == 1 else None
        try:
            token, session = self._write(proved, only, also)
        except BarredError:
            # The user is who they say they are, but the account demands its provider. The choice
            # of accounts says so and leads there.
            token, session = self._write(proved, None, also)
        self._log(proved, session)
        self._queue_notice(proved)
        user = proved.user
        cookie = self.devices.issue(
            user.email, user.credentials_version, proved.device, user.sessions_version
        )
        return SignedIn(token, session, accounts, cookie)

    def prepare(self, proved: Authentication, membership: Membership) -> PreparedSession:
        """Return the session and event of a sign-in into one account, without writing them.

        The caller's transaction writes both, under conditions that let the session into the
        account.
        """
        token = SecretToken.new()
        session = proved.session(token, membership)
        return PreparedSession(token, session, proved.event(membership.account_id))

    def send_notice(self, request: Job) -> None:
        """Mail a user about a sign-in that may not have been theirs.

        A program without cookies is a new browser each time, so only one such notice an hour is
        sent. A success after many failed attempts is always mailed.
        """
        key = self.address_keys.of(request.email)
        if not request.details["failures"] and not self.notices.admit(
            key, request.id, request.asked_at
        ):
            return
        self.mailer.send(Mail(request.email, "new_sign_in", {**request.asked, **request.details}))

    def _write(
        self,
        proved: Authentication,
        membership: Membership | None,
        also: tuple[Callable[[Transaction], None], ...],
    ) -> tuple[SecretToken, Session]:
        if membership is None:
            token = SecretToken.new()
            session = proved.session(token, None)
            self.sessions.start(session, proved.replaced_session_id, *also)
            return token, session
        new = self.prepare(proved, membership)
        gate = SsoGate.of(membership, new.session)
        self.sessions.start(
            new.session, proved.replaced_session_id, *also, event=new.event, gate=gate
        )
        return new.token, new.session

    def _log(self, proved: Authentication, session: Session) -> None:
        fields = {
            "method": proved.method.value,
            "step": AttemptStep.SIGN_IN.value,
            **proved.origin.trace,
            "user_id": proved.user.id,
            "account_id": session.account_id,
        }
        _log.info("authentication_succeeded", extra=fields)

    def _queue_notice(self, proved: Authentication) -> None:
        """Queue a notice of a success in a new browser, or after many failed attempts (`B10`).

        The first use of a password needs none: the user has just set it, or got a mail of its
        reset. Only a user who proved who they are gets here, so a stranger can't cause mails.
        """
        many = proved.failures >= self.many_failures
        new = proved.device is None and not proved.is_first_use
        if not many and not new:
            return
        user = proved.user
        details = {
            "name": user.name,
            "browser": "new" if new else "",
            "failures": str(proved.failures) if many else "",
        }
        self.queue.put_notice(
            Job.asked_by(proved.origin, JobKind.NEW_SIGN_IN, user.email.value, proved.at, details)
        )
