"""Operators' requests to hand an account over: one row of the account until it is settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.handover import (
    LAPSES_AFTER,
    WAIT,
    Handover,
    HandoverWaitsError,
    NoHandoverError,
)
from chalicelib.domain.errors import ConflictError
from chalicelib.domain.roles import MembershipStatus, Role
from chalicelib.storage.accounts.members import hand_over_parts
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.tables import AccountRow, UserRow
from chalicelib.storage.dynamo.transaction import Transaction, write_one
from chalicelib.storage.users.account_admin import still_manages

if TYPE_CHECKING:
    from datetime import datetime

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.accounts.members import Member
    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.operators.action import OperatorAction
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.audit.trail import AuditWriter
    from chalicelib.storage.operators.trail import OperatorLog

HANDOVER = "handover"


@dataclass(frozen=True)
class Handovers:
    """The waiting requests, at most one for each account."""

    connection: Connection
    audit: AuditWriter

    def find(self, account_id: str) -> Handover | None:
        """Read an account's request, whatever its age."""
        (row,) = read_all(self.connection, (AccountRow, account_id, HANDOVER))
        return _handover_of(row) if row else None

    def stop(self, handover: Handover, owner: AccountAdmin, event: AuditEvent) -> None:
        """End a request, as the account's owner; raises NotAllowedError, NoHandoverError."""
        place = UserRow.memberships[handover.account_id]
        with Transaction(self.connection, NoHandoverError) as tx:
            still_manages(tx, owner, place["role"] == Role.OWNER.value)
            _drop(tx, handover)
            self.audit.add(tx, event)


@dataclass(frozen=True)
class OperatorHandovers:
    """What operators write, each in one transaction with its audit events."""

    operator_log: OperatorLog

    def request(self, handover: Handover, action: OperatorAction) -> None:
        """Store a request while its owner owns the account and its heir is an active admin.

        One that was never announced, or has lapsed, is replaced. Raises HandoverWaitsError,
        ConflictError.
        """
        place = UserRow.memberships[handover.account_id]
        is_admin = (place["status"] == MembershipStatus.ACTIVE.value) & (
            place["role"] == Role.ADMIN.value
        )
        is_owner = AccountRow.owner_id == handover.owner_id

        def ask(tx: Transaction) -> None:
            tx.check(UserRow, handover.heir_id, condition=is_admin, otherwise=ConflictError)
            tx.check(
                AccountRow,
                handover.account_id,
                "account",
                condition=is_owner,
                otherwise=ConflictError,
            )
            tx.put(_row(handover), _nothing_waits(handover.asked_at))

        self.operator_log.write(action, ask, HandoverWaitsError)

    def announce(self, handover: Handover, now: datetime) -> None:
        """Store that all mails are queued: the day starts now. Raises NoHandoverError."""
        row, announced = AccountRow(handover.account_id, HANDOVER), AccountRow.announced_at.set(now)
        stands = AccountRow.request_id == handover.id
        write_one(lambda: row.update(actions=[announced], condition=stands), NoHandoverError)

    def complete(
        self, handover: Handover, owner: Member, heir: Member, action: OperatorAction
    ) -> None:
        """Change both roles and the account's owner, if the request still stands and is due.

        Raises ConflictError where it was stopped, or either membership was changed meanwhile.
        """

        def hand_over(tx: Transaction) -> None:
            _drop(tx, handover, AccountRow.announced_at <= action.at - WAIT)
            hand_over_parts(tx, owner, heir)

        self.operator_log.write(action, hand_over)

    def cancel(self, handover: Handover, action: OperatorAction) -> None:
        """End a request; raises NoHandoverError."""
        self.operator_log.write(action, lambda tx: _drop(tx, handover), NoHandoverError)


def _drop(tx: Transaction, handover: Handover, also: Condition | None = None) -> None:
    condition = AccountRow.request_id == handover.id
    tx.delete(
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
