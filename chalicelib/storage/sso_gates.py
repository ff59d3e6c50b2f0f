"""Whether an account's single sign-on lets a session in, asked in the write that opens it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.storage.tables import AccountRow

if TYPE_CHECKING:
    from pynamodb.transactions import TransactWrite

    from chalicelib.domain.people import Membership


class BarredError(Exception):
    """The account enforces single sign-on, and the session wasn't made by its connection."""


@dataclass(frozen=True)
class SsoGate:
    """What a member's session has to pass; owners and admins have no gate."""

    account_id: str
    connection_id: str | None

    @classmethod
    def of(cls, membership: Membership, connection_id: str | None) -> SsoGate | None:
        """Return the gate that a session of this connection, or of a password, has to pass."""
        if membership.role.manages:
            return None
        return cls(membership.account_id, connection_id)

    def check(self, transaction: TransactWrite) -> None:
        """Let a transaction through only while the account lets such a session in."""
        enforced = AccountRow.sso_enforced
        condition = enforced.does_not_exist() | (enforced == 0)
        if self.connection_id is not None:
            condition |= AccountRow.sso_connection_id == self.connection_id
        transaction.condition_check(
            AccountRow, self.account_id, range_key="account", condition=condition
        )
