"""The signed-in user of a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.roles import WorkspaceRole
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import Account, Membership, User, Workspace


@dataclass(frozen=True)
class Visitor:
    """A request's valid session, its user, and the open account."""

    session: Session
    user: User
    account: Account | None
    membership: Membership | None
    ends_at: datetime

    @property
    def proved_at(self) -> datetime | None:
        """When the user last gave a proof that counts in the open account."""
        return self.session.proof_in(self.session.account_id)

    @property
    def workspaces(self) -> tuple[tuple[Workspace, WorkspaceRole | None], ...]:
        """The open account's workspaces that the user may see, by name, each with their role.

        The role is None for owners and admins, who may do everything. A role in a workspace that is
        deleted by now is left out.
        """
        if self.account is None or self.membership is None:
            return ()
        if self.membership.role.manages:
            return tuple((workspace, None) for workspace in self.account.workspaces)
        given = self.membership.workspaces
        return tuple((w, given[w.id]) for w in self.account.workspaces if w.id in given)

    def find_workspace(self, workspace_id: str) -> Workspace:
        """Return one of the workspaces that the user may see; raises NotFoundError."""
        for workspace, _ in self.workspaces:
            if workspace.id == workspace_id:
                return workspace
        raise NotFoundError
