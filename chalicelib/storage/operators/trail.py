"""What operators do, in their own trail and in that of each account that it concerns.

The operators' event is in the transaction of the change, and so are those of as many accounts as a
transaction has room for. The others follow it; their ids come from the operators' event, so that
telling them again changes nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import ConflictError, UnavailableError
from chalicelib.domain.operators.action import OPERATORS, concerned_accounts, event_in
from chalicelib.storage.audit.log import AuditLog, AuditQuery
from chalicelib.storage.dynamo.transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from pynamodb.connection.base import Connection

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.audit.search import AuditFilter
    from chalicelib.domain.operators.action import OperatorAction
    from chalicelib.storage.audit.trail import AuditWriter
    from chalicelib.storage.dynamo.transaction import Otherwise

# A transaction takes 100 parts; what a change needs itself is left free.
TOLD_AT_ONCE = 80
# After every place that an event has.
_NEWEST = "~"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OperatorLog:
    """The trail of a deployment's operators."""

    connection: Connection
    trail: AuditWriter

    def write(
        self,
        action: OperatorAction,
        change: Callable[[Transaction], None] | None = None,
        otherwise: Otherwise = ConflictError,
    ) -> None:
        """Make a change and tell of it: all or nothing.

        `change` may add up to nineteen parts; those that name no error raise `otherwise`. An
        account that can't be told after the transaction doesn't make a failure of it: `look_back`
        tells it.
        """
        with Transaction(self.connection, otherwise) as tx:
            if change is not None:
                change(tx)
            self.add(tx, action)
        try:
            self._tell_the_others(action.event)
        except UnavailableError:
            _log.exception("operator_event_late", extra={"deed": action.id})

    def add(self, tx: Transaction, action: OperatorAction) -> None:
        """Tell of a deed in a transaction: in the operators' trail, and to the first accounts."""
        event = action.event
        self.trail.add(tx, event)
        for account_id in action.account_ids[:TOLD_AT_ONCE]:
            self.trail.add(tx, event_in(event, account_id))

    def look_back(self, now: datetime, wanted: AuditFilter) -> Iterator[AuditEvent]:
        """Read the trail, newest first.

        Whoever was killed before the last account was told has it told here.
        """
        log = AuditLog(self.connection, self.trail)
        for stretch in log.stretches(AuditQuery(OPERATORS, wanted, now), _NEWEST):
            for event in stretch.events:
                self._tell_the_others(event)
                yield event

    def _tell_the_others(self, event: AuditEvent) -> None:
        for account_id in concerned_accounts(event)[TOLD_AT_ONCE:]:
            self.trail.append(event_in(event, account_id))
