"""Accounts' SSO connections, kept in step with the account and its domains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.roles import Role
from chalicelib.domain.sso.certificate import Certificate
from chalicelib.domain.sso.connection import SsoConnection, SsoTest
from chalicelib.domain.sso.provider import IdentityProvider
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.tables import AccountRow, DomainRow, SsoConnectionRow, UserRow
from chalicelib.storage.dynamo.transaction import Transaction, write_one
from chalicelib.storage.users.account_admin import manages, still_manages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.update import Action

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.sso.connection import AccountSso
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.audit.trail import AuditWriter

_ACCOUNT = "account"


@dataclass(frozen=True)
class SsoConnections:
    """The connections of all accounts.

    The SSO settings of an account are stored in three places, which are read at different times:
    the connection, the account's row, and the row of each verified domain. A change writes all of
    them in one transaction, on the condition that the account's version of them is as it was read.
    """

    connection: Connection
    audit: AuditWriter

    def find(self, connection_id: str) -> SsoConnection:
        """Read a connection; raises NotFoundError."""
        (row,) = read_all(self.connection, (SsoConnectionRow, connection_id, None))
        if row is None:
            raise NotFoundError
        return _connection_of(row)

    def all(self) -> Iterator[SsoConnection]:
        """Read all connections; a scan, so only for scheduled work."""
        return (_connection_of(row) for row in SsoConnectionRow.scan())

    def add(
        self,
        made: SsoConnection,
        account_admin: AccountAdmin,
        was: AccountSso,
        domains: Sequence[str],
        event: AuditEvent,
        way_in: str | None = None,
    ) -> None:
        """Store an account's first connection; see `change`."""
        with Transaction(self.connection) as tx:
            _check(tx, account_admin, way_in)
            tx.put_new(_row_of(made))
            _link(tx, made, was, domains)
            self.audit.add(tx, event)

    def change(
        self,
        changed: SsoConnection,
        account_admin: AccountAdmin,
        was: AccountSso,
        domains: Sequence[str],
        event: AuditEvent,
        way_in: str | None = None,
    ) -> None:
        """Store other settings of a connection.

        `way_in` is the owner or admin who can still sign in by password if the provider breaks;
        the transaction checks that. Raises ConflictError, NotAllowedError.
        """
        with Transaction(self.connection) as tx:
            _check(tx, account_admin, way_in)
            tx.update(
                SsoConnectionRow(changed.id),
                _settings_of(changed),
                SsoConnectionRow.connection_id.exists(),
            )
            _link(tx, changed, was, domains)
            self.audit.add(tx, event)

    def remove(
        self,
        gone: SsoConnection,
        account_admin: AccountAdmin,
        was: AccountSso,
        domains: Sequence[str],
        event: AuditEvent,
    ) -> None:
        """Delete a connection; its account's domains stay verified. Raises ConflictError."""
        with Transaction(self.connection) as tx:
            still_manages(tx, account_admin)
            tx.delete(SsoConnectionRow(gone.id), SsoConnectionRow.connection_id.exists())
            self.audit.add(tx, event)
            change_account_sso(
                tx,
                gone.account_id,
                was,
                AccountRow.sso_connection_id.remove(),
                AccountRow.sso_enforced.set(0),
            )
            for domain in domains:
                _point(tx, gone.account_id, domain, None, enforced=False)

    def account_name(self, account_id: str) -> str:
        """Return the name of the account that a user joins; raises NotFoundError."""
        (row,) = read_all(self.connection, (AccountRow, account_id, _ACCOUNT))
        if row is None:
            raise NotFoundError
        return row.name or ""

    def note_test(self, connection_id: str, test: SsoTest) -> None:
        """Store the result of a test, unless the connection is gone."""
        result = {"at": test.at.isoformat(), "outcome": test.outcome, "told": dict(test.claims)}
        self._note(connection_id, SsoConnectionRow.last_test.set(result))

    def warned_of(self, connection_id: str) -> dict[str, int]:
        """Return the expiry warnings that were mailed: days ahead, by certificate fingerprint."""
        (row,) = read_all(self.connection, (SsoConnectionRow, connection_id, None))
        return dict(row.told or {}) if row else {}

    def note_warned(self, connection_id: str, warned: dict[str, int]) -> None:
        """Store the expiry warnings that were mailed."""
        self._note(connection_id, SsoConnectionRow.told.set(warned))

    def _note(self, connection_id: str, action: Action) -> None:
        write_one(
            lambda: SsoConnectionRow(connection_id).update(
                actions=[action], condition=SsoConnectionRow.connection_id.exists()
            )
        )


