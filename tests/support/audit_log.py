"""The events in the audit logs, as the store has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.storage.dynamo.tables import AuditEventRow, EmailRow

if TYPE_CHECKING:
    from tests.support.service import Service


def audit_events(service: Service, account_id: str, name: str = "") -> list[dict[str, Any]]:
    """Run the worker, then return an account's events, oldest first, or those of one name."""
    service.work()
    rows = AuditEventRow.query(account_id, consistent_read=True)
    events = [row.to_simple_dict() for row in rows]
    return [event for event in events if name in ("", event["event"])]


def event_names(service: Service, account_id: str) -> list[str]:
    """Return the names of an account's events, oldest first."""
    return [event["event"] for event in audit_events(service, account_id)]


def all_audit_events(service: Service) -> list[dict[str, Any]]:
    """Run the worker, then return the events of all accounts."""
    service.work()
    return [row.to_simple_dict() for row in AuditEventRow.scan(consistent_read=True)]


def user_id_of(address: str) -> str:
    """Return the id of the user with an email."""
    user_id: str = EmailRow.get(address, consistent_read=True).user_id
    return user_id
