"""Workspaces: created, changed and deleted in the one row that holds an account's workspaces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial, reduce
from operator import and_
from typing import TYPE_CHECKING

from pynamodb.expressions.condition import size

from chalicelib.domain.accounts.workspaces import (
    WORKSPACES_MAX,
    TooManyWorkspacesError,
    WorkspaceInUseError,
    WorkspaceNameTakenError,
    name_key,
)
from chalicelib.domain.errors import ConflictError, NotFoundError
from chalicelib.domain.keys.record import RecordStatus
from chalicelib.storage.accounts.records import COUNTS, count_name
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.rows import WORKSPACES, workspace_map
from chalicelib.storage.dynamo.tables import AccountRow
from chalicelib.storage.dynamo.transaction import Transaction
from chalicelib.storage.users.account_admin import still_manages

if TYPE_CHECKING:
    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.errors import DomainError
    from chalicelib.domain.user import AccountAdmin, Workspace
    from chalicelib.storage.audit.trail import AuditWriter


@dataclass(frozen=True)
class Workspaces:
    """The workspaces of all accounts; they are read with their account."""

    connection: Connection
    audit: AuditWriter

    def add(self, workspace: Workspace, account_admin: AccountAdmin, event: AuditEvent) -> None:
        """Store a new workspace while its creator is an owner or admin of the account.

        Raises WorkspaceNameTakenError, TooManyWorkspacesError, NotAllowedError.
        """
        name = AccountRow.names[name_key(workspace.name)]
        with Transaction(self.connection) as tx:
            still_manages(tx, account_admin)
            self.audit.add(tx, event)
            tx.update(
                AccountRow(account_admin.account_id, WORKSPACES),
                [
                    AccountRow.items[workspace.id].set(workspace_map(workspace)),
                    name.set(workspace.id),
                ],
                name.does_not_exist() & (size(AccountRow.names) < WORKSPACES_MAX),
                lambda: self._why(account_admin, name=workspace.name),
            )

    def change(
        self, seen: Workspace, changed: Workspace, account_admin: AccountAdmin, event: AuditEvent
    ) -> None:
        """Rename or describe a workspace that is still at the version that was read.

        Raises ConflictError where it was changed meanwhile, WorkspaceNameTakenError, NotFoundError,
        NotAllowedError.
        """
        why = partial(self._why, account_admin, seen=seen, name=changed.name)
        with Transaction(self.connection, why) as tx:
            still_manages(tx, account_admin)
            self.audit.add(tx, event)
            _put_in_place_of(tx, account_admin.account_id, seen, changed)

    def remove(self, seen: Workspace, account_admin: AccountAdmin, event: AuditEvent) -> None:
        """Delete a workspace that is still at the version that was read and holds no records.

        Members' rows keep the roles that they had in it; those no longer have an effect. Raises
        WorkspaceInUseError, ConflictError, NotFoundError, NotAllowedError.
        """
        with Transaction(self.connection) as tx:
            still_manages(tx, account_admin)
            tx.check(
                AccountRow,
                account_admin.account_id,
                COUNTS,
                condition=_holds_nothing(seen.id),
                otherwise=WorkspaceInUseError,
            )
            self.audit.add(tx, event)
            tx.update(
                AccountRow(account_admin.account_id, WORKSPACES),
                [
                    AccountRow.items[seen.id].remove(),
                    AccountRow.names[name_key(seen.name)].remove(),
                ],
                _as_seen(seen),
                lambda: self._why(account_admin, seen=seen),
            )

    def _why(
        self, account_admin: AccountAdmin, *, seen: Workspace | None = None, name: str | None = None
    ) -> DomainError:
        """Read why a write was refused; a reason that is gone by now is a conflict."""
        (row,) = read_all(self.connection, (AccountRow, account_admin.account_id, WORKSPACES))
        if row is None:
            return NotFoundError()
        items, names = row.items.as_dict(), row.names.as_dict()
        if seen is not None and seen.id not in items:
            return NotFoundError()
        holder = names.get(name_key(name)) if name is not None else None
        if holder is not None and (seen is None or holder != seen.id):
            return WorkspaceNameTakenError(param="name")
        if seen is None and len(items) >= WORKSPACES_MAX:
            return TooManyWorkspacesError()
        return ConflictError()


def _put_in_place_of(tx: Transaction, account_id: str, seen: Workspace, changed: Workspace) -> None:
    old, new = name_key(seen.name), name_key(changed.name)
    actions = [AccountRow.items[seen.id].set(workspace_map(changed))]
    condition = _as_seen(seen)
    if new != old:
        actions += [AccountRow.names[new].set(seen.id), AccountRow.names[old].remove()]
        condition &= AccountRow.names[new].does_not_exist()
    tx.update(AccountRow(account_id, WORKSPACES), actions, condition)


def _as_seen(seen: Workspace) -> Condition:
    condition: Condition = AccountRow.items[seen.id]["version"] == seen.version
    return condition


def _holds_nothing(workspace_id: str) -> Condition:
    counts = (AccountRow.items[count_name(workspace_id, status.value)] for status in RecordStatus)
    condition: Condition = reduce(and_, (count.does_not_exist() | (count == 0) for count in counts))
    return condition
