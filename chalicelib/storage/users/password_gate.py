"""Whether an enforced domain leaves an email a password, checked in the write that sets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.storage.dynamo.tables import DomainRow
from chalicelib.storage.users.account_admin import is_outside, manages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.sso.provider import DomainSso
    from chalicelib.domain.user import Membership, User
    from chalicelib.storage.dynamo.transaction import Otherwise, Transaction


class BarredError(Exception):
    """An SSO rule keeps a session out of an account, or a password from an email."""


@dataclass(frozen=True)
class PasswordGate:
    """The condition of a write that gives an email a password, or a user with a password an email.

    Where the domain enforces SSO, a new user or a new email gets a password only for an owner or
    admin of that account. A user who has the email already may also reset the password while the
    provider doesn't let them in.
    """

    email: EmailAddress
    # The account that enforces SSO, if its rule leaves this user a password.
    account_id: str | None = None
    outside: bool = False

    @classmethod
    def of(
        cls, email: EmailAddress, memberships: Iterable[Membership], sso: DomainSso | None
    ) -> PasswordGate:
        """Return the gate for a user with these memberships; raises BarredError without one."""
        if sso is None or not sso.enforced:
            return cls(email)
        if any(_is_exempt(m, sso) for m in memberships):
            return cls(email, sso.account_id)
        raise BarredError

    @classmethod
    def of_reset(cls, user: User, sso: DomainSso | None) -> PasswordGate:
        """Return the gate for a user who resets the password; raises BarredError without one."""
        if sso is None or not sso.enforced:
            return cls(user.email)
        if not user.may_use_password(sso):
            raise BarredError
        membership = user.memberships.get(sso.account_id)
        outside = membership is None or not membership.is_active
        return cls(user.email, sso.account_id, outside)

    @classmethod
    def of_guest(cls, email: EmailAddress, membership: Membership) -> PasswordGate:
        """Return the gate for a new user with this one membership."""
        return cls(email, membership.account_id if membership.role.is_exempt_from_sso else None)

    def check(self, tx: Transaction, otherwise: Otherwise | None = None) -> None:
        """Require that the domain leaves such a user a password."""
        condition = DomainRow.domain.does_not_exist() | (DomainRow.enforced == 0)
        if self.account_id is not None:
            condition |= DomainRow.account_id == self.account_id
        tx.check(DomainRow, self.email.domain, condition=condition, otherwise=otherwise)

    def of_user(self, condition: Condition) -> Condition:
        """Extend a condition of the user's row: the account's rule still leaves them a password."""
        if self.account_id is not None:
            condition &= is_outside(self.account_id) if self.outside else manages(self.account_id)
        return condition


def _is_exempt(membership: Membership, sso: DomainSso) -> bool:
    in_account = membership.id == sso.account_id and membership.is_active
    return in_account and membership.role.is_exempt_from_sso
