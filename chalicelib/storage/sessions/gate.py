"""Whether an account's SSO allows a session, checked in the write that opens the account."""

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
    """The condition that a session has to meet unless its user is exempt from enforced SSO."""

    account_id: str
    connection_id: str | None

    @classmethod
    def of(cls, membership: Membership, session: Session) -> SsoGate | None:
        """Return the gate of a session, if its user isn't exempt; see `Session.opens`.

        Raises BarredError for a session that another account's provider made.
        """
        demand_reach(session, membership.account_id)
        if membership.role.is_exempt_from_sso:
            return None
        return cls(membership.account_id, session.connection_id)

    def check(self, tx: Transaction) -> None:
        """Require that the account's SSO allows the session; otherwise BarredError is raised."""
        enforced = AccountRow.sso_enforced
        condition = enforced.does_not_exist() | (enforced == 0)
        if self.connection_id is not None:
            condition |= AccountRow.sso_connection_id == self.connection_id
        tx.check(AccountRow, self.account_id, "account", condition=condition, otherwise=BarredError)


def demand_reach(session: Session, account_id: str | None) -> None:
    """Check that a session's proof counts in an account; raises BarredError.

    This needs no condition in the write: how a session began never changes, and a password given in
    it is only added, so what was read can only be too strict by then.
    """
    if account_id is not None and not session.reaches(account_id):
        raise BarredError
