"""Accepted invitations: the link, the invitation and the membership in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import LinkInvalidError, SignInRequiredError
from chalicelib.storage.accounts.invitation_rows import accept_invitation
from chalicelib.storage.accounts.membership_rows import give_membership, list_member
from chalicelib.storage.dynamo.rows import membership_map
from chalicelib.storage.dynamo.tables import EmailRow, LinkRow, SignUpRow, UserRow
from chalicelib.storage.dynamo.transaction import Transaction
from chalicelib.storage.users.emails import claim
from chalicelib.storage.users.links import usable
from chalicelib.storage.users.password_gate import BarredError, PasswordGate
from chalicelib.storage.users.users import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynamodb.connection.base import Connection

    from chalicelib.domain.accounts.invitations import Acceptance
    from chalicelib.storage.audit.trail import AuditWriter


@dataclass(frozen=True)
class Joins:
    """Lets users into an account by invitation; joining and ending the invitation are one write."""

    connection: Connection
    audit: AuditWriter

    def add_user(
        self, acceptance: Acceptance, also: Callable[[Transaction], None] | None = None
    ) -> None:
        """Create a user, whose email the link has confirmed, with their first membership.

        Raises LinkInvalidError, SignInRequiredError where a user took the email meanwhile, and
        BarredError where the email's domain enforces SSO. `also` adds parts to the transaction.
        """
        user = acceptance.user

        with Transaction(self.connection) as tx:
            gate = PasswordGate.of_guest(user.email, acceptance.membership)
            gate.check(tx, BarredError)
            self._spend(tx, acceptance)
            tx.delete(SignUpRow(user.email.value, LATEST))
            claim(tx, user.email, user.id, acceptance.at, SignInRequiredError)
            tx.put_new(_user_row(acceptance))
            self._join(tx, acceptance)
            if also is not None:
                also(tx)

    def add_membership(self, acceptance: Acceptance) -> None:
        """Let an existing user in, while they have the invited email and aren't in yet.

        Raises LinkInvalidError, SignInRequiredError, ConflictError.
        """
        user = acceptance.user
        if user.id == acceptance.invitation.inviter_id:
            # The inviter has left the account since, so the invitation has ended. The transaction
            # couldn't check that, because it takes one operation on their row: joining.
            raise LinkInvalidError

        with Transaction(self.connection) as tx:
            self._spend(tx, acceptance)
            tx.check(
                EmailRow,
                acceptance.invitation.email.value,
                condition=EmailRow.user_id == user.id,
                otherwise=SignInRequiredError,
            )
            self._join(tx, acceptance)
            give_membership(tx, user.id, acceptance.membership)

    def _spend(self, tx: Transaction, acceptance: Acceptance) -> None:
        link, invitation = acceptance.link, acceptance.invitation
        tx.delete(LinkRow(link.digest), usable(link, acceptance.at), LinkInvalidError)
        accept_invitation(tx, invitation, LinkInvalidError)

    def _join(self, tx: Transaction, acceptance: Acceptance) -> None:
        membership = acceptance.membership
        list_member(tx, membership.account_id, acceptance.user.id)
        for event in acceptance.events:
            self.audit.add(tx, event)


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
