"""Sign-ups that wait, and the one transaction that turns one into a user with an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit import AuditEvent, EventName, Party, PartyType
from chalicelib.domain.errors import LinkInvalidError
from chalicelib.domain.people import MAIN_WORKSPACE, Membership, Role, Workspace
from chalicelib.domain.tokens import new_id
from chalicelib.domain.workspaces import name_key
from chalicelib.storage.links import usable
from chalicelib.storage.members import listing_row
from chalicelib.storage.people import LATEST
from chalicelib.storage.rows import WORKSPACES, membership_map, sign_up_of, workspace_map
from chalicelib.storage.tables import AccountRow, EmailRow, LinkRow, SignUpRow, UserRow
from chalicelib.storage.transactions import ConditionFailedError, put_new, write_all

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from pynamodb.connection.base import Connection
    from pynamodb.transactions import TransactWrite

    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.links import Link
    from chalicelib.domain.mail import Asker
    from chalicelib.domain.sign_up import SignUp
    from chalicelib.storage.audit import AuditTrail


@dataclass(frozen=True)
class SignUps:
    """The waiting sign-ups of all addresses."""

    connection: Connection
    kept: timedelta
    trail: AuditTrail

    def add(self, sign_up: SignUp) -> None:
        """Keep a sign-up and make it its address's latest; any number may wait."""

        def parts(transaction: TransactWrite) -> None:
            put_new(transaction, self._row(sign_up, sign_up.id))
            transaction.save(self._row(sign_up, LATEST))

        write_all(self.connection, parts)

    def find(self, email: EmailAddress, sign_up_id: str) -> SignUp | None:
        """Read one waiting sign-up."""
        try:
            return sign_up_of(SignUpRow.get(email.value, sign_up_id, consistent_read=True))
        except SignUpRow.DoesNotExist:
            return None

    def confirm(self, link: Link, sign_up: SignUp, now: datetime, asker: Asker) -> str:
        """Spend the link and make the user, the account and `Main`; returns the user's id.

        All in one transaction: of any number of sign-ups and links for one address exactly one
        gets through. Raises LinkInvalidError for all others.
        """
        user_id, account_id = new_id("usr"), new_id("acc")
        created = AuditEvent(
            name=EventName.ACCOUNT_CREATED,
            account_id=account_id,
            at=now,
            actor=Party(PartyType.USER, user_id, sign_up.name),
            asker=asker,
            target=Party(PartyType.ACCOUNT, account_id, sign_up.account_name),
        )

        def parts(transaction: TransactWrite) -> None:
            transaction.delete(LinkRow(link.digest), condition=usable(link, now))
            transaction.delete(
                SignUpRow(link.email.value, sign_up.id), condition=SignUpRow.slot.exists()
            )
            transaction.delete(SignUpRow(link.email.value, LATEST))
            put_new(transaction, EmailRow(sign_up.email.value, user_id=user_id))
            for row in _account_rows(sign_up, user_id, account_id, now):
                put_new(transaction, row)
            self.trail.add(transaction, created)

        try:
            write_all(self.connection, parts)
        except ConditionFailedError as error:
            raise LinkInvalidError from error
        drop_sign_ups(sign_up.email)
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


def drop_sign_ups(email: EmailAddress) -> None:
    """Tidy up after an address was taken: none of its sign-ups can be confirmed any more."""
    with SignUpRow.batch_write() as batch:
        for row in SignUpRow.query(email.value, consistent_read=True, limit=100):
            batch.delete(row)


def _account_rows(
    sign_up: SignUp, user_id: str, account_id: str, now: datetime
) -> tuple[UserRow, AccountRow, AccountRow, AccountRow]:
    owner = Membership(account_id, sign_up.account_name, Role.OWNER)
    main = Workspace(new_id("wsp"), MAIN_WORKSPACE, "", now)
    return (
        UserRow(
            user_id,
            email=sign_up.email.value,
            name=sign_up.name,
            created_at=now,
            credentials_version=1,
            password_hash=sign_up.password_hash,
            memberships={account_id: membership_map(owner)},
        ),
        AccountRow(
            account_id,
            "account",
            name=sign_up.account_name,
            owner_id=user_id,
            created_at=now,
            member_count=1,
        ),
        AccountRow(
            account_id,
            WORKSPACES,
            items={main.id: workspace_map(main)},
            names={name_key(main.name): main.id},
        ),
        listing_row(account_id, user_id),
    )
