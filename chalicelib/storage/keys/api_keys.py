"""API keys: created and removed in one transaction with their account's list of keys."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.keys.api_key import KEYS_MAX, ApiKey, TooManyKeysError
from chalicelib.domain.lists import Slice
from chalicelib.storage.dynamo.reading import read_all, read_many
from chalicelib.storage.dynamo.tables import AccountRow, ApiKeyRow
from chalicelib.storage.dynamo.transaction import Transaction, write_one
from chalicelib.storage.users.account_admin import still_manages, still_there

if TYPE_CHECKING:
    from datetime import datetime

    from pynamodb.connection.base import Connection

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.lists import PageRequest
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.audit.trail import AuditWriter

_LISTED = "key#"
_COUNT = "api_keys"


@dataclass(frozen=True)
class ListedKey:
    """A key as its account lists it, and the digest that calls with it are checked by."""

    key: ApiKey
    digest: str


@dataclass(frozen=True)
class ApiKeys:
    """The keys of all accounts."""

    connection: Connection
    audit: AuditWriter

    def add(self, key: ApiKey, digest: str, account_admin: AccountAdmin, event: AuditEvent) -> None:
        """Store a new key while its creator is an owner or admin of the account.

        Raises TooManyKeysError at the limit (`G7`), NotAllowedError.
        """
        with Transaction(self.connection) as tx:
            still_manages(tx, account_admin)
            still_there(tx, key.account_id)
            tx.put_new(_key_row(key, digest))
            tx.put_new(_listed_row(key, digest))
            self.audit.add(tx, event)
            tx.update(
                AccountRow(key.account_id, _COUNT),
                [AccountRow.key_count.add(1)],
                AccountRow.key_count.does_not_exist() | (AccountRow.key_count < KEYS_MAX),
                TooManyKeysError,
            )

    def page(self, account_id: str, asked: PageRequest) -> Slice[ApiKey]:
        """List an account's keys with strong consistency, newest first, each with its last use."""
        listed = list(
            AccountRow.query(account_id, AccountRow.part.startswith(_LISTED), consistent_read=True)
        )
        listed.sort(key=lambda row: (row.created_at, row.part), reverse=True)
        cut = Slice.cut(tuple(listed), asked)
        return Slice(tuple(self._with_last_use(cut.items)), cut.has_more, cut.total_count)

    def get(self, account_id: str, key_id: str) -> ApiKey:
        """Read one key of an account; raises NotFoundError for any other."""
        (key,) = self._with_last_use((self._listed(account_id, key_id),))
        return key

    def find(self, account_id: str, key_id: str) -> ListedKey:
        """Read one key of an account without its last use; raises NotFoundError for any other."""
        listed = self._listed(account_id, key_id)
        return ListedKey(_key_of(listed, None), listed.digest or "")

    def remove(self, listed: ListedKey, account_admin: AccountAdmin, event: AuditEvent) -> None:
        """Delete a key; the next call with it fails (`F5`).

        Raises NotFoundError where it is gone, NotAllowedError.
        """
        with Transaction(self.connection) as tx:
            still_manages(tx, account_admin)
            _remove(tx, listed)
            self.audit.add(tx, event)

    def revoke(self, digest: str, now: datetime) -> None:
        """Revoke the key with this digest, in one request whether or not there is one."""
        write_one(
            lambda: ApiKeyRow(digest).update(
                actions=[ApiKeyRow.revoked_at.set(now)], condition=ApiKeyRow.digest.exists()
            )
        )

    def find_revoked(self, digest: str) -> ListedKey | None:
        """Read a revoked key that is still listed."""
        (row,) = read_all(self.connection, (ApiKeyRow, digest, None))
        if row is None or row.revoked_at is None:
            return None
        return self.find(row.account_id, row.key_id)

    def remove_revoked(self, listed: ListedKey, event: AuditEvent) -> None:
        """Remove a revoked key from its account's list, unless that is done already."""
        with suppress(NotFoundError), Transaction(self.connection) as tx:
            _remove(tx, listed)
            self.audit.add(tx, event)

    def _listed(self, account_id: str, key_id: str) -> AccountRow:
        (row,) = read_all(self.connection, (AccountRow, account_id, _LISTED + key_id))
        if row is None:
            raise NotFoundError
        found: AccountRow = row
        return found

    def _with_last_use(self, listed: tuple[AccountRow, ...]) -> list[ApiKey]:
        keys = ((ApiKeyRow, row.digest or "", None) for row in listed)
        used = read_many(self.connection, keys)
        return [_key_of(row, use) for row, use in zip(listed, used, strict=True)]


def _remove(tx: Transaction, listed: ListedKey) -> None:
    account_id = listed.key.account_id
    tx.delete(ApiKeyRow(listed.digest))
    row = AccountRow(account_id, _LISTED + listed.key.id)
    tx.delete(row, AccountRow.part.exists(), NotFoundError)
    tx.update(AccountRow(account_id, _COUNT), [AccountRow.key_count.add(-1)])


def _key_row(key: ApiKey, digest: str) -> ApiKeyRow:
    return ApiKeyRow(
        digest,
        key_id=key.id,
        account_id=key.account_id,
        name=key.name,
        created_at=key.created_at,
    )


def _listed_row(key: ApiKey, digest: str) -> AccountRow:
    return AccountRow(
        key.account_id,
        _LISTED + key.id,
        name=key.name,
        digest=digest,
        created_at=key.created_at,
        created_by=key.created_by,
    )


def _key_of(listed: AccountRow, used: ApiKeyRow | None) -> ApiKey:
    return ApiKey(
        id=listed.part.removeprefix(_LISTED),
        account_id=listed.account_id,
        name=listed.name or "",
        created_at=listed.created_at,
        created_by=listed.created_by or "",
        last_used_at=used.last_used_at if used else None,
    )
