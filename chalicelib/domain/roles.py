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

    @property
    def is_exempt_from_sso(self) -> bool:
        """Whether the role keeps its password in an account that enforces SSO.

        This is the one rule of who is exempt; conditions in storage only repeat it. An account
        needs somebody who can sign in when its provider breaks.
        """
        return self.manages


class WorkspaceRole(StrEnum):
    """What a member is in a workspace that they were given."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class MembershipStatus(StrEnum):
    """Whether a membership gives access at present."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
