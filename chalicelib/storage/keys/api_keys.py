"""API keys: made and removed in one transaction with their account's list of them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType
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

    from chalicelib.domain.lists import PageRequest
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.audit.trail import AuditWriter

_LISTED = "key#"
_COUNT = "api_keys"


@dataclass(frozen=True)
class ApiKeys:
    """The keys of all accounts."""

    connection: Connection
    trail: AuditWriter

    def add(self, key: ApiKey, digest: str, manager: AccountAdmin) -> None:
        """Keep a new key, if its maker manages the account at this very moment.

        Raises TooManyKeysError at the cap (`G7`), NotAllowedError.
        """
        event = manager.event(EventName.API_KEY_CREATED, key.created_at, key.party)
        with Transaction(self.connection) as tx:
            still_manages(tx, manager)
            still_there(tx, key.account_id)
            tx.put_new(_key_row(key, digest))
            tx.put_new(_listed_row(key, digest))
            self.trail.add(tx, event)
            tx.update(
                AccountRow(key.account_id, _COUNT),
                [AccountRow.key_count.add(1)],
                AccountRow.key_count.does_not_exist() | (AccountRow.key_count < KEYS_MAX),
                TooManyKeysError,
            )

    def page(self, account_id: str, asked: PageRequest) -> Slice[ApiKey]:
        """List an account's keys strongly, newest first, each with its last use."""
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

    def remove(self, key_id: str, manager: AccountAdmin, now: datetime) -> None:
        """Delete a key: it is dead from the very next call on (`F5`).

        Raises NotFoundError for a key that the account doesn't have, NotAllowedError.
        """
        listed = self._listed(manager.account_id, key_id)
        gone = Party(PartyType.API_KEY, key_id, listed.name)
        event = manager.event(EventName.API_KEY_DELETED, now, gone)
        with Transaction(self.connection) as tx:
            still_manages(tx, manager)
            _remove(tx, listed)
            self.trail.add(tx, event)

    def revoke(self, digest: str, now: datetime) -> None:
        """Kill whatever key has this digest, if any; one request whether or not there is one."""
        write_one(
            lambda: ApiKeyRow(digest).update(
                actions=[ApiKeyRow.revoked_at.set(now)], condition=ApiKeyRow.digest.exists()
            )
        )

    def find_revoked(self, digest: str) -> ApiKey | None:
        """Read a revoked key that is still listed."""
        (row,) = read_all(self.connection, (ApiKeyRow, digest, None))
        if row is None or row.revoked_at is None:
            return None
        return self.get(row.account_id, row.key_id)

    def remove_revoked(self, key: ApiKey, origin: RequestOrigin, now: datetime) -> None:
        """Take a revoked key off its account's list; one that is off already stays off."""
        finder = Party(PartyType.ANONYMOUS)
        event = AuditEvent(
            EventName.API_KEY_REVOKED, key.account_id, now, finder, origin, key.party
        )
        with suppress(NotFoundError):
            listed = self._listed(key.account_id, key.id)
            with Transaction(self.connection) as tx:
                _remove(tx, listed)
                self.trail.add(tx, event)

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


def _remove(tx: Transaction, listed: AccountRow) -> None:
    tx.delete(ApiKeyRow(listed.digest))
    row = AccountRow(listed.account_id, listed.part)
    tx.delete(row, AccountRow.part.exists(), NotFoundError)
    tx.update(AccountRow(listed.account_id, _COUNT), [AccountRow.key_count.add(-1)])


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
