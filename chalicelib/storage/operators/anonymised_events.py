"""Takes a deleted user out of the audit logs; the one place where an event that is stored changes.

Every account's log is read, since a user may have left accounts that nothing else names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.anonymous import Identity, anonymised
from chalicelib.storage.dynamo.tables import AuditEventRow
from chalicelib.storage.dynamo.transaction import write_one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pynamodb.attributes import MapAttribute
    from pynamodb.expressions.condition import Condition

# Events that name somebody's email without their id.
_NAMING_EMAILS = ("invitation.", "sso")


@dataclass(frozen=True)
class AnonymisedEvents:
    """The events of all accounts that may say something of one user."""

    identity: Identity

    def with_former(self) -> Identity:
        """Return the user with the emails and names that they had before."""
        own = (_stored(row) for row in AuditEventRow.scan(self._is_party(), consistent_read=True))
        return self.identity.with_former(own)

    def write(self) -> None:
        """Replace what the events say of the user."""
        for row in self._candidates():
            changes = anonymised(_stored(row), self.identity)
            if changes:
                _change(row, changes)

    def _candidates(self) -> Iterator[AuditEventRow]:
        condition = self._is_party()
        for prefix in _NAMING_EMAILS:
            condition |= AuditEventRow.event.startswith(prefix)
        rows: Iterator[AuditEventRow] = AuditEventRow.scan(condition, consistent_read=True)
        return rows

    def _is_party(self) -> Condition:
        user_id = self.identity.user_id
        condition: Condition = (AuditEventRow.actor["id"] == user_id) | (
            AuditEventRow.target["id"] == user_id
        )
        return condition


def _stored(row: AuditEventRow) -> dict[str, Any]:
    target: MapAttribute[str, Any] | None = row.target
    return {
        "event": row.event,
        "actor": row.actor.as_dict(),
        "target": target.as_dict() if target is not None else None,
        "details": row.details.as_dict(),
        "address": row.address,
        "user_agent": row.user_agent,
    }


def _change(row: AuditEventRow, changes: dict[str, Any]) -> None:
    """Change fields of an event, unless its time is over and it has just been removed."""
    actions = [getattr(AuditEventRow, name).set(value) for name, value in changes.items()]
    write_one(lambda: row.update(actions=actions, condition=AuditEventRow.event.exists()))
