"""New accounts: their first rows, and the transaction in which a signed-in user creates one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pynamodb.expressions.condition import size

from chalicelib.domain.accounts.limits import ACCOUNTS_MAX, TooManyAccountsError
from chalicelib.domain.accounts.workspaces import name_key
from chalicelib.domain.errors import NotSignedInError
from chalicelib.storage.accounts.membership_rows import listing_row
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.rows import WORKSPACES, membership_map, user_of, workspace_map
from chalicelib.storage.dynamo.tables import AccountRow, UserRow
from chalicelib.storage.dynamo.transaction import Transaction

if TYPE_CHECKING:
    from pynamodb.connection.base import Connection

    from chalicelib.domain.accounts.new_account import NewAccount
    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.errors import DomainError
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.storage.audit.trail import AuditWriter
    from chalicelib.storage.sessions.sessions import Sessions


@dataclass(frozen=True)
class NewAccounts:
    """Creates accounts for signed-in users."""

    connection: Connection
    sessions: Sessions
    audit: AuditWriter

    def open(self, account: NewAccount, old: Session, new: Session, event: AuditEvent) -> None:
        """Create an account with its owner and `Main`, and open it in the session, or do nothing.

        Raises TooManyAccountsError, and NotSignedInError where the old session has ended.
        """
        membership = account.owner
        with Transaction(self.connection) as tx:
            self.sessions.replace(tx, old, new)
            for row in account_rows(account, new.user_id):
                tx.put_new(row)
            self.audit.add(tx, event)
            tx.update(
                UserRow(new.user_id),
                [
                    UserRow.memberships[membership.account_id].set(membership_map(membership)),
                    UserRow.last_account_id.set(membership.account_id),
                ],
                (size(UserRow.memberships) < ACCOUNTS_MAX)
                & (UserRow.credentials_version == old.credentials_version),
                lambda: self._why(new.user_id),
            )

    def _why(self, user_id: str) -> DomainError:
        (row,) = read_all(self.connection, (UserRow, user_id, None))
        if row is not None and len(user_of(row).memberships) >= ACCOUNTS_MAX:
            return TooManyAccountsError()
        return NotSignedInError()


def account_rows(account: NewAccount, owner_id: str) -> tuple[AccountRow, ...]:
    """Return the rows of a new account: itself, its first workspace and its one member."""
    owner, main = account.owner, account.main
    return (
        AccountRow(
            owner.account_id,
            "account",
            name=owner.account_name,
            owner_id=owner_id,
            created_at=main.created_at,
            member_count=1,
        ),
        AccountRow(
            owner.account_id,
            WORKSPACES,
            items={main.id: workspace_map(main)},
            names={name_key(main.name): main.id},
        ),
        listing_row(owner.account_id, owner_id),
    )
