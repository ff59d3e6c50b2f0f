"""Imported users: each stored in one transaction with their email and memberships."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.roles import Role
from chalicelib.storage.accounts.membership_rows import list_member
from chalicelib.storage.accounts.new_accounts import account_rows
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.rows import membership_map
from chalicelib.storage.dynamo.tables import EmailRow, SignUpRow, UserRow
from chalicelib.storage.users.emails import claim
from chalicelib.storage.users.users import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pynamodb.connection.base import Connection

    from chalicelib.domain.accounts.new_account import NewAccount
    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.operators.action import OperatorAction
    from chalicelib.domain.user import User
    from chalicelib.storage.dynamo.transaction import Transaction
    from chalicelib.storage.operators.trail import OperatorLog


class _TakenError(Exception):
    """The email, the id or that of a new account is taken."""


@dataclass(frozen=True)
class EmailStanding:
    """Who has an email at present, and whether an id is taken."""

    holder_id: str | None
    id_exists: bool


@dataclass(frozen=True)
class ImportedUsers:
    """Imports users; their emails count as confirmed, as they were in the other system."""

    connection: Connection
    operator_log: OperatorLog

    def standing(self, email: EmailAddress, user_id: str) -> EmailStanding:
        """Read in one request whether an email or an id is taken."""
        claim, row = read_all(
            self.connection,
            (EmailRow, email.value, None),
            (UserRow, user_id, None),
        )
        holder = claim.user_id if claim else None
        if claim and holder is None and claim.kept_for != user_id:
            # Kept for the user who had it until lately. An expired row is deleted soon.
            holder = claim.kept_for
        return EmailStanding(holder, row is not None)

    def add(
        self,
        user: User,
        action: OperatorAction,
        accounts: Collection[NewAccount],
        events: Collection[AuditEvent],
        also: Callable[[Transaction], None] | None = None,
    ) -> bool:
        """Store a user with all memberships, or nothing, and return whether it was stored.

        `accounts` are the new ones that the user owns. False where the email, the id or the id of a
        new account is taken by now. `also` adds parts to the transaction.
        """

        def make(tx: Transaction) -> None:
            tx.delete(SignUpRow(user.email.value, LATEST))
            claim(tx, user.email, user.id, action.at)
            tx.put_new(_row_of(user))
            for account in accounts:
                for row in account_rows(account, user.id):
                    tx.put_new(row)
            for membership in user.memberships.values():
                if membership.role is not Role.OWNER:
                    list_member(tx, membership.account_id, user.id)
            for event in events:
                self.operator_log.audit.add(tx, event)
            if also is not None:
                also(tx)

        try:
            self.operator_log.write(action, make, _TakenError)
        except _TakenError:
            return False
        return True

    def all(self) -> Iterator[UserRow]:
        """Give every user's row, in no order."""
        return iter(UserRow.scan(consistent_read=True))


def _row_of(user: User) -> UserRow:
    return UserRow(
        user.id,
        email=user.email.value,
        name=user.name,
        created_at=user.created_at,
        credentials_version=user.credentials_version,
        password_hash=user.password_hash,
        memberships={key: membership_map(value) for key, value in user.memberships.items()},
    )
