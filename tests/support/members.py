"""People who join an account, straight in a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pynamodb.connection.base import Connection
    from pynamodb.transactions import TransactWrite

    from chalicelib.domain.people import Membership


def join(connection: Connection, user_id: str, membership: Membership) -> None:
    """Put an existing person into an account, as an accepted invitation does."""
    from chalicelib.storage.members import give_membership, list_member
    from chalicelib.storage.transactions import write_all

    def parts(transaction: TransactWrite) -> None:
        list_member(transaction, membership.account_id, user_id)
        give_membership(transaction, user_id, membership)

    write_all(connection, parts)
