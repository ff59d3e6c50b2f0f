"""What an operator changes about a person, each in one transaction with the events that tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import ConflictError
from chalicelib.storage.dynamo.tables import UserRow
from chalicelib.storage.dynamo.transactions import ConditionFailedError
from chalicelib.storage.users.lockout_counts import lift

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynamodb.expressions.condition import Condition
    from pynamodb.transactions import TransactWrite

    from chalicelib.domain.operators.action import OperatorAction
    from chalicelib.domain.user import User
    from chalicelib.storage.operators.trail import OperatorLog


@dataclass(frozen=True)
class OperatorChanges:
    """Changes to one person; each raises ConflictError where they are another by now."""

    trail: OperatorLog

    def unlock(self, user: User, address_key: str, action: OperatorAction) -> None:
        """End the lock of a person's address; the long count stays (`B4`)."""

        def parts(transaction: TransactWrite) -> None:
            transaction.condition_check(UserRow, user.id, condition=_as_read(user))
            lift(transaction, address_key, action.at)

        self._write(action, parts)

    def end_sessions(self, user: User, action: OperatorAction) -> None:
        """End every session, by outdating them all: none has to be found (`D7`)."""

        def parts(transaction: TransactWrite) -> None:
            transaction.update(
                UserRow(user.id),
                actions=[UserRow.sessions_version.add(1)],
                condition=_as_read(user),
            )

        self._write(action, parts)

    def remove_password(self, user: User, action: OperatorAction) -> None:
        """Take the password away; sessions, links and known browsers die by it (`C4`, `C8`)."""

        def parts(transaction: TransactWrite) -> None:
            transaction.update(
                UserRow(user.id),
                actions=[UserRow.password_hash.remove(), UserRow.credentials_version.add(1)],
                condition=_as_read(user) & UserRow.password_hash.exists(),
            )

        self._write(action, parts)

    def _write(self, action: OperatorAction, parts: Callable[[TransactWrite], None]) -> None:
        try:
            self.trail.write(action, parts)
        except ConditionFailedError as error:
            raise ConflictError from error


def _as_read(user: User) -> Condition:
    condition: Condition = UserRow.email == user.email.value
    return condition
