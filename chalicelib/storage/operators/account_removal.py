"""Deletes an account: its row and its API keys in one write, and then all that belongs to it.

Whatever adds something to an account has a condition on the account's row, so nothing can be added
once it is gone. Every step can be repeated: killed anywhere and run again it ends the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.anonymous import DELETED_ACCOUNT
from chalicelib.domain.errors import ConflictError
from chalicelib.domain.operators.action import OPERATORS
from chalicelib.storage.dynamo.reading import read_all, read_many
from chalicelib.storage.dynamo.rows import LISTED_MEMBER, WORKSPACES
from chalicelib.storage.dynamo.tables import (
    AccountRow,
    ApiKeyRow,
    AuditEventRow,
    DomainRow,
    LimitRow,
    LinkRow,
    RecordRow,
    SsoConnectionRow,
    SsoIdentityRow,
    SsoRequestRow,
    UserRow,
)
from chalicelib.storage.dynamo.transaction import Transaction, write_one
from chalicelib.storage.operators.sweeping import delete_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.update import Action

    from chalicelib.domain.accounts.deletion import Deletion
    from chalicelib.domain.user import Account
    from chalicelib.storage.operators.deletion_records import Deletions

_ACCOUNT = "account"
_KEY, _KEY_COUNT = "key#", "api_keys"
_DOMAIN, _REMOVED = "domain#", "removed#"
# What an operator is shown, by the parts that stand for it.
_COUNTED = {"API keys": _KEY, "invitations": "invitation#", "domains": _DOMAIN}
# A transaction takes 100 parts. Keys beyond these end in the writes right after it.
KEYS_AT_ONCE = 90
_TRIES = 5
# By the account's id: the refusals that were counted and not listed, and those of the last hour.
_COUNTS = ("sso_refusals_unlisted#", "sso_refusals#")


class _KeysChangedError(Exception):
    """A key was made or deleted since the keys were listed."""


@dataclass(frozen=True)
class AccountRemoval:
    """The rows of accounts that are deleted."""

    connection: Connection
    deletions: Deletions

    def count(self, account_id: str) -> dict[str, int]:
        """Count what an account holds: its parts by kind, and its records."""
        found = {
            name: AccountRow.count(
                account_id, AccountRow.part.startswith(prefix), consistent_read=True
            )
            for name, prefix in _COUNTED.items()
        }
        return found | {"records": RecordRow.count(account_id, consistent_read=True)}

    def begin(
        self,
        deletion: Deletion,
        account: Account,
        also: Callable[[Transaction], None],
        *,
        asked: bool,
    ) -> None:
        """End all access to an account in one write, together with `also`.

        `asked` is whether it carries out a request that waits. Raises ConflictError where the
        account changed its owner or was deleted meanwhile, or the request was cancelled.
        """
        for _ in range(_TRIES):
            try:
                self._begin(deletion, account, also, asked=asked)
            except _KeysChangedError:
                continue
            return
        raise ConflictError

    def sweep(self, deletion: Deletion) -> None:
        """Remove every row that belongs to the account."""
        account_id, connection_id = deletion.subject_id, deletion.leftovers.connection_id
        # What gives access goes before what is only data.
        self._end_keys(account_id)
        self._free_domains(account_id)
        if connection_id:
            own = SsoConnectionRow.account_id == account_id
            write_one(lambda: SsoConnectionRow(connection_id).delete(condition=own))
        self._end_memberships(account_id)
        self._forget_removals(account_id)
        delete_all(LinkRow, LinkRow.scan(LinkRow.account_id == account_id, consistent_read=True))
        delete_all(
            SsoRequestRow,
            SsoRequestRow.scan(SsoRequestRow.account_id == account_id, consistent_read=True),
        )
        if connection_id:
            named = SsoIdentityRow.identity.startswith(f"{connection_id}#")
            delete_all(SsoIdentityRow, SsoIdentityRow.scan(named, consistent_read=True))
        for count in _COUNTS:
            LimitRow(count + account_id).delete()
        delete_all(RecordRow, RecordRow.query(account_id, consistent_read=True))
        delete_all(AuditEventRow, AuditEventRow.query(account_id, consistent_read=True))
        _forget_name(account_id)
        # Last: until here it says which keys, domains and members there are. Backwards, so that a
        # count goes after what it counts: the worker may be removing a leaked key.
        rest = AccountRow.query(account_id, consistent_read=True, scan_index_forward=False)
        delete_all(AccountRow, rest)

    def _begin(
        self,
        deletion: Deletion,
        account: Account,
        also: Callable[[Transaction], None],
        *,
        asked: bool,
    ) -> None:
        (count,) = read_all(self.connection, (AccountRow, account.id, _KEY_COUNT))
        keys = list(_parts(account.id, _KEY))
        with Transaction(self.connection) as tx:
            tx.delete(AccountRow(account.id, _ACCOUNT), AccountRow.owner_id == account.owner_id)
            # Without its workspaces no load of records goes on.
            tx.delete(AccountRow(account.id, WORKSPACES))
            self.deletions.begin_parts(tx, deletion, asked=asked)
            also(tx)
            for key in keys[:KEYS_AT_ONCE]:
                tx.delete(ApiKeyRow(key.digest))
            if count is not None:
                as_read = AccountRow.key_count == count.key_count
                tx.check(
                    AccountRow,
                    account.id,
                    _KEY_COUNT,
                    condition=as_read,
                    otherwise=_KeysChangedError,
                )

    def _end_keys(self, account_id: str) -> None:
        digests = (ApiKeyRow(row.digest) for row in _parts(account_id, _KEY) if row.digest)
        delete_all(ApiKeyRow, digests)

    def _free_domains(self, account_id: str) -> None:
        for row in _parts(account_id, _DOMAIN):
            _free(row.part.removeprefix(_DOMAIN), account_id)

    def _end_memberships(self, account_id: str) -> None:
        """Take the account out of each member's row, and the member off its list after that."""
        listed = _parts(account_id, LISTED_MEMBER)
        ids = (row.part.removeprefix(LISTED_MEMBER) for row in listed)
        for row in read_many(self.connection, ((UserRow, user_id, None) for user_id in ids)):
            if row is None:
                continue
            ended: list[Action] = [
                UserRow.memberships[account_id].remove(),
                UserRow.removed_from.delete({account_id}),
            ]
            if row.last_account_id == account_id:
                ended.append(UserRow.last_account_id.remove())
            _change(row.user_id, *ended)
        delete_all(AccountRow, _parts(account_id, LISTED_MEMBER))

    def _forget_removals(self, account_id: str) -> None:
        for row in _parts(account_id, _REMOVED):
            user_id = row.part.removeprefix(_REMOVED)
            _change(user_id, UserRow.removed_from.delete({account_id}))


def _parts(account_id: str, prefix: str) -> Iterator[AccountRow]:
    rows: Iterator[AccountRow] = AccountRow.query(
        account_id, AccountRow.part.startswith(prefix), consistent_read=True
    )
    return rows


def _free(domain: str, account_id: str) -> None:
    """Let a domain be proved by another account; it may have been, if this one never was."""
    own = DomainRow.account_id == account_id
    write_one(lambda: DomainRow(domain).delete(condition=own))


def _change(user_id: str, *actions: Action) -> None:
    """Change a user who may be deleted by now."""
    row = UserRow(user_id)
    write_one(lambda: row.update(actions=list(actions), condition=UserRow.user_id.exists()))


def _forget_name(account_id: str) -> None:
    """Take the account's name out of what operators did to it."""
    about = AuditEventRow.target["id"] == account_id
    rows = AuditEventRow.query(OPERATORS, filter_condition=about, consistent_read=True)
    for row in rows:
        target = {**row.target.as_dict(), "name": DELETED_ACCOUNT}
        if row.target.as_dict() != target:
            row.update(actions=[AuditEventRow.target.set(target)])
