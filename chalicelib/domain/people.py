"""People, accounts, and who may do what in which."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.sso import DomainSso

MAIN_WORKSPACE = "Main"


class Role(StrEnum):
    """What a person is in an account."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"

    @property
    def manages(self) -> bool:
        """Whether the role administers the account."""
        return self is not Role.MEMBER


class MembershipStatus(StrEnum):
    """Whether a membership gives access at present."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True)
class Membership:
    """A user in an account."""

    account_id: str
    account_name: str
    role: Role
    status: MembershipStatus = MembershipStatus.ACTIVE

    @property
    def id(self) -> str:
        """The account's id."""
        return self.account_id

    @property
    def name(self) -> str:
        """The account's name."""
        return self.account_name

    @property
    def is_active(self) -> bool:
        """Whether it gives access."""
        return self.status is MembershipStatus.ACTIVE


@dataclass(frozen=True)
class User:
    """A person; `credentials_version` grows with each new password."""

    id: str
    email: EmailAddress
    name: str
    created_at: datetime
    credentials_version: int = 1
    password_hash: str | None = field(default=None, repr=False)
    memberships: Mapping[str, Membership] = field(default_factory=dict)

    @property
    def active_memberships(self) -> tuple[Membership, ...]:
        """The memberships that give access, by account name."""
        active = (m for m in self.memberships.values() if m.is_active)
        return tuple(sorted(active, key=lambda m: (m.account_name.casefold(), m.account_id)))

    def may_use_password(self, sso: DomainSso | None) -> bool:
        """Whether a password can open anything for them, under the SSO of their email's domain.

        Owners and admins of the account that enforces SSO keep theirs.
        """
        if self.is_shut_out:
            return False
        if sso is None or not sso.enforced:
            return True
        membership = self.memberships.get(sso.account_id)
        return membership is not None and membership.is_active and membership.role.manages

    @property
    def is_shut_out(self) -> bool:
        """Whether every membership is suspended; someone who never had one isn't."""
        return bool(self.memberships) and not self.active_memberships


@dataclass(frozen=True)
class Workspace:
    """A named area of an account."""

    id: str
    name: str
    description: str
    created_at: datetime


@dataclass(frozen=True)
class Account:
    """A tenant: a company or team, with exactly one owner."""

    id: str
    name: str
    owner_id: str
    created_at: datetime
    workspaces: tuple[Workspace, ...] = ()


@dataclass(frozen=True)
class Manager:
    """An owner or admin in the account that they have open, and when they last proved it."""

    user_id: str
    account_id: str
    proved_at: datetime
