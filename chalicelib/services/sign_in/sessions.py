"""Sessions: resumed and checked on every request, moved between accounts, and ended."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import AuditEvent, EventName
from chalicelib.domain.errors import NotFoundError, NotSignedInError, ProofRequiredError
from chalicelib.domain.lists import Slice
from chalicelib.domain.mail import Job, JobKind
from chalicelib.domain.sign_in.known_browser import is_current
from chalicelib.domain.sign_in.session import require_fresh_proof
from chalicelib.domain.sign_in.visitor import Visitor
from chalicelib.domain.sso.connection import SsoRequiredError, connection_id_of
from chalicelib.domain.tokens import MalformedTokenError, SecretToken
from chalicelib.gateways.mail.user_agent import in_words
from chalicelib.storage.sessions.gate import SsoGate
from chalicelib.storage.users.password_gate import BarredError

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.errors import DomainError
    from chalicelib.domain.lists import PageRequest
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.sign_in.known_browser import Browser, DeviceCookies
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import Membership
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.sessions.sessions import Sessions
    from chalicelib.storage.users.users import Users


@dataclass(frozen=True)
class ListedSession:
    """A session in the list that its user sees."""

    session: Session
    current: bool

    @property
    def browser(self) -> str | None:
        """The browser and its system in words; None for an unknown user agent."""
        return in_words(self.session.client.user_agent)


@dataclass(frozen=True)
class SessionService:
    """The sessions of signed-in browsers; `proof` is how long a proof counts as fresh."""

    sessions: Sessions
    users: Users
    devices: DeviceCookies
    queue: JobQueue
    clock: Clock
    proof: timedelta
    public_url: str

    def resume(self, token: str) -> Visitor:
        """Check the token of a request, in two store requests; raises NotSignedInError.

        A session ends when its time is over, and when its user or the SSO of the open account no
        longer allows it (`D5`, `D7`).
        """
        try:
            session_id = SecretToken.parse(token).digest
        except MalformedTokenError as error:
            raise NotSignedInError from error
        session = self.sessions.resume(session_id, self.clock())
        user, account = self.users.get_with_account(session.user_id, session.account_id)
        if user is None or not session.holds_for(user) or (session.account_id and account is None):
            raise NotSignedInError
        membership = user.memberships.get(session.account_id or "")
        if account and membership and not session.opens(account, membership.role):
            raise NotSignedInError
        ends_at = session.ends_at(self.sessions.limits)
        return Visitor(session, user, account, membership, ends_at)

    def open_account(
        self, visitor: Visitor, account_id: str, origin: RequestOrigin
    ) -> tuple[SecretToken, Membership]:
        """Open one of the user's accounts under a new token; the old token ends (`D3`).

        Raises NotFoundError for an account that the user isn't active in, SsoRequiredError for one
        that its provider has to open, and ProofRequiredError where the session was made by another
        account's provider.
        """
        membership = visitor.user.memberships.get(account_id)
        if membership is None or not membership.is_active:
            raise NotFoundError
        token, now = SecretToken.new(), self.clock()
        entered = visitor.session.replaced_by(token, membership, origin.client, now)
        opened = AuditEvent(
            name=EventName.ACCOUNT_OPENED,
            account_id=account_id,
            at=now,
            actor=visitor.user.party,
            origin=origin,
            target=membership.account_party,
            details={"method": entered.method.value},
        )
        try:
            gate = SsoGate.of(membership, entered)
            self.sessions.switch(visitor.session, entered, opened, gate)
        except BarredError as error:
            raise self._barred(visitor, membership) from error
        return token, membership

    def _barred(self, visitor: Visitor, membership: Membership) -> DomainError:
        """Return the error that names what opens the account: its provider, or the password."""
        account_id = membership.account_id
        _, account = self.users.get_with_account(visitor.user.id, account_id)
        if account is None:
            return NotFoundError()
        needs_provider = account.sso.enforced and not membership.role.is_exempt_from_sso
        if needs_provider or visitor.session.is_own:
            url = f"{self.public_url}/sso/{connection_id_of(account_id)}/start"
            return SsoRequiredError(url)
        return ProofRequiredError()

    def end(self, token: str, origin: RequestOrigin) -> None:
        """Sign out: end the session, whatever state it is in.

        If it was still valid, the open account's audit log records it.
        """
        try:
            visitor = self.resume(token)
        except NotSignedInError:
            with contextlib.suppress(MalformedTokenError):
                self.sessions.end(SecretToken.parse(token).digest)
            return
        with contextlib.suppress(NotFoundError):
            self._end(visitor, visitor.session, origin, "sign_out")

    def page(self, visitor: Visitor, asked: PageRequest) -> Slice[ListedSession]:
        """List the user's valid sessions, the one used last first (`D8`).

        A session that an account's provider made sees only sessions of that provider: the account's
        admins must not learn where a user opens their other accounts.
        """
        here = visitor.session
        found = [s for s in self.sessions.of(visitor.user, self.clock()) if _sees(visitor, s)]
        # The index is eventually consistent, so this session may be missing from it.
        everything = [here, *(session for session in found if session.id != here.id)]
        everything.sort(key=lambda session: (session.last_seen_at, session.id), reverse=True)
        listed = tuple(ListedSession(session, session.id == here.id) for session in everything)
        return Slice.cut(listed, asked)

    def end_one(self, visitor: Visitor, session_id: str, origin: RequestOrigin) -> None:
        """End one of the user's sessions; any but the present one needs a fresh proof.

        Raises NotFoundError for another user's session, ProofRequiredError (`D8`).
        """
        if session_id == visitor.session.id:
            self._end(visitor, visitor.session, origin, "sign_out")
            return
        # Before the look-up, so that a stale proof gets the same answer for every id.
        require_fresh_proof(_latest_proof(visitor), self.clock(), self.proof)
        picked = self.sessions.own(visitor.user.id, session_id)
        if not _sees(visitor, picked):
            raise ProofRequiredError
        self._end(visitor, picked, origin, "picked")

    def end_others(self, visitor: Visitor, browser: Browser) -> str | None:
        """End all sessions of the user but this one, whether listed yet or not.

        Links that change the user's email end too, and all other browsers stop being known. Returns
        this browser's new device cookie if it is known. Raises ProofRequiredError (`D8`).
        """
        origin = browser.origin
        require_fresh_proof(visitor.session.proof_for(visitor.user), self.clock(), self.proof)
        self.sessions.end_others(visitor.session)
        details = {
            "user_id": visitor.user.id,
            "event": EventName.SESSION_ENDED.value,
            "how": "all_others",
        }
        email = visitor.user.email.value
        self.queue.put_notice(
            Job.asked_by(origin, JobKind.PERSONAL_EVENT, email, self.clock(), details)
        )
        return self._device_cookie(visitor, browser)

    def _device_cookie(self, visitor: Visitor, browser: Browser) -> str | None:
        user = visitor.user
        device = self.devices.read(browser.device_cookie, user.email)
        if device is None or not is_current(device, user):
            return None
        version = visitor.session.sessions_version + 1
        return self.devices.issue(user.email, user.credentials_version, device, version)

    def _end(self, visitor: Visitor, session: Session, origin: RequestOrigin, how: str) -> None:
        account_id = session.account_id
        event = None
        if account_id is not None:
            event = visitor.user.event(
                EventName.SESSION_ENDED, account_id, self.clock(), origin, how=how
            )
        self.sessions.end_own(session, event)


def _sees(visitor: Visitor, other: Session) -> bool:
    """Whether a visitor's session may list and end another session of theirs."""
    if visitor.session.speaks_for(visitor.user):
        return True
    return not other.is_own and other.connection_id == visitor.session.connection_id


def _latest_proof(visitor: Visitor) -> datetime | None:
    """Return the time of the proof that counts for ending a session that the visitor sees."""
    session = visitor.session
    return (
        session.proof_for(visitor.user) if session.speaks_for(visitor.user) else session.proved_at
    )
