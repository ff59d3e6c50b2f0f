"""Records that an operator loads into accounts, which the public API then shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName, Party, PartyType
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.operators.action import OperatorAction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.keys.record import Record
    from chalicelib.domain.operators.action import Operator
    from chalicelib.domain.user import Account
    from chalicelib.storage.accounts.accounts import Accounts
    from chalicelib.storage.accounts.record_loads import Loaded, RecordLoads
    from chalicelib.storage.operators.trail import OperatorLog


@dataclass(frozen=True)
class RecordLoadingService:
    """Loads of records; each load is one audit event, written with its first changing batch."""

    accounts: Accounts
    loads: RecordLoads
    operator_log: OperatorLog
    clock: Clock

    def open(self, account_id: str) -> Account | None:
        """Prepare an account for a load; None where there is no such account."""
        try:
            account = self.accounts.get(account_id)
        except NotFoundError:
            return None
        self.loads.begin(account_id)
        return account

    def begin(self, account_id: str, operator: Operator, run_id: str) -> OperatorAction:
        """Return the action that the audit logs record for a load; raises NotFoundError."""
        account, now = self.accounts.get(account_id), self.clock()
        whole = Party(PartyType.ACCOUNT, account.id, account.name)
        return OperatorAction(
            operator, EventName.RECORD_LOADED, now, whole, (account_id,), id=run_id
        )

    def put(
        self,
        account_id: str,
        records: Mapping[str, tuple[Record, bool]],
        action: OperatorAction | None,
    ) -> Loaded:
        """Write a batch, with the load's action if it is the first; raises ConflictError."""
        if action is None:
            return self.loads.put(account_id, records)
        return self.loads.put(
            account_id, records, lambda parts: self.operator_log.add(parts, action)
        )
