"""What operators do, in their own audit log and in those of the accounts that it concerns.

The operators' event is in the transaction of the change, with the events of as many accounts as a
transaction has room for. The others are written after it. Their ids come from the operators' event,
so writing them again changes nothing.
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

# A transaction takes 100 parts; the rest is for the change itself.
TOLD_AT_ONCE = 80
# Sorts after every event's cursor.
_NEWEST = "~"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OperatorLog:
    """The audit log of a deployment's operators."""

    connection: Connection
    audit: AuditWriter

    def write(
        self,
        action: OperatorAction,
        change: Callable[[Transaction], None] | None = None,
        otherwise: Otherwise = ConflictError,
    ) -> None:
        """Make a change and write its events, or do nothing.

        `change` may add up to nineteen parts; those that name no error raise `otherwise`. If an
        account's event can't be written after the transaction, the change still stands, and
        `look_back` writes the event later.
        """
        with Transaction(self.connection, otherwise) as tx:
            if change is not None:
                change(tx)
            self.add(tx, action)
        try:
            self._write_the_others(action.event)
        except UnavailableError:
            _log.exception("operator_event_late", extra={"deed": action.id})

    def add(self, tx: Transaction, action: OperatorAction) -> None:
        """Add the operators' event and those of the first accounts to a transaction."""
        event = action.event
        self.audit.add(tx, event)
        for account_id in action.account_ids[:TOLD_AT_ONCE]:
            self.audit.add(tx, event_in(event, account_id))

    def look_back(self, now: datetime, wanted: AuditFilter) -> Iterator[AuditEvent]:
        """Read the operators' log, newest first.

        It also writes the accounts' events that a killed command left out.
        """
        log = AuditLog(self.connection, self.audit)
        for batch in log.batches(AuditQuery(OPERATORS, wanted, now), _NEWEST):
            for event in batch.events:
                self._write_the_others(event)
                yield event

    def _write_the_others(self, event: AuditEvent) -> None:
        for account_id in concerned_accounts(event)[TOLD_AT_ONCE:]:
            self.audit.append(event_in(event, account_id))
