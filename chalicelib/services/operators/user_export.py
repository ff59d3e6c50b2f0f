"""The export of all users of a stage, with the hashes of their passwords."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.operators.action import OperatorAction, event_in
from chalicelib.domain.operators.user_file import user_fields
from chalicelib.domain.roles import Role
from chalicelib.storage.dynamo.rows import user_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.operators.action import Operator
    from chalicelib.domain.passwords.transfer import MovedHashes
    from chalicelib.domain.user import User
    from chalicelib.storage.operators.imported_users import ImportedUsers
    from chalicelib.storage.operators.trail import OperatorLog


@dataclass(frozen=True)
class UserExportService:
    """Every user of a stage, as lines that an import takes."""

    users: ImportedUsers
    hashes: MovedHashes
    operator_log: OperatorLog
    clock: Clock

    def begin(self, operator: Operator) -> OperatorAction:
        """Write the export to the operators' log, before anything is given out."""
        action = OperatorAction(operator, EventName.USER_EXPORTED, self.clock())
        self.operator_log.write(action)
        return action

    def lines(self, action: OperatorAction) -> Iterator[dict[str, Any]]:
        """Yield each user; an account's audit event is written before its first user."""
        written: set[str] = set()
        # Owners first: an import creates their accounts before other users join them.
        for user in chain(self._users(owners=True), self._users(owners=False)):
            self._write_events(user, action, written)
            stored = user.password_hash
            yield user_fields(user, self.hashes.mark(stored) if stored else None)

    def _users(self, *, owners: bool) -> Iterator[User]:
        for row in self.users.all():
            user = user_of(row)
            if owners == any(m.role is Role.OWNER for m in user.memberships.values()):
                yield user

    def _write_events(self, user: User, action: OperatorAction, written: set[str]) -> None:
        for account_id in user.memberships:
            if account_id not in written:
                self.operator_log.audit.append(event_in(action.event, account_id))
                written.add(account_id)
