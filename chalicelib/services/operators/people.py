"""People as a deployment's operators help them: found, unlocked, signed out, sent a reset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.audit.search import AuditFilter
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import InvalidValueError, NotFoundError
from chalicelib.domain.mail import Job, JobKind, by_operator
from chalicelib.domain.operators.action import OperatorAction
from chalicelib.storage.audit.log import AuditQuery

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from typing import Any

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.operators.action import Operator
    from chalicelib.domain.sign_in.attempt_keys import AttemptKeyMaker
    from chalicelib.domain.sign_in.lockout import AttemptState
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.sign_in.sign_up import SignUp
    from chalicelib.domain.sso.provider import DomainSso
    from chalicelib.domain.user import User
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.audit.log import AuditLog
    from chalicelib.storage.operators.changes import OperatorChanges
    from chalicelib.storage.operators.trail import OperatorLog
    from chalicelib.storage.sessions.sessions import Sessions
    from chalicelib.storage.users.lockout import Attempts
    from chalicelib.storage.users.users import Users

_USER_ID = "usr_"
# Somebody in two hundred accounts isn't worth two hundred requests.
_TRAILS_SEARCHED = 10


@dataclass(frozen=True)
class FoundUser:
    """How somebody stands: all that an operator is told of them."""

    user: User
    sso: DomainSso | None
    count: AttemptState
    # Whether no password counts for their address at present, and whether only a reset helps.
    is_locked: bool
    is_stopped: bool
    sessions: tuple[Session, ...]
    last_sign_in: datetime | None


@dataclass(frozen=True)
class OperatorUserService:
    """What operators do for one person; whoever that is, by address or id."""

    users: Users
    sessions: Sessions
    attempts: Attempts
    attempt_keys: AttemptKeyMaker
    log: AuditLog
    changes: OperatorChanges
    trail: OperatorLog
    queue: JobQueue
    clock: Clock

    def look_up(self, who: str) -> User:
        """Find a user by id or address; raises NotFoundError, InvalidEmailError."""
        user_id = who
        if not _is_id(who):
            user_id = self.users.look_up(EmailAddress.parse(who)).user_id or ""
        user = self.users.get(user_id) if user_id else None
        if user is None:
            message = f"There is no user {who}."
            raise NotFoundError(message)
        return user

    def waiting(self, who: str) -> SignUp | None:
        """Find the newest sign-up that waits at an address which is nobody's yet."""
        if _is_id(who):
            return None
        record = self.users.look_up(EmailAddress.parse(who))
        return None if record.user_id else record.waiting

    def show(self, user: User, operator: Operator) -> FoundUser:
        """Gather how somebody stands; that it was looked at is told in the operators' trail."""
        now = self.clock()
        self.trail.write(OperatorAction(operator, EventName.USER_VIEWED, now, user.party))
        count = self.attempts.look(self.attempt_keys.address(user.email))
        return FoundUser(
            user=user,
            sso=self.users.look_up(user.email).sso,
            count=count,
            is_locked=count.is_refused(now, self.attempts.rules),
            is_stopped=count.consecutive >= self.attempts.rules.consecutive,
            sessions=tuple(self.sessions.of(user, now)),
            last_sign_in=self._last_sign_in(user, now),
        )

    def unlock(self, user: User, operator: Operator) -> OperatorAction:
        """End a lock; raises InvalidValueError where only a reset helps, ConflictError."""
        key = self.attempt_keys.address(user.email)
        if self.attempts.look(key).consecutive >= self.attempts.rules.consecutive:
            words = "Too many failures in a row: only a new password helps. Send a reset."
            raise InvalidValueError(words)
        action = self._deed(user, operator, EventName.SIGN_IN_UNLOCKED)
        self.changes.unlock(user, key, action)
        return action

    def end_sessions(self, user: User, operator: Operator) -> OperatorAction:
        """End every session of theirs, from the next request on (`D7`); raises ConflictError."""
        action = self._deed(user, operator, EventName.SESSION_ENDED, how="all")
        self.changes.end_sessions(user, action)
        return action

    def send_reset(self, user: User, operator: Operator) -> OperatorAction:
        """Have a reset link mailed, whatever they were mailed before; raises UnavailableError.

        It is told first: of a mail that fails afterwards the trail says too much, not too little.
        """
        action = self._deed(user, operator, EventName.USER_RESET_MAILED)
        self.trail.write(action)
        kind, email = JobKind.PASSWORD_RESET, user.email.value
        self.queue.put(Job.asked_by(action.origin, kind, email, action.at, by_operator()))
        return action

    def may_use_password(self, user: User) -> bool:
        """Say whether a reset's mail brings a link, or the way to their company's sign-in."""
        return user.may_use_password(self.users.look_up(user.email).sso)

    def force_reset(self, user: User, operator: Operator) -> OperatorAction:
        """Stop their password for good, and mail them how to set another one.

        Raises InvalidValueError for who has none, ConflictError.
        """
        if user.password_hash is None:
            raise InvalidValueError("They have no password that could be stopped.")
        action = self._deed(user, operator, EventName.USER_PASSWORD_REMOVED)
        self.changes.remove_password(user, action)
        told = {"name": user.name}
        self.queue.put_notice(
            Job.asked_by(action.origin, JobKind.PASSWORD_REMOVED, user.email.value, action.at, told)
        )
        return action

    def look_back(self, wanted: AuditFilter) -> Iterator[AuditEvent]:
        """Read what operators did, newest first."""
        return self.trail.look_back(self.clock(), wanted)

    def _deed(
        self, user: User, operator: Operator, name: EventName, **details: Any
    ) -> OperatorAction:
        accounts = tuple(user.memberships)
        return OperatorAction(operator, name, self.clock(), user.party, accounts, details)

    def _last_sign_in(self, user: User, now: datetime) -> datetime | None:
        """Look at the sessions that are kept, and at what the trails of their accounts tell."""
        found = [session.started_at for session in self.sessions.kept(user.id)]
        wanted = AuditFilter(event=EventName.SIGN_IN_SUCCEEDED, actor=user.id)
        for account_id in list(user.memberships)[:_TRAILS_SEARCHED]:
            reach = AuditQuery(account_id, wanted, now)
            found += [event.at for event in self.log.look(reach, 1, None, None).events]
        return max(found, default=None)


def _is_id(who: str) -> bool:
    # An address may begin as an id does.
    return who.startswith(_USER_ID) and "@" not in who
