"""Accounts' links to their identity providers, in step with account and domains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pynamodb.exceptions import UpdateError

from chalicelib.domain.errors import ConflictError, NotAllowedError, NotFoundError
from chalicelib.domain.roles import Role
from chalicelib.domain.sso.certificate import Certificate
from chalicelib.domain.sso.connection import SsoConnection, SsoTest
from chalicelib.domain.sso.provider import IdentityProvider
from chalicelib.storage.dynamo.tables import AccountRow, DomainRow, SsoConnectionRow, UserRow
from chalicelib.storage.dynamo.transactions import (
    ConditionFailedError,
    put_new,
    read_all,
    write_all,
)
from chalicelib.storage.users.account_admin import manages, still_manages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.update import Action
    from pynamodb.transactions import TransactWrite

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.sso.connection import AccountSso
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.audit.trail import AuditWriter

_ACCOUNT = "account"


@dataclass(frozen=True)
class SsoConnections:
    """The connections of all accounts.

    What an account's single sign-on is stands in three places that are read at different times:
    the connection, the account's row, the row of each proved domain. A change writes them all in
    one transaction, under the condition that the account's count of such changes is as it was read.
    """

    connection: Connection
    trail: AuditWriter

    def find(self, connection_id: str) -> SsoConnection:
        """Read a connection; raises NotFoundError."""
        (row,) = read_all(self.connection, (SsoConnectionRow, connection_id, None))
        if row is None:
            raise NotFoundError
        return _connection_of(row)

    def all(self) -> Iterator[SsoConnection]:
        """Read every connection there is; for scheduled work alone."""
        return (_connection_of(row) for row in SsoConnectionRow.scan())

    def add(
        self,
        made: SsoConnection,
        manager: AccountAdmin,
        was: AccountSso,
        domains: Sequence[str],
        event: AuditEvent,
        way_in: str | None = None,
    ) -> None:
        """Keep an account's first connection; see `change`."""

        def parts(transaction: TransactWrite) -> None:
            _check(transaction, manager, way_in)
            put_new(transaction, _row_of(made))
            _link(transaction, made, was, domains)
            self.trail.add(transaction, event)

        self._write(parts)

    def change(
        self,
        changed: SsoConnection,
        manager: AccountAdmin,
        was: AccountSso,
        domains: Sequence[str],
        event: AuditEvent,
        way_in: str | None = None,
    ) -> None:
        """Store other settings of a connection.

        `way_in` is who can still get in by password if the provider breaks: they must at that very
        moment. Raises ConflictError, NotAllowedError.
        """

        def parts(transaction: TransactWrite) -> None:
            _check(transaction, manager, way_in)
            transaction.update(
                SsoConnectionRow(changed.id),
                actions=_settings_of(changed),
                condition=SsoConnectionRow.connection_id.exists(),
            )
            _link(transaction, changed, was, domains)
            self.trail.add(transaction, event)

        self._write(parts)

    def remove(
        self,
        gone: SsoConnection,
        manager: AccountAdmin,
        was: AccountSso,
        domains: Sequence[str],
        event: AuditEvent,
    ) -> None:
        """Delete a connection; its account's domains stay proved. Raises ConflictError."""

        def parts(transaction: TransactWrite) -> None:
            still_manages(transaction, manager)
            transaction.delete(
                SsoConnectionRow(gone.id), condition=SsoConnectionRow.connection_id.exists()
            )
            self.trail.add(transaction, event)
            change_account_sso(
                transaction,
                gone.account_id,
                was,
                AccountRow.sso_connection_id.remove(),
                AccountRow.sso_enforced.set(0),
            )
            for domain in domains:
                _point(transaction, gone.account_id, domain, None, enforced=False)

        self._write(parts)

    def account_name(self, account_id: str) -> str:
        """Read what an account is called, for who joins it; raises NotFoundError."""
        (row,) = read_all(self.connection, (AccountRow, account_id, _ACCOUNT))
        if row is None:
            raise NotFoundError
        return row.name or ""

    def note_test(self, connection_id: str, test: SsoTest) -> None:
        """Keep what came back from a tried sign-in; one that is gone by now keeps nothing."""
        kept = {"at": test.at.isoformat(), "outcome": test.outcome, "told": dict(test.told)}
        self._note(connection_id, SsoConnectionRow.last_test.set(kept))

    def told_of(self, connection_id: str) -> dict[str, int]:
        """Read of which certificates' ends the account was told, and how many days ahead."""
        (row,) = read_all(self.connection, (SsoConnectionRow, connection_id, None))
        return dict(row.told or {}) if row else {}

    def note_told(self, connection_id: str, told: dict[str, int]) -> None:
        """Keep of which certificates' ends the account was told."""
        self._note(connection_id, SsoConnectionRow.told.set(told))

    def _note(self, connection_id: str, action: Action) -> None:
        try:
            SsoConnectionRow(connection_id).update(
                actions=[action], condition=SsoConnectionRow.connection_id.exists()
            )
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise

    def _write(self, parts: Any) -> None:
        try:
            write_all(self.connection, parts)
        except ConditionFailedError as error:
            raise (NotAllowedError if 0 in error.failed else ConflictError) from error


def _check(transaction: TransactWrite, manager: AccountAdmin, way_in: str | None) -> None:
    has_password = UserRow.password_hash.exists()
    if way_in == manager.user_id:
        still_manages(transaction, manager, has_password)
        return
    still_manages(transaction, manager)
    if way_in is not None:
        condition = manages(manager.account_id) & has_password
        transaction.condition_check(UserRow, way_in, condition=condition)


def _link(
    transaction: TransactWrite, made: SsoConnection, was: AccountSso, domains: Sequence[str]
) -> None:
    change_account_sso(
        transaction,
        made.account_id,
        was,
        AccountRow.sso_connection_id.set(made.id),
        AccountRow.sso_enforced.set(int(made.enforced)),
    )
    for domain in domains:
        _point(transaction, made.account_id, domain, made.id, enforced=made.enforced)


def change_account_sso(
    transaction: TransactWrite, account_id: str, was: AccountSso, *actions: Action
) -> None:
    """Change what an account's row says of its single sign-on, unless it changed meanwhile."""
    unchanged = (
        AccountRow.sso_version == was.version
        if was.version
        else AccountRow.sso_version.does_not_exist()
    )
    transaction.update(
        AccountRow(account_id, _ACCOUNT),
        actions=[AccountRow.sso_version.set(was.version + 1), *actions],
        condition=AccountRow.part.exists() & unchanged,
    )


def _point(
    transaction: TransactWrite,
    account_id: str,
    domain: str,
    connection_id: str | None,
    *,
    enforced: bool,
) -> None:
    """Let a proved domain lead to a connection, or to none."""
    led = DomainRow.connection_id
    transaction.update(
        DomainRow(domain),
        actions=[
            led.set(connection_id) if connection_id else led.remove(),
            DomainRow.enforced.set(int(enforced)),
        ],
        condition=DomainRow.account_id == account_id,
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
