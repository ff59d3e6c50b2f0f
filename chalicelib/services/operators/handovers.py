"""Handing an account over for an owner who lost password and mailbox: requested, then done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.handover import Handover, HandoverWaitsError, NoHandoverError
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import InvalidValueError, NotFoundError, UnavailableError
from chalicelib.domain.mail import Job, JobKind
from chalicelib.domain.operators.action import OperatorAction
from chalicelib.domain.roles import Role

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.accounts.members import Member
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.operators.action import Operator
    from chalicelib.domain.user import Account
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.accounts.accounts import Accounts
    from chalicelib.storage.accounts.members import Members
    from chalicelib.storage.operators.handovers import Handovers, OperatorHandovers
    from chalicelib.storage.users.account_admin import AccountAdmins
    from chalicelib.storage.users.users import Users


@dataclass(frozen=True)
class OperatorHandover:
    """Ownership as operators hand it over, a day after the owner and admins were mailed."""

    accounts: Accounts
    members: Members
    account_admins: AccountAdmins
    users: Users
    handovers: Handovers
    changes: OperatorHandovers
    queue: JobQueue
    clock: Clock

    def find_account(self, account_id: str) -> Account:
        """Return an account; raises NotFoundError."""
        try:
            return self.accounts.get(account_id)
        except NotFoundError as error:
            message = f"There is no account {account_id}."
            raise NotFoundError(message) from error

    def request(
        self, account: Account, email: str, operator: Operator
    ) -> tuple[Handover, OperatorAction]:
        """Request that an admin becomes the owner, and mail the owner and all admins at once.

        Raises HandoverWaitsError, InvalidValueError, ConflictError, and UnavailableError where a
        mail couldn't be queued: the request then never takes effect.
        """
        now = self.clock()
        _, heir = self._both(account, email)
        waiting = self.handovers.find(account.id)
        if waiting is not None and waiting.waits(now):
            raise HandoverWaitsError
        action = self._action(account, heir, operator, EventName.ACCOUNT_OWNERSHIP_REQUESTED, now)
        handover = Handover(
            id=action.id,
            account_id=account.id,
            owner_id=account.owner_id,
            heir_id=heir.user_id,
            heir_name=heir.name,
            heir_email=heir.email.value,
            asked_by=operator.name,
            asked_at=now,
        )
        self.changes.request(handover, action)
        due = {"due_at": handover.due_at.isoformat()}
        self._mail(account, heir, action, "requested", **due)
        # Only an announced request can be carried out, so one with a missing mail never is.
        self.changes.announce(handover, now)
        return handover, action

    def complete(self, account: Account, email: str, operator: Operator) -> OperatorAction:
        """Carry a request out, a day after it was announced, and mail the owner and all admins.

        Raises NoHandoverError, HandoverTooEarlyError, InvalidValueError, ConflictError.
        """
        now = self.clock()
        owner, heir = self._both(account, email)
        handover = self.handovers.find(account.id)
        if handover is None or handover.owner_id != owner.user_id:
            raise NoHandoverError
        handover.check_due(now, heir.user_id)
        action = self._action(account, heir, operator, EventName.ACCOUNT_OWNERSHIP_TRANSFERRED, now)
        self.changes.complete(handover, owner, heir, action)
        self._notify(account, heir, action, "completed")
        return action

    def cancel(self, account: Account, operator: Operator) -> OperatorAction:
        """End a request, and mail the owner and all admins; raises NoHandoverError."""
        handover, now = self.handovers.find(account.id), self.clock()
        if handover is None:
            raise NoHandoverError
        name = EventName.ACCOUNT_OWNERSHIP_REQUEST_STOPPED
        action = OperatorAction(operator, name, now, handover.heir, (account.id,))
        self.changes.cancel(handover, action)
        self._notify(account, None, action, "stopped")
        return action

    def _both(self, account: Account, email: str) -> tuple[Member, Member]:
        """Return the owner, and the admin with this email who is to become the owner."""
        parsed = EmailAddress.parse(email)
        heir_id = self.users.look_up(parsed).user_id
        if heir_id == account.owner_id:
            message = f"{parsed} is the owner of {account.name} already."
            raise InvalidValueError(message)
        try:
            owner, heir = self.members.get_all(account.id, account.owner_id, heir_id or "nobody")
        except NotFoundError as error:
            message = f"{parsed} is not in {account.name}."
            raise NotFoundError(message) from error
        if heir.role is not Role.ADMIN or not heir.membership.is_active:
            message = f"{parsed} is no active admin of {account.name}: only one can be the owner."
            raise InvalidValueError(message)
        return owner, heir

    def _action(
        self, account: Account, heir: Member, operator: Operator, name: EventName, now: datetime
    ) -> OperatorAction:
        return OperatorAction(operator, name, now, heir.party, (account.id,))

    def _mail(
        self, account: Account, heir: Member | None, action: OperatorAction, news: str, **more: str
    ) -> None:
        """Put a mail to the owner and each admin on the queue; raises UnavailableError."""
        for user in self.account_admins.of(account.id):
            details = {
                "news": news,
                "account_id": account.id,
                "name": user.name,
                "account_name": account.name,
                "by": f"Operator {action.operator.name}",
                **({"heir": heir.name, "heir_email": heir.email.value} if heir else {}),
                **more,
            }
            self.queue.put(
                Job.asked_by(action.origin, JobKind.HANDOVER, user.email.value, action.at, details)
            )

    def _notify(
        self, account: Account, heir: Member | None, action: OperatorAction, news: str
    ) -> None:
        """Mail about a change that is done; a queue that doesn't answer doesn't undo it."""
        try:
            self._mail(account, heir, action, news)
        except UnavailableError:
            # The queue has logged it, and the account's audit log has the event.
            return
