"""Users, accounts, and who may do what in which."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.event import AuditEvent, Party, PartyType
from chalicelib.domain.roles import MembershipStatus, Role, WorkspaceRole
from chalicelib.domain.sso.connection import AccountSso
from chalicelib.domain.tokens import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.domain.audit.event import EventName
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.sso.provider import DomainSso

MAIN_WORKSPACE = "Main"


@dataclass(frozen=True)
class Membership:
    """A user in an account.

    `grant` names one period of access: joining and reactivation start a new one, and a session
    opened under an older one never works again (`D7`). `version` counts the changes, so that of two
    admins who edit the same membership the second one sees a conflict. `workspaces` are by id and
    matter for members only: owners and admins can open every workspace.
    """

    account_id: str
    account_name: str
    role: Role
    status: MembershipStatus = MembershipStatus.ACTIVE
    grant: str = field(default_factory=lambda: new_id("grt"))
    version: int = 1
    workspaces: Mapping[str, WorkspaceRole] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return the account's id."""
        return self.account_id

    @property
    def name(self) -> str:
        """Return the account's name."""
        return self.account_name

    @property
    def account_party(self) -> Party:
        """Return the account's name in the audit log."""
        return Party(PartyType.ACCOUNT, self.account_id, self.account_name)

    @property
    def is_active(self) -> bool:
        """Check whether it gives access."""
        return self.status is MembershipStatus.ACTIVE


@dataclass(frozen=True)
class WayBack:
    """A change of email that can be undone, by the `sessions_version` that it set.

    Undoing one also ends the undo of all later changes, so that an attacker who took over an
    account and changed its email can't return through them. Earlier changes can still be undone.
    """

    version: int
    until: datetime


@dataclass(frozen=True)
class User:
    """A user.

    `credentials_version` grows with each new password, `sessions_version` each time they sign out
    everywhere else: sessions of an older version no longer work.
    """

    id: str
    email: EmailAddress
    name: str
    created_at: datetime
    credentials_version: int = 1
    password_hash: str | None = field(default=None, repr=False)
    memberships: Mapping[str, Membership] = field(default_factory=dict)
    # The account that they opened last, which a choice of accounts shows first.
    last_account_id: str | None = None
    sessions_version: int = 0
    # The credentials_version of their last password sign-in.
    signed_in_version: int = 0
    # The changes of email that can still be undone, oldest first.
    ways_back: tuple[WayBack, ...] = ()
    # The accounts that removed them, even if they came back.
    removed_from: frozenset[str] = frozenset()

    def open_ways_back(self, now: datetime) -> tuple[WayBack, ...]:
        """Return the changes of email that can be undone at this time."""
        return tuple(way for way in self.ways_back if way.until > now)

    @property
    def active_memberships(self) -> tuple[Membership, ...]:
        """Return the memberships that give access, by account name."""
        active = (m for m in self.memberships.values() if m.is_active)
        return tuple(sorted(active, key=lambda m: (m.account_name.casefold(), m.account_id)))

    @property
    def suspended_memberships(self) -> tuple[Membership, ...]:
        """Return the suspended memberships, by account name."""
        suspended = (m for m in self.memberships.values() if not m.is_active)
        return tuple(sorted(suspended, key=lambda m: (m.account_name.casefold(), m.account_id)))

    def workspaces_outside(self, account_id: str) -> int:
        """Return how many workspaces they have in all their accounts except one."""
        others = (m for m in self.memberships.values() if m.account_id != account_id)
        return sum(len(membership.workspaces) for membership in others)

    @property
    def party(self) -> Party:
        """Return the user's name in the audit log."""
        return Party(PartyType.USER, self.id, self.name)

    def event(
        self, name: EventName, account_id: str, now: datetime, origin: RequestOrigin, **details: Any
    ) -> AuditEvent:
        """Make an event about something they do, for an account's audit log."""
        return AuditEvent(name, account_id, now, self.party, origin, None, details)

    def may_use_password(self, sso: DomainSso | None) -> bool:
        """Check whether a password signs them in, under the SSO of their email's domain.

        Owners and admins of the account that enforces SSO can use a password. So can users whom its
        provider refuses because it suspended or removed them, and users in no account: an account
        can't lock a user out of the product.
        """
        if sso is None or not sso.enforced:
            return True
        membership = self.memberships.get(sso.account_id)
        if membership is None:
            return not self.memberships or sso.account_id in self.removed_from
        return not membership.is_active or membership.role.is_exempt_from_sso

    @property
    def has_used_password(self) -> bool:
        """Check whether their current password has signed them in before."""
        return self.signed_in_version == self.credentials_version


@dataclass(frozen=True)
class Workspace:
    """A named area of an account; `version` counts its changes, like a membership's."""

    id: str
    name: str
    description: str
    created_at: datetime
    version: int = 1

    @property
    def party(self) -> Party:
        """Return its name in the audit log."""
        return Party(PartyType.WORKSPACE, self.id, self.name)


@dataclass(frozen=True)
class Account:
    """A tenant: a company or team, with exactly one owner."""

    id: str
    name: str
    owner_id: str
    created_at: datetime
    workspaces: tuple[Workspace, ...] = ()
    member_count: int = 1
    sso: AccountSso = field(default_factory=AccountSso)


@dataclass(frozen=True)
class AccountAdmin:
    """An owner or admin in their open account, and when they last proved who they are.

    It holds what they were when the request began; each write checks that they still are.
    """

    user_id: str
    name: str
    role: Role
    account_id: str
    proved_at: datetime | None
    origin: RequestOrigin
    # The grant of the membership they act under; what they send out ends with it.
    grant: str | None = None

    def event(
        self, name: EventName, now: datetime, target: Party | None = None, **details: Any
    ) -> AuditEvent:
        """Make an event about something they do, for the account's audit log."""
        actor = Party(PartyType.USER, self.user_id, self.name)
        return AuditEvent(name, self.account_id, now, actor, self.origin, target, details)
