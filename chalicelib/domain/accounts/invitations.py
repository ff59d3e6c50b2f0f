"""Invitations: who is asked into an account, as what, and until when."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType
from chalicelib.domain.errors import ConflictError, DomainError, InvalidValueError
from chalicelib.domain.roles import Role
from chalicelib.domain.user import Membership

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.roles import WorkspaceRole
    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import Account, AccountAdmin, User

INVITATIONS_MAX = 1_000
# Ownership is handed over by its owner, never given away by mail.
INVITED_ROLES = (Role.MEMBER, Role.ADMIN)


class TooManyInvitationsError(DomainError):
    """The account has all the open invitations that it may have."""

    reason = "too_many_invitations"
    message = f"An account can have {INVITATIONS_MAX:,} open invitations. Revoke some first."


class AlreadyInvitedError(ConflictError):
    """The address has an open invitation to this account."""

    reason = "already_invited"
    message = "This address has an invitation already. Resend that one, or revoke it first."


class AlreadyMemberError(ConflictError):
    """The address belongs to somebody in this account, suspended or not."""

    reason = "already_member"
    message = "Whoever has this address is in the account already."


class InvitationStatus(StrEnum):
    """Whether any of an invitation's links can still be good."""

    PENDING = "pending"
    EXPIRED = "expired"
    # Its inviter is no active owner or admin any more.
    ENDED = "ended"


@dataclass(frozen=True)
class Invitation:
    """A person asked into an account; an account has one at most for an address.

    It stays until it is accepted or revoked. `expires_at` is the end of its newest link. Its
    inviter is who sent it last; it lets nobody in without `inviter_grant`, the membership that
    they sent it with.
    """

    id: str
    account_id: str
    email: EmailAddress
    role: Role
    inviter_id: str
    inviter_name: str
    created_at: datetime
    expires_at: datetime
    workspaces: Mapping[str, WorkspaceRole] = field(default_factory=dict)
    # None in rows of earlier versions, which the inviter's role alone decides about.
    inviter_grant: str | None = None
    is_ended: bool = False

    def judged_by(self, inviter: User | None) -> Invitation:
        """Return it as ended unless its inviter, as they are now, could still invite."""
        membership = inviter.memberships.get(self.account_id) if inviter else None
        stands = membership is not None and membership.is_active and membership.role.manages
        if membership is not None and self.inviter_grant is not None:
            stands = stands and membership.grant == self.inviter_grant
        return replace(self, is_ended=not stands)

    def renewed_by(self, manager: AccountAdmin, expires_at: datetime) -> Invitation:
        """Return it as sent again by somebody, who stands for it from then on."""
        return replace(
            self,
            inviter_id=manager.user_id,
            inviter_name=manager.name,
            inviter_grant=manager.grant,
            expires_at=expires_at,
            is_ended=False,
        )

    @property
    def party(self) -> Party:
        """What the audit trail calls it."""
        return Party(PartyType.INVITATION, self.id, self.email.value)

    def status(self, now: datetime) -> InvitationStatus:
        """Say whether it can still be accepted without being sent again."""
        if self.is_ended:
            return InvitationStatus.ENDED
        return InvitationStatus.PENDING if now < self.expires_at else InvitationStatus.EXPIRED

    def membership_in(self, account: Account) -> Membership:
        """Make what accepting it gives; a workspace that is gone meanwhile is left out."""
        existing = {workspace.id for workspace in account.workspaces}
        return Membership(
            account.id,
            account.name,
            self.role,
            workspaces={key: role for key, role in self.workspaces.items() if key in existing},
        )


def parse_invited_role(text: str) -> Role:
    """Read the role that an invitation offers; raises InvalidValueError for any other."""
    for role in INVITED_ROLES:
        if text == role:
            return role
    raise InvalidValueError("Choose member or admin.", param="role")


@dataclass(frozen=True)
class OpenInvitation:
    """What a good link leads to: the invitation, its account, and whose its address is."""

    invitation: Invitation
    account: Account
    user_id: str | None


def may_accept(opened: OpenInvitation, user: User, session: Session | None) -> bool:
    """Whether a session stands for its user here: no account's provider joins others for them."""
    if session is None:
        return False
    return session.reaches(opened.account.id) or session.speaks_for(user)


@dataclass(frozen=True)
class Guest:
    """Whoever follows a link: the person signed in there, and what a new one gives."""

    user: User | None = None
    session: Session | None = field(default=None, repr=False)
    name: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Acceptance:
    """A link about to be spent: who joins by it, and as what."""

    link: Link
    invitation: Invitation
    user: User
    membership: Membership
    origin: RequestOrigin
    at: datetime

    @property
    def events(self) -> tuple[AuditEvent, AuditEvent]:
        """What the account's audit trail tells of it."""
        joined = self.user.party
        workspaces = {key: role.value for key, role in self.membership.workspaces.items()}
        details = {"role": self.membership.role.value, "workspaces": workspaces}
        account_id = self.membership.account_id
        return (
            AuditEvent(
                EventName.INVITATION_ACCEPTED,
                account_id,
                self.at,
                joined,
                self.origin,
                self.invitation.party,
            ),
            AuditEvent(
                EventName.MEMBER_JOINED, account_id, self.at, joined, self.origin, joined, details
            ),
        )
