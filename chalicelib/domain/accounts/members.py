"""An account's members: which changes its owner and admins may make, and which no one may."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.workspace_roles import demand_room, parse_workspace_roles
from chalicelib.domain.audit.event import Party, PartyType
from chalicelib.domain.errors import InvalidValueError, NotAllowedError
from chalicelib.domain.roles import MembershipStatus, Role
from chalicelib.domain.tokens import new_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.roles import WorkspaceRole
    from chalicelib.domain.user import Account, Membership


class OwnerUntouchableError(NotAllowedError):
    """The owner can't be changed, suspended or removed; they can only transfer ownership."""

    reason = "owner_untouchable"
    message = (
        "The owner can't be changed, suspended or removed, and can't leave. "
        "Ownership has to be handed over to an admin first."
    )


class OwnAccessError(InvalidValueError):
    """A call that changes other members would take away the caller's own access."""

    reason = "own_access"
    message = "You can't do that to yourself. To go, leave the account from your profile."


@dataclass(frozen=True)
class Member:
    """A user in one account."""

    user_id: str
    email: EmailAddress
    name: str
    membership: Membership
    # How many workspaces they have in other accounts. Never shown to anyone.
    workspaces_elsewhere: int = 0

    @property
    def role(self) -> Role:
        """Return their role in the account."""
        return self.membership.role

    @property
    def is_owner(self) -> bool:
        """Check whether they own the account."""
        return self.role is Role.OWNER

    @property
    def may_manage(self) -> bool:
        """Check whether they are an active owner or admin."""
        return self.membership.is_active and self.role.manages

    @property
    def party(self) -> Party:
        """Return their name in the audit log."""
        return Party(PartyType.USER, self.user_id, self.name)

    def workspaces_in(self, account: Account) -> dict[str, WorkspaceRole]:
        """Return the existing workspaces they were given; none for owners and admins."""
        if self.role.manages:
            return {}
        existing = {workspace.id for workspace in account.workspaces}
        return {key: role for key, role in self.membership.workspaces.items() if key in existing}

    def with_status(self, status: MembershipStatus) -> Member:
        """Suspend or reactivate: starts a new grant, so earlier sessions never work again."""
        return self._with(status=status, grant=new_id("grt"))

    def with_role(self, role: Role, workspaces: dict[str, WorkspaceRole] | None = None) -> Member:
        """Change their role in the account, or their workspaces."""
        return self._with(role=role, workspaces=workspaces or {})

    def _with(self, **changes: Any) -> Member:
        changed = replace(self.membership, version=self.membership.version + 1, **changes)
        return replace(self, membership=changed)


@dataclass(frozen=True)
class MemberChange:
    """A requested change of a member; None leaves a value as it is."""

    role: str | None = None
    workspaces: Sequence[tuple[str, str]] | None = None

    def applied_to(self, member: Member, account: Account) -> Member:
        """Return the changed member, or the same one if nothing is new.

        Raises OwnerUntouchableError, InvalidValueError, TooManyWorkspacesGivenError.
        """
        if member.is_owner:
            raise OwnerUntouchableError
        role = member.role if self.role is None else parse_role(self.role)
        before = member.workspaces_in(account)
        after = before if role is Role.MEMBER else {}
        if self.workspaces is not None:
            after = parse_workspace_roles(self.workspaces, account.workspaces, role)
        if (role, after) == (member.role, before):
            return member
        if len(after) > len(before):
            demand_room(member.workspaces_elsewhere, len(after))
        return member.with_role(role, after)


def parse_role(text: str) -> Role:
    """Read the new role of a member; raises InvalidValueError."""
    if text == Role.OWNER:
        words = "An account has one owner. Hand over ownership to make somebody else the owner."
        raise InvalidValueError(words, param="role")
    if text not in (Role.ADMIN, Role.MEMBER):
        raise InvalidValueError("Choose member or admin.", param="role")
    return Role(text)


def difference(before: Member, after: Member) -> dict[str, Any]:
    """Return the old and new values of a changed member, for the audit log."""
    fields: dict[str, Any] = {}
    if before.role is not after.role:
        fields |= {"old_role": before.role.value, "new_role": after.role.value}
    old, new = (dict(m.membership.workspaces) for m in (before, after))
    if old != new:
        fields |= {
            "old_workspaces": {key: role.value for key, role in old.items()},
            "new_workspaces": {key: role.value for key, role in new.items()},
        }
    return fields
