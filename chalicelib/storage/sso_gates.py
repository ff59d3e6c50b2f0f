"""Whether an account's single sign-on lets a session in, asked in the write that opens it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.storage.managers import manages
from chalicelib.storage.tables import AccountRow, DomainRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pynamodb.expressions.condition import Condition
    from pynamodb.transactions import TransactWrite

    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.people import Membership
    from chalicelib.domain.sessions import Session
    from chalicelib.domain.sso import DomainSso


class BarredError(Exception):
    """The session may not open the account: a password or its own provider has to prove it."""


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
        if membership.role.manages:
            return None
        return cls(membership.account_id, session.connection_id)

    def check(self, transaction: TransactWrite) -> None:
        """Let a transaction through only while the account lets such a session in."""
        enforced = AccountRow.sso_enforced
        condition = enforced.does_not_exist() | (enforced == 0)
        if self.connection_id is not None:
            condition |= AccountRow.sso_connection_id == self.connection_id
        transaction.condition_check(
            AccountRow, self.account_id, range_key="account", condition=condition
        )


@dataclass(frozen=True)
class PasswordGate:
    """What a write has to pass that gives an email a password, or a password another email.

    Where its domain's single sign-on is enforced, only owners and admins of that account have one.
    """

    email: EmailAddress
    # The account that enforces it, where the user manages that account.
    managed_account: str | None = None

    @classmethod
    def of(
        cls, email: EmailAddress, memberships: Iterable[Membership], sso: DomainSso | None
    ) -> PasswordGate:
        """Return the gate for a user with these memberships; raises BarredError if it is shut."""
        if sso is None or not sso.enforced:
            return cls(email)
        if any(m.id == sso.account_id and m.is_active and m.role.manages for m in memberships):
            return cls(email, sso.account_id)
        raise BarredError

    @classmethod
    def of_guest(cls, email: EmailAddress, membership: Membership) -> PasswordGate:
        """Return the gate for a new user who comes with this membership alone."""
        return cls(email, membership.account_id if membership.role.manages else None)

    def check(self, transaction: TransactWrite) -> None:
        """Let a transaction through only while the domain leaves such a user a password."""
        condition = DomainRow.domain.does_not_exist() | (DomainRow.enforced == 0)
        if self.managed_account is not None:
            condition |= DomainRow.account_id == self.managed_account
        transaction.condition_check(DomainRow, self.email.domain, condition=condition)

    def of_user(self, condition: Condition) -> Condition:
        """Add to a condition of the user's row that they still manage that account."""
        if self.managed_account is not None:
            condition &= manages(self.managed_account)
        return condition


def demand_reach(session: Session, account_id: str | None) -> None:
    """Keep a session out of an account for which it proves nothing; raises BarredError.

    How a session began never changes, and a password that was given in it stays given. So what was
    read of it can only be too strict by the time of the write.
    """
    if account_id is not None and not session.reaches(account_id):
        raise BarredError
