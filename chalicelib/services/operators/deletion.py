"""Deletes users and accounts for good: begun by an operator or a request, carried on daily."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.deletion import (
    Deletion,
    Leftovers,
    OwnsAccountsError,
)
from chalicelib.domain.audit.anonymous import DELETED_ACCOUNT, DELETED_USER
from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType
from chalicelib.domain.errors import DomainError, NotFoundError
from chalicelib.domain.mail import Job, JobKind
from chalicelib.domain.operators.action import OPERATORS, OperatorAction
from chalicelib.domain.origin import Client, RequestOrigin
from chalicelib.domain.roles import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.operators.action import Operator
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import Account, User
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.accounts.accounts import Accounts
    from chalicelib.storage.dynamo.transaction import Transaction
    from chalicelib.storage.operators.account_removal import AccountRemoval
    from chalicelib.storage.operators.deletion_records import Deletions
    from chalicelib.storage.operators.trail import OperatorLog
    from chalicelib.storage.operators.user_removal import UserRemoval
    from chalicelib.storage.sessions.sessions import Sessions
    from chalicelib.storage.users.account_admin import AccountAdmins

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeletionService:
    """Deletions as operators begin them, and as the daily job carries on with all of them."""

    accounts: Accounts
    account_admins: AccountAdmins
    deletions: Deletions
    account_rows: AccountRemoval
    user_rows: UserRemoval
    operator_log: OperatorLog
    sessions: Sessions
    queue: JobQueue
    clock: Clock

    def find_account(self, account_id: str) -> Account:
        """Look an account up; raises NotFoundError."""
        try:
            return self.accounts.get(account_id)
        except NotFoundError as error:
            message = f"There is no account {account_id}."
            raise NotFoundError(message) from error

    def find_unfinished(self, subject_id: str) -> Deletion | None:
        """Look up a deletion whose rows aren't all removed yet."""
        found = self.deletions.find(subject_id)
        return found if found is not None and found.begun_at and not found.swept_at else None

    def demand_owns_nothing(self, user: User) -> None:
        """Refuse a user who owns accounts; raises OwnsAccountsError, which names them."""
        owned = [m for m in user.memberships.values() if m.role is Role.OWNER]
        if owned:
            named = ", ".join(f"{m.account_name} ({m.account_id})" for m in owned)
            message = f"They own {named}. Hand each account over, or delete it, and run this again."
            raise OwnsAccountsError(message)

    def sessions_of(self, user: User) -> Iterator[Session]:
        """Give the user's sessions, dead ones too, as far as their index knows them."""
        return self.sessions.kept(user.id)

    def contents_of(self, account: Account) -> dict[str, int]:
        """Count what an account holds, by what an operator calls it."""
        return self.account_rows.count(account.id)

    def delete_user(self, user: User, operator: Operator) -> OperatorAction:
        """End a user's access at once, then remove all that is theirs.

        Raises OwnsAccountsError, ConflictError where the user changed meanwhile.
        """
        self.demand_owns_nothing(user)
        now = self.clock()
        anonymous = Party(PartyType.USER, user.id, DELETED_USER)
        action = OperatorAction(
            operator, EventName.USER_DELETED, now, anonymous, tuple(user.memberships)
        )
        deletion = Deletion(
            user.id,
            action.id,
            asked_by="",
            asked_at=now,
            begun_at=now,
            leftovers=Leftovers(
                emails=frozenset((user.email.value,)),
                names=frozenset((user.name,)),
                account_ids=tuple(user.memberships),
            ),
        )
        self.user_rows.begin(deletion, user, action)
        self.go_on(deletion)
        return action

    def delete_account(self, account: Account, operator: Operator) -> OperatorAction:
        """End all access to an account at once, then remove all that belongs to it.

        It doesn't wait for the day of an owner's request. Raises ConflictError.
        """
        now = self.clock()
        target = Party(PartyType.ACCOUNT, account.id, DELETED_ACCOUNT)
        action = OperatorAction(operator, EventName.ACCOUNT_DELETED, now, target)
        deletion = Deletion(account.id, action.id, asked_by="", asked_at=now)
        self._begin(deletion, account, lambda tx: self.operator_log.add(tx, action), asked=False)
        return action

    def carry_on(self) -> None:
        """Carry out the requests that are due, and finish what was begun.

        One that fails holds up no other; the last error is raised at the end.
        """
        failed: DomainError | None = None
        for deletion in self.deletions.unfinished():
            try:
                self._carry_on(deletion)
            except DomainError as error:
                _log.exception("deletion_failed", extra={"subject": deletion.subject_id})
                failed = error
        if failed is not None:
            raise failed

    def go_on(self, deletion: Deletion) -> None:
        """Remove the rows of a deletion that has begun, and mail whom it concerns."""
        self._sweep(deletion)
        mailed = deletion.leftovers.mailed
        for email, name in mailed.items():
            self.queue.put(_mail_of(deletion, email, name))
        if mailed:
            kept = replace(deletion.leftovers, mailed={})
            self.deletions.keep_leftovers(replace(deletion, leftovers=kept))
        self.deletions.note_swept(deletion, self.clock())

    def _carry_on(self, deletion: Deletion) -> None:
        now = self.clock()
        if deletion.begun_at is None:
            if deletion.is_stale(now):
                self.deletions.drop(deletion)
            elif deletion.is_due(now):
                self._carry_out(deletion, now)
        elif deletion.swept_at is None:
            self.go_on(deletion)
        elif deletion.needs_second_sweep(now):
            self._sweep(deletion)
            self.deletions.finish(deletion, now)

    def _carry_out(self, deletion: Deletion, now: datetime) -> None:
        """Delete an account whose owner asked for it, unless it has another owner by now."""
        try:
            account = self.accounts.get(deletion.subject_id)
        except NotFoundError:
            self.deletions.drop(deletion)
            return
        if account.owner_id != deletion.asked_by:
            self.deletions.drop(deletion)
            return
        event = _event(deletion, now)
        self._begin(
            deletion, account, lambda tx: self.operator_log.audit.add(tx, event), asked=True
        )

    def _begin(
        self,
        deletion: Deletion,
        account: Account,
        also: Callable[[Transaction], None],
        *,
        asked: bool,
    ) -> None:
        mailed = {user.email.value: user.name for user in self.account_admins.of(account.id)}
        leftovers = Leftovers(account.name, account.sso.connection_id, mailed)
        begun = replace(deletion, begun_at=self.clock(), leftovers=leftovers)
        self.account_rows.begin(begun, account, also, asked=asked)
        _log.info("account_deleted", extra={"account_id": account.id})
        self.go_on(begun)

    def _sweep(self, deletion: Deletion) -> None:
        if deletion.is_of_account:
            self.account_rows.sweep(deletion)
        else:
            self.user_rows.sweep(deletion)


def _event(deletion: Deletion, now: datetime) -> AuditEvent:
    return AuditEvent(
        name=EventName.ACCOUNT_DELETED,
        account_id=OPERATORS,
        at=now,
        actor=Party(PartyType.SYSTEM),
        origin=RequestOrigin(Client("", ""), deletion.id),
        target=Party(PartyType.ACCOUNT, deletion.subject_id, DELETED_ACCOUNT),
        details={"asked_by": deletion.asked_by},
    )


def _mail_of(deletion: Deletion, email: str, name: str) -> Job:
    details = {"news": "done", "name": name, "account_name": deletion.leftovers.name}
    origin = RequestOrigin(Client("", ""), deletion.id)
    begun_at = deletion.begun_at or deletion.asked_at
    return Job.asked_by(origin, JobKind.ACCOUNT_DELETION, email, begun_at, details)
