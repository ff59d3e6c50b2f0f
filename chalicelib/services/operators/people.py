"""Users as operators help them: found, unlocked, signed out, sent a reset."""

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
# A user may be in two hundred accounts; searching each would cost as many requests.
_LOGS_SEARCHED = 10


@dataclass(frozen=True)
class FoundUser:
    """What an operator sees of a user."""

    user: User
    sso: DomainSso | None
    count: AttemptState
    # Whether no password works for the email at present, and whether only a reset helps.
    is_locked: bool
    is_stopped: bool
    sessions: tuple[Session, ...]
    last_sign_in: datetime | None


@dataclass(frozen=True)
class OperatorUserService:
    """What operators do for one user, found by email or id."""

    users: Users
    sessions: Sessions
    attempts: Attempts
    attempt_keys: AttemptKeyMaker
    log: AuditLog
    changes: OperatorChanges
    operator_log: OperatorLog
    queue: JobQueue
    clock: Clock

    def look_up(self, who: str) -> User:
        """Find a user by id or email; raises NotFoundError, InvalidEmailError."""
        user_id = who
        if not _is_id(who):
            user_id = self.users.look_up(EmailAddress.parse(who)).user_id or ""
        user = self.users.get(user_id) if user_id else None
        if user is None:
            message = f"There is no user {who}."
            raise NotFoundError(message)
        return user

    def waiting(self, who: str) -> SignUp | None:
        """Find the newest sign-up that waits for an email that no user has yet."""
        if _is_id(who):
            return None
        record = self.users.look_up(EmailAddress.parse(who))
        return None if record.user_id else record.waiting

    def show(self, user: User, operator: Operator) -> FoundUser:
        """Return a user's state, and write to the operators' log that it was viewed."""
        now = self.clock()
        self.operator_log.write(OperatorAction(operator, EventName.USER_VIEWED, now, user.party))
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
        """End a lockout; raises InvalidValueError where only a reset helps, ConflictError."""
        key = self.attempt_keys.address(user.email)
        if self.attempts.look(key).consecutive >= self.attempts.rules.consecutive:
            words = "Too many failures in a row: only a new password helps. Send a reset."
            raise InvalidValueError(words)
        action = self._action(user, operator, EventName.SIGN_IN_UNLOCKED)
        self.changes.unlock(user, key, action)
        return action

    def end_sessions(self, user: User, operator: Operator) -> OperatorAction:
        """End all sessions of a user from the next request on (`D7`); raises ConflictError."""
        action = self._action(user, operator, EventName.SESSION_ENDED, how="all")
        self.changes.end_sessions(user, action)
        return action

    def send_reset(self, user: User, operator: Operator) -> OperatorAction:
        """Queue a reset link, without any cap on mails; raises UnavailableError.

        The audit events are written first: if the mail then fails, the audit log says too much and
        not too little.
        """
        action = self._action(user, operator, EventName.USER_RESET_MAILED)
        self.operator_log.write(action)
        kind, email = JobKind.PASSWORD_RESET, user.email.value
        self.queue.put(Job.asked_by(action.origin, kind, email, action.at, by_operator()))
        return action

    def may_use_password(self, user: User) -> bool:
        """Whether the reset mail has a link, instead of the way to the company's sign-in."""
        return user.may_use_password(self.users.look_up(user.email).sso)

    def force_reset(self, user: User, operator: Operator) -> OperatorAction:
        """Remove a user's password, and mail them how to set another one.

        Raises InvalidValueError for a user without a password, ConflictError.
        """
        if user.password_hash is None:
            raise InvalidValueError("They have no password that could be stopped.")
        action = self._action(user, operator, EventName.USER_PASSWORD_REMOVED)
        self.changes.remove_password(user, action)
        details = {"name": user.name}
        self.queue.put_notice(
            Job.asked_by(
                action.origin, JobKind.PASSWORD_REMOVED, user.email.value, action.at, details
            )
        )
        return action

    def look_back(self, wanted: AuditFilter) -> Iterator[AuditEvent]:
        """Read what operators did, newest first."""
        return self.operator_log.look_back(self.clock(), wanted)

    def _action(
        self, user: User, operator: Operator, name: EventName, **details: Any
    ) -> OperatorAction:
        accounts = tuple(user.memberships)
        return OperatorAction(operator, name, self.clock(), user.party, accounts, details)

    def _last_sign_in(self, user: User, now: datetime) -> datetime | None:
        """Return the latest start among the stored sessions and the accounts' audit logs."""
        found = [session.started_at for session in self.sessions.kept(user.id)]
        wanted = AuditFilter(event=EventName.SIGN_IN_SUCCEEDED, actor=user.id)
        for account_id in list(user.memberships)[:_LOGS_SEARCHED]:
            query = AuditQuery(account_id, wanted, now)
            found += [event.at for event in self.log.look(query, 1, None, None).events]
        return max(found, default=None)


def _is_id(who: str) -> bool:
    # An email may begin as an id does.
    return who.startswith(_USER_ID) and "@" not in who
