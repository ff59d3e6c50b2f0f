"""Waiting sign-ups, and the transaction that turns one into a user with an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import LinkInvalidError
from chalicelib.storage.accounts.new_accounts import account_rows
from chalicelib.storage.dynamo.rows import membership_map, sign_up_of
from chalicelib.storage.dynamo.tables import LinkRow, SignUpRow, UserRow
from chalicelib.storage.dynamo.transaction import Transaction
from chalicelib.storage.users.emails import claim
from chalicelib.storage.users.links import usable
from chalicelib.storage.users.password_gate import PasswordGate
from chalicelib.storage.users.users import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from pynamodb.connection.base import Connection

    from chalicelib.domain.accounts.new_account import NewAccount
    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.sign_in.sign_up import SignUp
    from chalicelib.domain.user import Membership, User
    from chalicelib.storage.audit.trail import AuditWriter


@dataclass(frozen=True)
class SignUps:
    """The waiting sign-ups of all emails."""

    connection: Connection
    kept: timedelta
    audit: AuditWriter

    def add(self, sign_up: SignUp) -> None:
        """Store a sign-up as its email's latest; any number may wait."""
        with Transaction(self.connection) as tx:
            tx.put_new(self._row(sign_up, sign_up.id))
            tx.put(self._row(sign_up, LATEST))

    def find(self, email: EmailAddress, sign_up_id: str) -> SignUp | None:
        """Read one sign-up."""
        try:
            return sign_up_of(SignUpRow.get(email.value, sign_up_id, consistent_read=True))
        except SignUpRow.DoesNotExist:
            return None

    def confirm(
        self,
        link: Link,
        sign_up: SignUp,
        user: User,
        account: NewAccount,
        event: AuditEvent,
        also: Callable[[Transaction], None] | None = None,
    ) -> None:
        """Spend the link and store the user, the account that they own and `Main`.

        The email's other sign-ups stay until they expire: a browser with the ticket of one gets
        the same answers as before, and can't find out that somebody else confirmed the email.

        Everything is one transaction, so one of any number of sign-ups and links for an email
        succeeds. Raises LinkInvalidError for all others, and where the email's domain has enforced
        SSO since. `also` adds parts to the transaction.
        """
        now = user.created_at
        with Transaction(self.connection, LinkInvalidError) as tx:
            PasswordGate(sign_up.email).check(tx)
            tx.delete(LinkRow(link.digest), condition=usable(link, now))
            tx.delete(SignUpRow(link.email.value, sign_up.id), condition=SignUpRow.slot.exists())
            tx.delete(SignUpRow(link.email.value, LATEST))
            claim(tx, user.email, user.id, now)
            tx.put_new(_user_row(user, account.owner))
            for row in account_rows(account, user.id):
                tx.put_new(row)
            self.audit.add(tx, event)
            if also is not None:
                also(tx)

    def _row(self, sign_up: SignUp, slot: str) -> SignUpRow:
        return SignUpRow(
            sign_up.email.value,
            slot,
            sign_up_id=sign_up.id,
            name=sign_up.name,
            account_name=sign_up.account_name,
            password_hash=sign_up.password_hash,
            browser_digest=sign_up.browser_digest,
            created_at=sign_up.created_at,
            ttl=sign_up.created_at + self.kept,
        )


def _user_row(user: User, owner: Membership) -> UserRow:
    return UserRow(
        user.id,
        email=user.email.value,
        name=user.name,
        created_at=user.created_at,
        credentials_version=user.credentials_version,
        password_hash=user.password_hash,
        memberships={owner.account_id: membership_map(owner)},
    )
