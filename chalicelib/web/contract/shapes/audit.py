"""Shapes of the audit log."""

from typing import Any

import msgspec

from chalicelib.domain.audit.event import EventName, PartyType
from chalicelib.web.contract.shapes.common import Id, Time


class PartyAnswer(msgspec.Struct):
    """Who did something, or to what it was done, by the name that it had then."""

    type: PartyType
    id: str | None
    name: str | None


class AuditEventAnswer(msgspec.Struct):
    """One thing that happened in the account."""

    id: Id
    at: Time
    event: EventName
    actor: PartyAnswer
    target: PartyAnswer | None
    address: str
    user_agent: str
    request_id: str
    details: dict[str, Any]
