"""What a user may do in an account and in its workspaces."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """A user's role in an account."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"

    @property
    def manages(self) -> bool:
        """Check whether the role manages the account."""
        return self is not Role.MEMBER


class WorkspaceRole(StrEnum):
    """A member's role in a workspace that they were given."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class MembershipStatus(StrEnum):
    """Whether a membership gives access."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
