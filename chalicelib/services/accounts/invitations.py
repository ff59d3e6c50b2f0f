"""Inviting people into an account by mail.

Every email gets the same answer and the same requests, whether or not a user has it. Only the page
behind the mailed link reveals it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.invitations import Invitation
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.mail import Job, JobKind, Mail
from chalicelib.domain.sign_in.session import require_fresh_proof
from chalicelib.domain.tokens import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.lists import PageRequest, Slice
    from chalicelib.domain.roles import Role, WorkspaceRole
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.accounts.invitations import Invitations
    from chalicelib.storage.users.links import Links
    from chalicelib.storage.users.users import Users


@dataclass(frozen=True)
class InvitationService:
    """The invitations to the account that an owner or admin has open."""

    invitations: Invitations
    users: Users
    links: Links
    queue: JobQueue
    mailer: Mailer
    clock: Clock
    proof: timedelta
    public_url: str
    link_lifetime: timedelta

    def create(
        self,
        account_admin: AccountAdmin,
        email: EmailAddress,
        role: Role,
        workspaces: Mapping[str, WorkspaceRole],
    ) -> Invitation:
        """Store an invitation and queue its mail.

        Raises ProofRequiredError (`D9`), AlreadyInvitedError, TooManyInvitationsError, and
        AlreadyMemberError, which reveals nothing that the list of members doesn't show.
        """
        now = self.require_proof(account_admin)
        user_id = self.users.look_up(email).user_id
        invitation = Invitation(
            id=new_id("inv"),
            account_id=account_admin.account_id,
            email=email,
            role=role,
            inviter_id=account_admin.user_id,
            inviter_name=account_admin.name,
            created_at=now,
            expires_at=now + self.link_lifetime,
            workspaces=workspaces,
            inviter_grant=account_admin.grant,
        )
        event = account_admin.event(
            EventName.INVITATION_CREATED,
            now,
            invitation.party,
            role=role.value,
            workspaces={key: given.value for key, given in workspaces.items()},
        )
        self.invitations.add(invitation, user_id, account_admin, event)
        # The invitation is stored, so an error now would make the caller try again and fail with
        # AlreadyInvitedError. If the mail is lost, the invitation can be resent from the list.
        self.queue.put_notice(_mail_of(invitation, account_admin, now))
        return invitation

    def page(self, account_admin: AccountAdmin, asked: PageRequest) -> Slice[Invitation]:
        """List the account's open invitations, newest first."""
        return self.invitations.page(account_admin.account_id, asked)

    def resend(self, account_admin: AccountAdmin, invitation_id: str) -> Invitation:
        """Mail another link; earlier ones stay valid until they expire.

        The sender becomes the inviter, so an invitation that had ended is open again. Raises
        ProofRequiredError (`D9`), NotFoundError.
        """
        now = self.require_proof(account_admin)
        invitation, _ = self.invitations.get(account_admin.account_id, invitation_id)
        renewed = invitation.renewed_by(account_admin, now + self.link_lifetime)
        event = account_admin.event(EventName.INVITATION_RESENT, now, renewed.party)
        self.invitations.renew(renewed, account_admin, event)
        self.queue.put(_mail_of(renewed, account_admin, now))
        return renewed

    def revoke(self, account_admin: AccountAdmin, invitation_id: str) -> None:
        """End an invitation and all its links.

        Raises ProofRequiredError (`D9`), NotFoundError.
        """
        now = self.require_proof(account_admin)
        invitation, _ = self.invitations.get(account_admin.account_id, invitation_id)
        event = account_admin.event(EventName.INVITATION_REVOKED, now, invitation.party)
        self.invitations.revoke(invitation, account_admin, event)

    def require_proof(self, account_admin: AccountAdmin) -> datetime:
        """Check that an inviter's proof is fresh and return the time; raises ProofRequiredError."""
        now = self.clock()
        require_fresh_proof(account_admin.proved_at, now, self.proof)
        return now

    def send_mail(self, request: Job) -> None:
        """Mail a link, unless the invitation was accepted, was revoked or has ended meanwhile."""
        asked = request.details
        try:
            invitation, account = self.invitations.get(asked["account_id"], asked["invitation_id"])
        except NotFoundError:
            return
        if invitation.is_ended:
            return
        token = self.links.issue_for(invitation, self.clock() + self.link_lifetime)
        context = {
            "inviter_name": invitation.inviter_name,
            "account_name": account.name,
            "link": f"{self.public_url}/invitation?token={token}",
            "lifetime": self.link_lifetime,
            # The recipient may be a stranger, who must not learn the inviter's IP address.
            "address": "",
            "client": "",
        }
        self.mailer.send(Mail(invitation.email.value, "invitation", {**request.asked, **context}))


def _mail_of(invitation: Invitation, account_admin: AccountAdmin, now: datetime) -> Job:
    details = {
        "account_id": invitation.account_id,
        "invitation_id": invitation.id,
        "inviter_id": account_admin.user_id,
    }
    return Job.asked_by(
        account_admin.origin, JobKind.INVITATION, invitation.email.value, now, details
    )
