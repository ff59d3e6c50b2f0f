"""Operators' changes to a user, each in one transaction with its audit events."""

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
    """Changes to one user; each raises ConflictError where their email changed meanwhile."""

    operator_log: OperatorLog

    def unlock(self, user: User, address_key: str, action: OperatorAction) -> None:
        """End the lockout of a user's email; the count of failures in a row stays (`B4`)."""

        def unlock(tx: Transaction) -> None:
            tx.check(UserRow, user.id, condition=_as_read(user))
            lift(tx, address_key, action.at)

        self.operator_log.write(action, unlock)

    def end_sessions(self, user: User, action: OperatorAction) -> None:
        """End every session by raising the user's version, without finding them (`D7`)."""
        row, ended = UserRow(user.id), [UserRow.sessions_version.add(1)]
        self.operator_log.write(action, lambda tx: tx.update(row, ended, _as_read(user)))

    def remove_password(self, user: User, action: OperatorAction) -> None:
        """Remove the password, which ends sessions, links and known browsers (`C4`, `C8`)."""
        row = UserRow(user.id)
        removed = [UserRow.password_hash.remove(), UserRow.credentials_version.add(1)]
        has_one = _as_read(user) & UserRow.password_hash.exists()
        self.operator_log.write(action, lambda tx: tx.update(row, removed, has_one))


def _as_read(user: User) -> Condition:
    condition: Condition = UserRow.email == user.email.value
    return condition
