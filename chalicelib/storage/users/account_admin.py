"""Owners and admins: the condition that a user still is one, and the list of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotAllowedError
from chalicelib.domain.roles import MembershipStatus, Role
from chalicelib.storage.dynamo.reading import read_many
from chalicelib.storage.dynamo.rows import LISTED_MEMBER, user_of
from chalicelib.storage.dynamo.tables import AccountRow, UserRow

if TYPE_CHECKING:
    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.user import AccountAdmin, User
    from chalicelib.storage.dynamo.transaction import Otherwise, Transaction


def manages(account_id: str) -> Condition:
    """Return the condition that a user is an active owner or admin of an account."""
    membership = UserRow.memberships[account_id]
    condition: Condition = (membership["status"] == MembershipStatus.ACTIVE.value) & membership[
        "role"
    ].is_in(Role.OWNER.value, Role.ADMIN.value)
    return condition


def is_outside(account_id: str) -> Condition:
    """Return the condition that a user isn't an active member of an account."""
    membership = UserRow.memberships[account_id]
    condition: Condition = membership.does_not_exist() | (
        membership["status"] == MembershipStatus.SUSPENDED.value
    )
    return condition


def still_manages(
    tx: Transaction, account_admin: AccountAdmin, also: Condition | None = None
) -> None:
    """Require that the author is still an active owner or admin; otherwise NotAllowedError."""
    condition = manages(account_admin.account_id)
    tx.check(
        UserRow,
        account_admin.user_id,
        condition=condition & also if also is not None else condition,
        otherwise=NotAllowedError,
    )


def still_there(tx: Transaction, account_id: str, otherwise: Otherwise = NotAllowedError) -> None:
    """Let a transaction through only while the account isn't deleted.

    For writes that add a row to an account and change none that goes with it: a row that came
    after the deletion would stay for good.
    """
    there = AccountRow.owner_id.exists()
    tx.check(AccountRow, account_id, "account", condition=there, otherwise=otherwise)


@dataclass(frozen=True)
class AccountAdmins:
    """The owners and admins of accounts."""

    connection: Connection

    def of(self, account_id: str) -> list[User]:
        """Read the active owner and admins of an account."""
        rows = AccountRow.query(
            account_id, AccountRow.part.startswith(LISTED_MEMBER), consistent_read=True
        )
        keys = ((UserRow, row.part.removeprefix(LISTED_MEMBER), None) for row in rows)
        users = (user_of(row) for row in read_many(self.connection, keys) if row)
        return [user for user in users if _manages(user, account_id)]


def _manages(user: User, account_id: str) -> bool:
    membership = user.memberships.get(account_id)
    return membership is not None and membership.is_active and membership.role.manages
