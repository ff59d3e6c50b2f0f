"""The audit trail of each account: appended to, never changed."""

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
    """The events of all accounts; each is kept for a time that the operator sets."""

    kept: timedelta

    def add(self, tx: Transaction, event: AuditEvent) -> None:
        """Tell of a change in the transaction that makes it: both happen, or neither."""
        tx.put_new(self.row(event))

    def append(self, event: AuditEvent) -> None:
        """Tell of something outside any transaction; one that is told already stays as it is.

        So a message that is delivered twice leaves one event, if the event's id comes from it.
        """
        row = self.row(event)
        write_one(lambda: row.save(condition=absent(row)))

    def row(self, event: AuditEvent) -> AuditEventRow:
        """Write an event as it is stored."""
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
