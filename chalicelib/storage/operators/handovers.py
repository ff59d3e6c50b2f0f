"""Requests of operators to hand an account over: one row of the account until it is settled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pynamodb.exceptions import UpdateError

from chalicelib.domain.accounts.handover import (
    LAPSES_AFTER,
    WAIT,
    Handover,
    HandoverWaitsError,
    NoHandoverError,
)
from chalicelib.domain.errors import ConflictError, NotAllowedError
from chalicelib.domain.roles import MembershipStatus, Role
from chalicelib.storage.accounts.members import hand_over_parts
from chalicelib.storage.dynamo.tables import AccountRow, UserRow
from chalicelib.storage.dynamo.transactions import ConditionFailedError, read_all, write_all
from chalicelib.storage.users.account_admin import still_manages

if TYPE_CHECKING:
    from datetime import datetime

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition
    from pynamodb.transactions import TransactWrite

    from chalicelib.domain.accounts.members import Member
    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.operators.action import OperatorAction
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.audit.trail import AuditWriter
    from chalicelib.storage.operators.trail import OperatorLog

Parts = Callable[["TransactWrite"], None]

HANDOVER = "handover"


@dataclass(frozen=True)
class Handovers:
    """The requests that wait, at most one for an account."""

    connection: Connection
    trail: AuditWriter

    def find(self, account_id: str) -> Handover | None:
        """Read an account's request, whatever its age."""
        (row,) = read_all(self.connection, (AccountRow, account_id, HANDOVER))
        return _handover_of(row) if row else None

    def stop(self, handover: Handover, owner: AccountAdmin, event: AuditEvent) -> None:
        """End a request, as the account's owner; raises NotAllowedError, NoHandoverError."""
        place = UserRow.memberships[handover.account_id]

        def parts(transaction: TransactWrite) -> None:
            still_manages(transaction, owner, place["role"] == Role.OWNER.value)
            _drop(transaction, handover)
            self.trail.add(transaction, event)

        try:
            write_all(self.connection, parts)
        except ConditionFailedError as error:
            raise (NotAllowedError if 0 in error.failed else NoHandoverError) from error


@dataclass(frozen=True)
class OperatorHandovers:
    """What operators write, each in one transaction with the events that tell it."""

    operators: OperatorLog

    def request(self, handover: Handover, deed: OperatorAction) -> None:
        """Keep a request while its owner owns the account and its heir is an active admin.

        One that was never announced, or has lapsed, is replaced. Raises HandoverWaitsError,
        ConflictError.
        """
        place = UserRow.memberships[handover.account_id]
        is_admin = (place["status"] == MembershipStatus.ACTIVE.value) & (
            place["role"] == Role.ADMIN.value
        )
        is_owner = AccountRow.owner_id == handover.owner_id

        def parts(transaction: TransactWrite) -> None:
            transaction.condition_check(UserRow, handover.heir_id, condition=is_admin)
            transaction.condition_check(
                AccountRow, handover.account_id, range_key="account", condition=is_owner
            )
            transaction.save(_row(handover), condition=_nothing_waits(handover.asked_at))

        try:
            self.operators.write(deed, parts)
        except ConditionFailedError as error:
            raise (ConflictError if error.failed & {0, 1} else HandoverWaitsError) from error

    def announce(self, handover: Handover, now: datetime) -> None:
        """Keep that everybody was mailed: the day begins now. Raises NoHandoverError."""
        try:
            AccountRow(handover.account_id, HANDOVER).update(
                actions=[AccountRow.announced_at.set(now)],
                condition=AccountRow.request_id == handover.id,
            )
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            raise NoHandoverError from error

    def complete(
        self, handover: Handover, owner: Member, heir: Member, deed: OperatorAction
    ) -> None:
        """Change both roles and the account's owner, if the request still stands and is due.

        Raises ConflictError where it was stopped, or either person is another by now.
        """

        def parts(transaction: TransactWrite) -> None:
            _drop(transaction, handover, AccountRow.announced_at <= deed.at - WAIT)
            hand_over_parts(transaction, owner, heir)

        self._write(deed, parts, ConflictError)

    def cancel(self, handover: Handover, deed: OperatorAction) -> None:
        """End a request; raises NoHandoverError."""
        self._write(deed, lambda transaction: _drop(transaction, handover), NoHandoverError)

    def _write(self, deed: OperatorAction, parts: Parts, refusal: type[Exception]) -> None:
        try:
            self.operators.write(deed, parts)
        except ConditionFailedError as error:
            raise refusal from error


def _drop(transaction: TransactWrite, handover: Handover, also: Condition | None = None) -> None:
    condition = AccountRow.request_id == handover.id
    transaction.delete(
        AccountRow(handover.account_id, HANDOVER),
        condition=condition & also if also is not None else condition,
    )


def _nothing_waits(now: datetime) -> Condition:
    never_announced = AccountRow.announced_at.does_not_exist()
    condition: Condition = (
        AccountRow.part.does_not_exist()
        | never_announced
        | (AccountRow.created_at <= now - LAPSES_AFTER)
    )
    return condition


def _row(handover: Handover) -> AccountRow:
    return AccountRow(
        handover.account_id,
        HANDOVER,
        request_id=handover.id,
        owner_id=handover.owner_id,
        heir_id=handover.heir_id,
        name=handover.heir_name,
        email=handover.heir_email,
        created_by=handover.asked_by,
        created_at=handover.asked_at,
    )


def _handover_of(row: AccountRow) -> Handover:
    return Handover(
        id=row.request_id or "",
        account_id=row.account_id,
        owner_id=row.owner_id or "",
        heir_id=row.heir_id or "",
        heir_name=row.name or "",
        heir_email=row.email or "",
        asked_by=row.created_by or "",
        asked_at=row.created_at,
        announced_at=row.announced_at,
    )
