"""An account's workspaces: made, renamed and deleted by its owner or admins."""

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

    They were read with the account as the request began; each write holds that against what is
    there by then.
    """

    workspaces: Workspaces
    clock: Clock
    proof: timedelta

    def create(self, manager: AccountAdmin, name: str, description: str) -> Workspace:
        """Make a workspace; raises WorkspaceNameTakenError, TooManyWorkspacesError."""
        made = Workspace(new_id("wsp"), name, description, self.clock())
        event = manager.event(EventName.WORKSPACE_CREATED, made.created_at, made.party)
        self.workspaces.add(made, manager, event)
        return made

    def change(self, manager: AccountAdmin, seen: Workspace, change: WorkspaceChange) -> Workspace:
        """Rename or describe one; raises WorkspaceNameTakenError, ConflictError, NotFoundError."""
        applied = change.applied_to(seen)
        if applied == seen:
            return seen
        changed = replace(applied, version=seen.version + 1)
        event = manager.event(
            EventName.WORKSPACE_CHANGED,
            self.clock(),
            seen.party,
            old_name=seen.name,
            new_name=changed.name,
            new_description=changed.description,
        )
        self.workspaces.change(seen, changed, manager, event)
        return changed

    def delete(self, manager: AccountAdmin, seen: Workspace) -> None:
        """Delete one without records, which takes it from every member who was given it.

        Raises ProofRequiredError, WorkspaceInUseError, ConflictError, NotFoundError.
        """
        now = self.clock()
        require_fresh_proof(manager.proved_at, now, self.proof)
        event = manager.event(EventName.WORKSPACE_DELETED, now, seen.party)
        self.workspaces.remove(seen, manager, event)
