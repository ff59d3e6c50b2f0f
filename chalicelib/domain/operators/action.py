"""Operators' actions: who runs a command on a stage, and its audit events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.event import AuditEvent, Party, PartyType
from chalicelib.domain.names import parse_name
from chalicelib.domain.origin import Client, RequestOrigin
from chalicelib.domain.tokens import derived_id, new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.domain.audit.event import EventName

# The key of the operators' own audit log. No account has this id, so it can't be read over HTTP.
OPERATORS = "operators"
NAME_MAX_LENGTH = 60
# Only in the operators' own log: who AWS says the operator is, and the accounts concerned.
_IDENTITY, _ACCOUNTS = "identity", "accounts"
_COMMAND = "operator"


@dataclass(frozen=True)
class Operator:
    """Who runs a command: the name that accounts see, and the identity that AWS reports."""

    name: str
    identity: str

    @classmethod
    def parse(cls, name: str, identity: str) -> Operator:
        """Read the given name, without the domain of an email; raises InvalidValueError.

        Accounts see a name, but not the email of someone who works for the operator.
        """
        return cls(parse_name(name.partition("@")[0], "as", NAME_MAX_LENGTH), identity)

    @property
    def party(self) -> Party:
        """Return the name in audit logs."""
        return Party(PartyType.OPERATOR, None, self.name)


@dataclass(frozen=True)
class OperatorAction:
    """Something that an operator does, and the accounts whose audit log records it.

    `id` is what the command prints. In each event it takes the place of a request id.
    """

    operator: Operator
    name: EventName
    at: datetime
    target: Party | None = None
    account_ids: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: new_id("opr"))

    @property
    def origin(self) -> RequestOrigin:
        """Return the command as the origin of events and messages."""
        return RequestOrigin(Client("", _COMMAND), self.id)

    @property
    def event(self) -> AuditEvent:
        """Return the event for the operators' own log."""
        known = {_IDENTITY: self.operator.identity, _ACCOUNTS: list(self.account_ids)}
        return AuditEvent(
            name=self.name,
            account_id=OPERATORS,
            at=self.at,
            actor=self.operator.party,
            origin=self.origin,
            target=self.target,
            details={**self.details, **known},
            id=_event_id(self.id, OPERATORS, self.name, self.target),
        )


def concerned_accounts(event: AuditEvent) -> tuple[str, ...]:
    """Return the accounts that an event of the operators' log concerns."""
    return tuple(event.details.get(_ACCOUNTS, ()))


def event_in(event: AuditEvent, account_id: str) -> AuditEvent:
    """Return the event for one account's log, with the same id each time."""
    details = {k: v for k, v in event.details.items() if k not in (_IDENTITY, _ACCOUNTS)}
    event_id = _event_id(event.origin.request_id, account_id, event.name, event.target)
    return replace(event, account_id=account_id, details=details, id=event_id)


def _event_id(action_id: str, account_id: str, name: EventName, target: Party | None) -> str:
    # Include the target: one import command creates many events.
    whom = target.id if target and target.id else ""
    return derived_id("evt", action_id, account_id, name.value, whom)
