"""What an operator changes about a person, each in one transaction with the events that tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.storage.dynamo.tables import UserRow
from chalicelib.storage.users.lockout_counts import lift

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.operators.action import OperatorAction
    from chalicelib.domain.user import User
    from chalicelib.storage.dynamo.transaction import Transaction
    from chalicelib.storage.operators.trail import OperatorLog


@dataclass(frozen=True)
class OperatorChanges:
    """Changes to one person; each raises ConflictError where they are another by now."""

    trail: OperatorLog

    def unlock(self, user: User, address_key: str, action: OperatorAction) -> None:
        """End the lock of a person's address; the long count stays (`B4`)."""

        def unlock(tx: Transaction) -> None:
            tx.check(UserRow, user.id, condition=_as_read(user))
            lift(tx, address_key, action.at)

        self.trail.write(action, unlock)

    def end_sessions(self, user: User, action: OperatorAction) -> None:
        """End every session, by outdating them all: none has to be found (`D7`)."""
        row, ended = UserRow(user.id), [UserRow.sessions_version.add(1)]
        self.trail.write(action, lambda tx: tx.update(row, ended, _as_read(user)))

    def remove_password(self, user: User, action: OperatorAction) -> None:
        """Take the password away; sessions, links and known browsers die by it (`C4`, `C8`)."""
        row = UserRow(user.id)
        removed = [UserRow.password_hash.remove(), UserRow.credentials_version.add(1)]
        has_one = _as_read(user) & UserRow.password_hash.exists()
        self.trail.write(action, lambda tx: tx.update(row, removed, has_one))


def _as_read(user: User) -> Condition:
    condition: Condition = UserRow.email == user.email.value
    return condition
