"""The email domains that accounts claim, and those that they have verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import ConflictError, NotFoundError
from chalicelib.domain.sso.connection import DOMAINS_MAX, AccountDomain, TooManyDomainsError
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.tables import AccountRow, DomainRow
from chalicelib.storage.dynamo.transaction import Transaction, write_one
from chalicelib.storage.sso.connections import change_account_sso
from chalicelib.storage.users.account_admin import still_manages, still_there

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pynamodb.connection.base import Connection

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.sso.connection import AccountSso
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.audit.trail import AuditWriter

_LISTED = "domain#"
_COUNT = "domains"


class DomainTakenError(ConflictError):
    """Another account has verified the domain, or this one has it already."""

    message = "This domain belongs to another account."


@dataclass(frozen=True)
class AccountDomains:
    """The domains of all accounts; a verified one belongs to one account (`E9`)."""

    connection: Connection
    audit: AuditWriter

    def of(self, account_id: str) -> list[AccountDomain]:
        """List an account's domains by name, strongly."""
        rows = AccountRow.query(
            account_id, AccountRow.part.startswith(_LISTED), consistent_read=True
        )
        return [_domain_of(row) for row in rows]

    def find(self, account_id: str, domain: str) -> AccountDomain:
        """Read one domain of an account; raises NotFoundError for any other."""
        (row,) = read_all(self.connection, (AccountRow, account_id, _LISTED + domain))
        if row is None:
            raise NotFoundError
        return _domain_of(row)

    def all_proved(self) -> Iterator[tuple[str, AccountDomain]]:
        """Read all verified domains with their accounts; a scan, so only for scheduled work."""
        for row in DomainRow.scan():
            try:
                yield row.account_id, self.find(row.account_id, row.domain)
            except NotFoundError:
                continue

    def add(self, made: AccountDomain, account_admin: AccountAdmin, event: AuditEvent) -> None:
        """Store a domain that isn't verified yet.

        Raises ConflictError where the account has it already, TooManyDomainsError, NotAllowedError.
        """
        account_id = account_admin.account_id
        row = AccountRow(
            account_id, _LISTED + made.domain, txt_token=made.token, created_at=made.created_at
        )
        with Transaction(self.connection) as tx:
            still_manages(tx, account_admin)
            still_there(tx, account_id)
            tx.put_new(row, _listed_already)
            self.audit.add(tx, event)
            tx.update(
                AccountRow(account_id, _COUNT),
                [AccountRow.key_count.add(1)],
                AccountRow.key_count.does_not_exist() | (AccountRow.key_count < DOMAINS_MAX),
                TooManyDomainsError,
            )

    def verify(
        self,
        domain: AccountDomain,
        account_admin: AccountAdmin,
        was: AccountSso,
        now: datetime,
        event: AuditEvent,
    ) -> None:
        """Mark a domain whose DNS record was just seen as verified for this account alone.

        Raises DomainTakenError where another account holds it, NotFoundError where it was removed
        meanwhile, ConflictError, NotAllowedError.
        """
        account_id = account_admin.account_id
        claim = DomainRow(
            domain.domain,
            account_id=account_id,
            connection_id=was.connection_id,
            enforced=int(was.enforced),
        )
        with Transaction(self.connection) as tx:
            still_manages(tx, account_admin)
            tx.put(
                claim,
                DomainRow.domain.does_not_exist() | (DomainRow.account_id == account_id),
                DomainTakenError,
            )
            self.audit.add(tx, event)
            tx.update(
                AccountRow(account_id, _LISTED + domain.domain),
                [AccountRow.verified_at.set(now), AccountRow.failing_since.remove()],
                AccountRow.txt_token == domain.token,
                NotFoundError,
            )
            change_account_sso(tx, account_id, was)

    def remove(
        self, domain: AccountDomain, account_admin: AccountAdmin, was: AccountSso, event: AuditEvent
    ) -> None:
        """Remove a domain; its users sign in without the provider from then on.

        Raises NotFoundError, ConflictError, NotAllowedError.
        """
        account_id = account_admin.account_id
        with Transaction(self.connection) as tx:
            still_manages(tx, account_admin)
            tx.delete(
                AccountRow(account_id, _LISTED + domain.domain),
                AccountRow.txt_token == domain.token,
                NotFoundError,
            )
            if domain.is_verified:
                tx.delete(DomainRow(domain.domain), DomainRow.account_id == account_id)
            self.audit.add(tx, event)
            tx.update(AccountRow(account_id, _COUNT), [AccountRow.key_count.add(-1)])
            change_account_sso(tx, account_id, was)

    def note_failing(self, account_id: str, domain: AccountDomain, now: datetime | None) -> None:
        """Store since when the DNS record has been missing, or that it is back."""
        since = AccountRow.failing_since
        known = since.does_not_exist() if now is None else since.exists()
        write_one(
            lambda: AccountRow(account_id, _LISTED + domain.domain).update(
                actions=[since.remove() if now is None else since.set(now)],
                condition=(AccountRow.txt_token == domain.token) & ~known,
            )
        )

    def lapse(
        self, account_id: str, domain: AccountDomain, was: AccountSso, event: AuditEvent
    ) -> None:
        """Take the verification away from a domain without a record; raises ConflictError."""
        with Transaction(self.connection) as tx:
            tx.delete(DomainRow(domain.domain), DomainRow.account_id == account_id)
            self.audit.add(tx, event)
            tx.update(
                AccountRow(account_id, _LISTED + domain.domain),
                [AccountRow.verified_at.remove()],
                (AccountRow.txt_token == domain.token)
                & (AccountRow.failing_since == domain.failing_since),
            )
            change_account_sso(tx, account_id, was)


def _listed_already() -> ConflictError:
    return ConflictError("This domain is on your list already.", param="domain")


def _domain_of(row: AccountRow) -> AccountDomain:
    return AccountDomain(
        domain=row.part.removeprefix(_LISTED),
        token=row.txt_token or "",
        created_at=row.created_at,
        verified_at=row.verified_at,
        failing_since=row.failing_since,
    )