def _check(tx: Transaction, account_admin: AccountAdmin, way_in: str | None) -> None:
    has_password = UserRow.password_hash.exists()
    if way_in == account_admin.user_id:
        still_manages(tx, account_admin, has_password)
        return
    still_manages(tx, account_admin)
    if way_in is not None:
        condition = manages(account_admin.account_id) & has_password
        tx.check(UserRow, way_in, condition=condition)


def _link(tx: Transaction, made: SsoConnection, was: AccountSso, domains: Sequence[str]) -> None:
    change_account_sso(
        tx,
        made.account_id,
        was,
        AccountRow.sso_connection_id.set(made.id),
        AccountRow.sso_enforced.set(int(made.enforced)),
    )
    for domain in domains:
        _point(tx, made.account_id, domain, made.id, enforced=made.enforced)


def change_account_sso(tx: Transaction, account_id: str, was: AccountSso, *actions: Action) -> None:
    """Change the SSO settings in an account's row, unless they were changed meanwhile."""
    unchanged = (
        AccountRow.sso_version == was.version
        if was.version
        else AccountRow.sso_version.does_not_exist()
    )
    tx.update(
        AccountRow(account_id, _ACCOUNT),
        [AccountRow.sso_version.set(was.version + 1), *actions],
        AccountRow.part.exists() & unchanged,
    )


def _point(
    tx: Transaction,
    account_id: str,
    domain: str,
    connection_id: str | None,
    *,
    enforced: bool,
) -> None:
    """Point a verified domain at a connection, or at none."""
    target = DomainRow.connection_id
    tx.update(
        DomainRow(domain),
        [
            target.set(connection_id) if connection_id else target.remove(),
            DomainRow.enforced.set(int(enforced)),
        ],
        DomainRow.account_id == account_id,
    )


def _row_of(made: SsoConnection) -> SsoConnectionRow:
    provider = made.identity_provider
    return SsoConnectionRow(
        made.id,
        account_id=made.account_id,
        entity_id=provider.entity_id,
        sso_url=provider.sso_url,
        certificates=[certificate.base64 for certificate in provider.certificates],
        email_attribute=provider.email_attribute,
        default_role=made.default_role.value,
        enforced=int(made.enforced),
        created_at=made.created_at,
    )


def _settings_of(changed: SsoConnection) -> list[Action]:
    row, provider = _row_of(changed), changed.identity_provider
    attribute = SsoConnectionRow.email_attribute
    return [
        SsoConnectionRow.entity_id.set(provider.entity_id),
        SsoConnectionRow.sso_url.set(provider.sso_url),
        SsoConnectionRow.certificates.set(row.certificates),
        attribute.set(row.email_attribute) if row.email_attribute else attribute.remove(),
        SsoConnectionRow.default_role.set(row.default_role),
        SsoConnectionRow.enforced.set(row.enforced),
    ]


def _connection_of(row: SsoConnectionRow) -> SsoConnection:
    test = row.last_test
    return SsoConnection(
        id=row.connection_id,
        account_id=row.account_id,
        identity_provider=IdentityProvider(
            row.entity_id,
            row.sso_url,
            tuple(Certificate.parse(text) for text in row.certificates),
            row.email_attribute,
        ),
        default_role=Role(row.default_role),
        enforced=bool(row.enforced),
        created_at=row.created_at,
        last_test=SsoTest(datetime.fromisoformat(test["at"]), test["outcome"], test["told"])
        if test
        else None,
    )
