"""Operators: who runs a command on a stage, and what the trails tell of what they do."""

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

# Where the operators' own trail stands: no account has such an id, so nobody reads it over HTTP.
OPERATORS = "operators"
NAME_MAX_LENGTH = 60
# Said in the operators' own trail alone: who AWS says it was, and which accounts were told.
_IDENTITY, _ACCOUNTS = "identity", "accounts"
_COMMAND = "operator"


@dataclass(frozen=True)
class Operator:
    """Who runs a command: the name that accounts are told, and who AWS says they are."""

    name: str
    identity: str

    @classmethod
    def parse(cls, name: str, identity: str) -> Operator:
        """Take the name that was given, without an address's domain; raises InvalidValueError.

        Accounts are told a name and no address of whoever works for the deployment.
        """
        return cls(parse_name(name.partition("@")[0], "as", NAME_MAX_LENGTH), identity)

    @property
    def party(self) -> Party:
        """What the audit trail calls them."""
        return Party(PartyType.OPERATOR, None, self.name)


@dataclass(frozen=True)
class OperatorAction:
    """Something that an operator does, and the accounts that are told of it.

    `id` is what the command prints; it stands in each event in the place of a request's id.
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
        """The command, where events and messages name a request."""
        return RequestOrigin(Client("", _COMMAND), self.id)

    @property
    def event(self) -> AuditEvent:
        """What the operators' own trail tells."""
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


def accounts_told(event: AuditEvent) -> tuple[str, ...]:
    """Read from an event of the operators' trail which accounts it concerns."""
    return tuple(event.details.get(_ACCOUNTS, ()))


def told_to(event: AuditEvent, account_id: str) -> AuditEvent:
    """Tell one account what the operators' trail says: always the same event, however often."""
    details = {k: v for k, v in event.details.items() if k not in (_IDENTITY, _ACCOUNTS)}
    event_id = _event_id(event.origin.request_id, account_id, event.name, event.target)
    return replace(event, account_id=account_id, details=details, id=event_id)


def _event_id(deed_id: str, account_id: str, name: EventName, target: Party | None) -> str:
    # With whom it was done to: an import does the same to many.
    whom = target.id if target and target.id else ""
    return derived_id("evt", deed_id, account_id, name.value, whom)
