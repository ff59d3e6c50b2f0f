"""Users: found by email or id, in the same requests whether they exist or not."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.sso.provider import DomainSso
from chalicelib.storage.dynamo.reading import read_alike, read_all
from chalicelib.storage.dynamo.rows import WORKSPACES, account_of, sign_up_of, user_of
from chalicelib.storage.dynamo.tables import AccountRow, DomainRow, EmailRow, SignUpRow, UserRow
from chalicelib.storage.dynamo.transaction import write_one

if TYPE_CHECKING:
    from datetime import datetime

    from pynamodb.connection.base import Connection
    from pynamodb.models import Model

    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.sign_in.sign_up import SignUp, SignUpTicket
    from chalicelib.domain.user import Account, User
    from chalicelib.storage.dynamo.decoding import Found
    from chalicelib.storage.dynamo.transaction import Transaction

LATEST = "latest"
# A key that no user has: reading it costs the same as reading a user (`B3`).
_NOBODY = "nobody"


@dataclass(frozen=True)
class AddressRecord:
    """What is stored about an email: its user, its newest waiting sign-up, its domain's SSO."""

    user_id: str | None
    waiting: SignUp | None
    sso: DomainSso | None
    # The sign-up whose ticket the browser has, even if a user has the email.
    own: SignUp | None = None
    # The user who gave the email up lately, and until when it is kept for them.
    kept_for: str | None = None
    kept_until: datetime | None = None

    def is_free_for(self, user_id: str | None, now: datetime) -> bool:
        """Whether a user, or for None a new user, could have the email now."""
        if self.user_id is not None:
            return False
        return self.kept_until is None or self.kept_until <= now or self.kept_for == user_id


@dataclass(frozen=True)
class Users:
    """The users, the claims to their emails, and the accounts that they are in."""

    connection: Connection

    def look_up(self, email: EmailAddress, ticket: SignUpTicket | None = None) -> AddressRecord:
        """Read what is stored about an email, in one request that always takes the same time.

        `ticket` is the browser's sign-up ticket. Without one, a key without a row is read instead.
        """
        claim, waiting, domain, own = read_alike(
            self.connection,
            (EmailRow, email.value, None),
            (SignUpRow, email.value, LATEST),
            (DomainRow, email.domain, None),
            (SignUpRow, email.value, ticket.sign_up_id if ticket else _NOBODY),
        )
        sign_up, sso = sign_up_of(waiting.row), _sso_of(domain.row)
        return AddressRecord(
            user_id=claim.row.user_id if claim.exists else None,
            waiting=sign_up if waiting.exists else None,
            sso=sso if domain.exists else None,
            own=_shown_by(ticket, own),
            kept_for=claim.row.kept_for,
            kept_until=claim.row.kept_until,
        )

    def get(self, user_id: str | None) -> User | None:
        """Read a user; for None the same request is made, for a key that no user has."""
        (row,) = read_all(self.connection, (UserRow, user_id or _NOBODY, None))
        return user_of(row) if row else None

    def get_with_account(
        self, user_id: str, account_id: str | None
    ) -> tuple[User | None, Account | None]:
        """Read a user and, where one is open, an account with its workspaces, in one request."""
        keys: list[tuple[type[Model], str, str | None]] = [(UserRow, user_id, None)]
        if account_id:
            keys += [(AccountRow, account_id, "account"), (AccountRow, account_id, WORKSPACES)]
        user, *account = read_all(self.connection, *keys)
        return (
            user_of(user) if user else None,
            account_of(*account) if account and account[0] else None,
        )

    def rename(self, user_id: str, name: str) -> None:
        """Change a user's display name; raises NotFoundError if the user is gone."""
        row, renamed = UserRow(user_id), UserRow.name.set(name)
        write_one(
            lambda: row.update(actions=[renamed], condition=UserRow.user_id.exists()), NotFoundError
        )

    def note_password_used(self, tx: Transaction, user: User) -> None:
        """Add to a session's first transaction that the present password signed the user in."""
        if not user.has_used_password:
            used = UserRow.signed_in_version.set(user.credentials_version)
            # The condition keeps the row of a deleted user from coming back.
            tx.update(UserRow(user.id), [used], UserRow.user_id.exists())

    def replace_password_hash(self, user: User, new_hash: str) -> None:
        """Store the same password at the current cost (`A12`), unless it changed meanwhile."""
        row, replaced = UserRow(user.id), UserRow.password_hash.set(new_hash)
        same = UserRow.password_hash == user.password_hash
        write_one(lambda: row.update(actions=[replaced], condition=same))


@dataclass(frozen=True)
class SsoDomainLookup:
    """The verified domains, and how users with an email in them sign in."""

    def find(self, domain: str) -> DomainSso | None:
        """Return a domain's SSO, in one request for every domain."""
        try:
            return _sso_of(DomainRow.get(domain, consistent_read=True))
        except DomainRow.DoesNotExist:
            return None


def _shown_by(ticket: SignUpTicket | None, own: Found) -> SignUp | None:
    sign_up = sign_up_of(own.row)
    digest = ticket.secret.digest if ticket else ""
    is_shown = hmac.compare_digest(digest, sign_up.browser_digest)
    return sign_up if own.exists and is_shown else None


def _sso_of(row: DomainRow | None) -> DomainSso | None:
    if row is None or row.connection_id is None:
        return None
    return DomainSso(
        domain=row.domain,
        account_id=row.account_id,
        connection_id=row.connection_id,
        enforced=bool(row.enforced),
    )
