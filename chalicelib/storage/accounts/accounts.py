"""Accounts with their workspaces, as software sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFoundError
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.rows import WORKSPACES, account_of
from chalicelib.storage.dynamo.tables import AccountRow

if TYPE_CHECKING:
    from pynamodb.connection.base import Connection

    from chalicelib.domain.user import Account


@dataclass(frozen=True)
class Accounts:
    """The accounts by id."""

    connection: Connection

    def get(self, account_id: str) -> Account:
        """Read an account; raises NotFoundError."""
        account, workspaces = read_all(
            self.connection,
            (AccountRow, account_id, "account"),
            (AccountRow, account_id, WORKSPACES),
        )
        if account is None:
            raise NotFoundError
        return account_of(account, workspaces)
