"""Who is in an account: the truth stands in a person's row, and the account lists who they are.

A listing row is a key and nothing else, so that ten thousand fit into the 1 MB of one request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynamodb.expressions.condition import size

from chalicelib.domain.accounts import ACCOUNTS_MAX
from chalicelib.storage.rows import membership_map
from chalicelib.storage.tables import AccountRow, UserRow
from chalicelib.storage.transactions import put_new

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition
    from pynamodb.transactions import TransactWrite

    from chalicelib.domain.people import Membership

LISTED = "member#"


def listing_row(account_id: str, user_id: str) -> AccountRow:
    """Write that a person is in an account."""
    return AccountRow(account_id, LISTED + user_id)


def list_member(transaction: TransactWrite, account_id: str, user_id: str) -> None:
    """List somebody who joins an account that exists: a put and an update.

    The put refuses who is listed already, the update refuses where there is no such account. The
    membership itself goes into the same transaction: by `give_membership`, or in the row of a
    new person.
    """
    put_new(transaction, listing_row(account_id, user_id))
    transaction.update(
        AccountRow(account_id, "account"),
        actions=[AccountRow.member_count.add(1)],
        condition=AccountRow.owner_id.exists(),
    )


def give_membership(
    transaction: TransactWrite,
    user_id: str,
    membership: Membership,
    also: Condition | None = None,
) -> None:
    """Write an existing person's new membership: an update.

    It refuses who has one already, and who is in as many accounts as one person may be in.
    """
    place = UserRow.memberships[membership.account_id]
    room = size(UserRow.memberships) < ACCOUNTS_MAX
    condition = UserRow.user_id.exists() & place.does_not_exist() & room
    transaction.update(
        UserRow(user_id),
        actions=[place.set(membership_map(membership))],
        condition=condition & also if also is not None else condition,
    )
