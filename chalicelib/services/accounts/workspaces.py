"""An account's workspaces: created, renamed and deleted by its owner or admins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.sign_in.session import require_fresh_proof
from chalicelib.domain.tokens import new_id
from chalicelib.domain.user import Workspace

if TYPE_CHECKING:
    from datetime import timedelta

    from chalicelib.domain.accounts.workspaces import WorkspaceChange
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.accounts.workspaces import Workspaces


@dataclass(frozen=True)
class WorkspaceService:
    """The workspaces of the account that an owner or admin has open.

    They were read with the account when the request began. Each write fails if the workspace was
    changed since.
    """

    workspaces: Workspaces
    clock: Clock
    proof: timedelta

    def create(self, account_admin: AccountAdmin, name: str, description: str) -> Workspace:
        """Create a workspace; raises WorkspaceNameTakenError, TooManyWorkspacesError."""
        made = Workspace(new_id("wsp"), name, description, self.clock())
        event = account_admin.event(EventName.WORKSPACE_CREATED, made.created_at, made.party)
        self.workspaces.add(made, account_admin, event)
        return made

    def change(
        self, account_admin: AccountAdmin, seen: Workspace, change: WorkspaceChange
    ) -> Workspace:
        """Rename or describe one; raises WorkspaceNameTakenError, ConflictError, NotFoundError."""
        applied = change.applied_to(seen)
        if applied == seen:
            return seen
        changed = replace(applied, version=seen.version + 1)
        event = account_admin.event(
            EventName.WORKSPACE_CHANGED,
            self.clock(),
            seen.party,
            old_name=seen.name,
            new_name=changed.name,
            new_description=changed.description,
        )
        self.workspaces.change(seen, changed, account_admin, event)
        return changed

    def delete(self, account_admin: AccountAdmin, seen: Workspace) -> None:
        """Delete a workspace without records; its members lose their roles in it.

        Raises ProofRequiredError, WorkspaceInUseError, ConflictError, NotFoundError.
        """
        now = self.clock()
        require_fresh_proof(account_admin.proved_at, now, self.proof)
        event = account_admin.event(EventName.WORKSPACE_DELETED, now, seen.party)
        self.workspaces.remove(seen, account_admin, event)
