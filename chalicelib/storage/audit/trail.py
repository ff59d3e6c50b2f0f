"""Writing the audit log of each account: events are added and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.storage.dynamo.tables import AuditEventRow
from chalicelib.storage.dynamo.transaction import absent, write_one

if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Any

    from chalicelib.domain.audit.event import AuditEvent, Party
    from chalicelib.storage.dynamo.transaction import Transaction


@dataclass(frozen=True)
class AuditWriter:
    """Writes events; each is kept for a time that the operator sets."""

    kept: timedelta

    def add(self, tx: Transaction, event: AuditEvent) -> None:
        """Add an event to the transaction of the change that it records."""
        tx.put_new(self.row(event))

    def append(self, event: AuditEvent) -> None:
        """Write an event outside a transaction, unless its id exists already.

        If the id comes from a message, a second delivery of the message changes nothing.
        """
        row = self.row(event)
        write_one(lambda: row.save(condition=absent(row)))

    def row(self, event: AuditEvent) -> AuditEventRow:
        """Return the row of an event."""
        return AuditEventRow(
            event.account_id,
            event.moment,
            event=event.name.value,
            actor=_party_map(event.actor),
            target=_party_map(event.target) if event.target else None,
            address=event.origin.client.address,
            user_agent=event.origin.client.user_agent,
            request_id=event.origin.request_id,
            details=dict(event.details),
            ttl=event.at + self.kept,
        )


def _party_map(party: Party) -> dict[str, Any]:
    return {"type": party.type.value, "id": party.id, "name": party.name}
