"""Sign-ups that wait, and the one transaction that turns one into a user with an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType
from chalicelib.domain.errors import LinkInvalidError
from chalicelib.domain.roles import Role
from chalicelib.domain.tokens import new_id
from chalicelib.domain.user import Membership
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
    from datetime import datetime, timedelta

    from pynamodb.connection.base import Connection

    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.sign_in.sign_up import SignUp
    from chalicelib.storage.audit.trail import AuditWriter


@dataclass(frozen=True)
class SignUps:
    """The waiting sign-ups of all addresses."""

    connection: Connection
    kept: timedelta
    trail: AuditWriter

    def add(self, sign_up: SignUp) -> None:
        """Keep a sign-up and make it its address's latest; any number may wait."""
        with Transaction(self.connection) as tx:
            tx.put_new(self._row(sign_up, sign_up.id))
            tx.put(self._row(sign_up, LATEST))

    def find(self, email: EmailAddress, sign_up_id: str) -> SignUp | None:
        """Read one waiting sign-up."""
        try:
            return sign_up_of(SignUpRow.get(email.value, sign_up_id, consistent_read=True))
        except SignUpRow.DoesNotExist:
            return None

    def confirm(
        self,
        link: Link,
        sign_up: SignUp,
        now: datetime,
        origin: RequestOrigin,
        also: Callable[[Transaction], None] | None = None,
    ) -> str:
        """Spend the link and make the user, the account and `Main`; returns the user's id.

        The email's other sign-ups stay until their time is over: a browser that holds the ticket of
        one is answered as before, and can't tell that somebody else confirmed the email.

        All in one transaction: of any number of sign-ups and links for one address exactly one
        gets through. Raises LinkInvalidError for all others, and where the email's domain has
        enforced its single sign-on since. `also` adds what goes with it.
        """
        user_id = new_id("usr")
        owner = Membership(new_id("acc"), sign_up.account_name, Role.OWNER)
        created = AuditEvent(
            name=EventName.ACCOUNT_CREATED,
            account_id=owner.account_id,
            at=now,
            actor=Party(PartyType.USER, user_id, sign_up.name),
            origin=origin,
            target=owner.account_party,
        )

        with Transaction(self.connection, LinkInvalidError) as tx:
            PasswordGate(sign_up.email).check(tx)
            tx.delete(LinkRow(link.digest), condition=usable(link, now))
            tx.delete(SignUpRow(link.email.value, sign_up.id), condition=SignUpRow.slot.exists())
            tx.delete(SignUpRow(link.email.value, LATEST))
            claim(tx, sign_up.email, user_id, now)
            tx.put_new(_user_row(sign_up, user_id, owner, now))
            for row in account_rows(owner, user_id, now):
                tx.put_new(row)
            self.trail.add(tx, created)
            if also is not None:
                also(tx)
        return user_id

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


def _user_row(sign_up: SignUp, user_id: str, owner: Membership, now: datetime) -> UserRow:
    return UserRow(
        user_id,
        email=sign_up.email.value,
        name=sign_up.name,
        created_at=now,
        credentials_version=1,
        password_hash=sign_up.password_hash,
        memberships={owner.account_id: membership_map(owner)},
    )
