"""Accepted invitations: the link, the invitation and the membership in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import ConflictError, LinkInvalidError, SignInRequiredError
from chalicelib.storage.accounts.invitations import end_invitation, still_stands
from chalicelib.storage.accounts.members import give_membership, list_member
from chalicelib.storage.dynamo.rows import membership_map
from chalicelib.storage.dynamo.tables import AccountRow, EmailRow, LinkRow, SignUpRow, UserRow
from chalicelib.storage.dynamo.transactions import (
    ConditionFailedError,
    nothing_more,
    put_new,
    write_all,
)
from chalicelib.storage.users.emails import claim
from chalicelib.storage.users.links import usable
from chalicelib.storage.users.password_gate import BarredError, PasswordGate
from chalicelib.storage.users.users import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynamodb.connection.base import Connection
    from pynamodb.transactions import TransactWrite

    from chalicelib.domain.accounts.invitations import Acceptance
    from chalicelib.domain.errors import DomainError
    from chalicelib.storage.audit.trail import AuditWriter


# Where the parts stand that say why a transaction didn't happen: a check comes first, of the domain
# of a new user or of the address of an existing one; then the inviter, the link, the invitation and
# its claim; for a new user then the address's sign-up and the address.
_DOMAIN_OF_NEW = 0
_SPENT_BY_NEW = frozenset((1, 2, 3, 4))
_ADDRESS_OF_NEW = 6
_ADDRESS_OF_USER = 0
_SPENT_BY_USER = frozenset((1, 2, 3, 4))


@dataclass(frozen=True)
class Joins:
    """The ways from an invitation into its account: the invitation ends by it, or nothing does."""

    connection: Connection
    trail: AuditWriter

    def add_user(
        self, acceptance: Acceptance, also: Callable[[TransactWrite], None] = nothing_more
    ) -> None:
        """Make a new user, whose address the link has confirmed, with their first membership.

        Raises LinkInvalidError; SignInRequiredError where somebody took the address meanwhile;
        BarredError where its domain has enforced its single sign-on. `also` adds what goes with it.
        """
        user = acceptance.user

        def parts(transaction: TransactWrite) -> None:
            PasswordGate.of_guest(user.email, acceptance.membership).check(transaction)
            self._spend(transaction, acceptance)
            transaction.delete(SignUpRow(user.email.value, LATEST))
            claim(transaction, user.email, user.id, acceptance.at)
            put_new(transaction, _user_row(acceptance))
            self._join(transaction, acceptance)
            also(transaction)

        try:
            write_all(self.connection, parts)
        except ConditionFailedError as error:
            if _DOMAIN_OF_NEW in error.failed:
                raise BarredError from error
            raise _refusal(error, _SPENT_BY_NEW, _ADDRESS_OF_NEW) from error

    def add_membership(self, acceptance: Acceptance) -> None:
        """Let an existing user in, while the invited address is theirs and they aren't in yet.

        Raises LinkInvalidError, SignInRequiredError, ConflictError.
        """
        user = acceptance.user
        if user.id == acceptance.invitation.inviter_id:
            # They aren't in the account, or they couldn't join; so nobody stands for it. A
            # transaction takes one operation on their row, and joining is that one.
            raise LinkInvalidError

        def parts(transaction: TransactWrite) -> None:
            transaction.condition_check(
                EmailRow, acceptance.invitation.email.value, condition=EmailRow.user_id == user.id
            )
            self._spend(transaction, acceptance)
            self._join(transaction, acceptance)
            give_membership(transaction, user.id, acceptance.membership)

        try:
            write_all(self.connection, parts)
        except ConditionFailedError as error:
            raise _refusal(error, _SPENT_BY_USER, _ADDRESS_OF_USER) from error

    def _spend(self, transaction: TransactWrite, acceptance: Acceptance) -> None:
        link, invitation = acceptance.link, acceptance.invitation
        still_stands(transaction, invitation)
        transaction.delete(LinkRow(link.digest), condition=usable(link, acceptance.at))
        # By the inviter who was read: resent meanwhile, it is another's to stand for.
        end_invitation(transaction, invitation, AccountRow.created_by == invitation.inviter_id)

    def _join(self, transaction: TransactWrite, acceptance: Acceptance) -> None:
        membership = acceptance.membership
        list_member(transaction, membership.account_id, acceptance.user.id)
        for event in acceptance.events:
            self.trail.add(transaction, event)


def _refusal(error: ConditionFailedError, spent: frozenset[int], address: int) -> DomainError:
    if error.failed & spent:
        return LinkInvalidError()
    return SignInRequiredError() if address in error.failed else ConflictError()


def _user_row(acceptance: Acceptance) -> UserRow:
    user, membership = acceptance.user, acceptance.membership
    return UserRow(
        user.id,
        email=user.email.value,
        name=user.name,
        created_at=user.created_at,
        credentials_version=user.credentials_version,
        password_hash=user.password_hash,
        memberships={membership.account_id: membership_map(membership)},
    )
