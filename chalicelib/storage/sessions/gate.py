"""Whether an account's single sign-on lets a session in, asked in the write that opens it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.storage.dynamo.tables import AccountRow
from chalicelib.storage.users.password_gate import BarredError

if TYPE_CHECKING:
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import Membership
    from chalicelib.storage.dynamo.transaction import Transaction


@dataclass(frozen=True)
class SsoGate:
    """What a session has to pass whose user isn't an owner or admin of the account."""

    account_id: str
    connection_id: str | None

    @classmethod
    def of(cls, membership: Membership, session: Session) -> SsoGate | None:
        """Return the gate that a session has to pass, if any; see `Session.opens`.

        Raises BarredError for a session that another account's provider made.
        """
        demand_reach(session, membership.account_id)
        if membership.role.is_exempt_from_sso:
            return None
        return cls(membership.account_id, session.connection_id)

    def check(self, tx: Transaction) -> None:
        """Let a transaction through only while the account lets such a session in.

        It raises BarredError otherwise.
        """
        enforced = AccountRow.sso_enforced
        condition = enforced.does_not_exist() | (enforced == 0)
        if self.connection_id is not None:
            condition |= AccountRow.sso_connection_id == self.connection_id
        tx.check(AccountRow, self.account_id, "account", condition=condition, otherwise=BarredError)


def demand_reach(session: Session, account_id: str | None) -> None:
    """Keep a session out of an account for which it proves nothing; raises BarredError.

    How a session began never changes, and a password that was given in it stays given. So what was
    read of it can only be too strict by the time of the write.
    """
    if account_id is not None and not session.reaches(account_id):
        raise BarredError
