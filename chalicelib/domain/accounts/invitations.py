"""Invitations: who is invited to an account, with which role, and until when."""

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
# Only the owner can transfer ownership, and never by an invitation.
INVITED_ROLES = (Role.MEMBER, Role.ADMIN)


class TooManyInvitationsError(DomainError):
    """The account has as many open invitations as it may have."""

    reason = "too_many_invitations"
    message = f"An account can have {INVITATIONS_MAX:,} open invitations. Revoke some first."


class AlreadyInvitedError(ConflictError):
    """The email has an open invitation to this account."""

    reason = "already_invited"
    message = "This address has an invitation already. Resend that one, or revoke it first."


class AlreadyMemberError(ConflictError):
    """The email belongs to a member of this account, active or suspended."""

    reason = "already_member"
    message = "Whoever has this address is in the account already."


class InvitationStatus(StrEnum):
    """Whether any link of an invitation can still be valid."""

    PENDING = "pending"
    EXPIRED = "expired"
    # Its inviter is no longer an active owner or admin.
    ENDED = "ended"


@dataclass(frozen=True)
class Invitation:
    """A user invited to an account; an email has at most one invitation to an account.

    It stays until it is accepted or revoked. `expires_at` is when its newest link expires. Its
    inviter is the admin who sent it last. It is valid only while `inviter_grant`, the grant that
    the inviter held when they sent it, still exists.
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
    # None in rows of earlier versions; for those only the inviter's role is checked.
    inviter_grant: str | None = None
    is_ended: bool = False

    def judged_by(self, inviter: User | None) -> Invitation:
        """Return it as ended if its inviter may no longer invite."""
        membership = inviter.memberships.get(self.account_id) if inviter else None
        stands = membership is not None and membership.is_active and membership.role.manages
        if membership is not None and self.inviter_grant is not None:
            stands = stands and membership.grant == self.inviter_grant
        return replace(self, is_ended=not stands)

    def renewed_by(self, manager: AccountAdmin, expires_at: datetime) -> Invitation:
        """Return it as sent again by an admin, who becomes its inviter."""
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
        """Return its name in the audit log."""
        return Party(PartyType.INVITATION, self.id, self.email.value)

    def status(self, now: datetime) -> InvitationStatus:
        """Return whether it can still be accepted without being sent again."""
        if self.is_ended:
            return InvitationStatus.ENDED
        return InvitationStatus.PENDING if now < self.expires_at else InvitationStatus.EXPIRED

    def membership_in(self, account: Account) -> Membership:
        """Return the membership it gives, without workspaces that were deleted since."""
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
    """What a valid link leads to: the invitation, its account, and the email's user, if any."""

    invitation: Invitation
    account: Account
    user_id: str | None


def may_accept(opened: OpenInvitation, user: User, session: Session | None) -> bool:
    """Check that a session may accept for its user: an SSO session belongs to one account alone."""
    if session is None:
        return False
    return session.reaches(opened.account.id) or session.speaks_for(user)


@dataclass(frozen=True)
class Guest:
    """A visitor who follows an invitation's link: signed in, or with what they enter to sign up."""

    user: User | None = None
    session: Session | None = field(default=None, repr=False)
    name: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Acceptance:
    """The use of an invitation's link: who joins, and with which membership."""

    link: Link
    invitation: Invitation
    user: User
    membership: Membership
    origin: RequestOrigin
    at: datetime

    @property
    def events(self) -> tuple[AuditEvent, AuditEvent]:
        """Return the events for the account's audit log."""
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
