"""What a user may do in an account and in its workspaces."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is in an account."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"

    @property
    def manages(self) -> bool:
        """Whether the role administers the account."""
        return self is not Role.MEMBER


class WorkspaceRole(StrEnum):
    """What a member is in a workspace that they were given."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class MembershipStatus(StrEnum):
    """Whether a membership gives access at present."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
