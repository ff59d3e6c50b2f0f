"""Transaction parts of a user who joins an account, and of one who was removed from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynamodb.expressions.condition import size

from chalicelib.domain.accounts.limits import ACCOUNTS_MAX
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.rows import LISTED_MEMBER, membership_map
from chalicelib.storage.dynamo.tables import AccountRow, UserRow

if TYPE_CHECKING:
    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.user import Membership
    from chalicelib.storage.dynamo.transaction import Transaction

_REMOVED = "removed#"


def listing_row(account_id: str, user_id: str) -> AccountRow:
    """Return the row that lists a user as a member of an account."""
    return AccountRow(account_id, LISTED_MEMBER + user_id)


def removal_row(account_id: str, user_id: str) -> AccountRow:
    """Return the row that says that a user was removed, so that SSO alone doesn't let them rejoin.

    It stays when an invitation lets them in again.
    """
    return AccountRow(account_id, _REMOVED + user_id)


def never_removed(tx: Transaction, account_id: str, user_id: str) -> None:
    """Require that the account never removed the user."""
    tx.check(AccountRow, account_id, _REMOVED + user_id, condition=AccountRow.part.does_not_exist())


def was_removed(connection: Connection, account_id: str, user_id: str) -> bool:
    """Whether an account has removed a user."""
    row = removal_row(account_id, user_id)
    (found,) = read_all(connection, (AccountRow, row.account_id, row.part))
    return found is not None


def list_member(tx: Transaction, account_id: str, user_id: str) -> None:
    """List a user who joins an existing account: a put and an update.

    The put fails where the user is listed already, the update where the account doesn't exist. The
    membership itself is written in the same transaction: by `give_membership`, or in the row of a
    new user.
    """
    tx.put_new(listing_row(account_id, user_id))
    tx.update(
        AccountRow(account_id, "account"),
        actions=[AccountRow.member_count.add(1)],
        condition=AccountRow.owner_id.exists(),
    )


def give_membership(
    tx: Transaction,
    user_id: str,
    membership: Membership,
    also: Condition | None = None,
) -> None:
    """Write the new membership of an existing user: an update.

    It fails where the user is in the account already, or in as many accounts as a user may be in.
    """
    place = UserRow.memberships[membership.account_id]
    room = size(UserRow.memberships) < ACCOUNTS_MAX
    condition = UserRow.user_id.exists() & place.does_not_exist() & room
    tx.update(
        UserRow(user_id),
        actions=[place.set(membership_map(membership))],
        condition=condition & also if also is not None else condition,
    )
