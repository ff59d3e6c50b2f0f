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

    @property
    def is_exempt_from_sso(self) -> bool:
        """Whether the role keeps its password in an account that enforces SSO.

        This is the one rule of who is exempt; conditions in storage only repeat it. An account
        needs somebody who can sign in when its provider breaks.
        """
        return self.manages


class WorkspaceRole(StrEnum):
    """A member's role in a workspace that they were given."""

    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class MembershipStatus(StrEnum):
    """Whether a membership gives access."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
