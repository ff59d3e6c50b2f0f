"""Inviting people into an account by mail.

An address gets the same answer and the same requests whether or not anybody has it: who it belongs
to is learnt by whoever holds the mailed link, and by nobody else.
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
        manager: AccountAdmin,
        email: EmailAddress,
        role: Role,
        workspaces: Mapping[str, WorkspaceRole],
    ) -> Invitation:
        """Invite an address, and ask for its mail.

        Raises ProofRequiredError (`D9`), AlreadyMemberError, which the account's list of members
        tells as well, AlreadyInvitedError, TooManyInvitationsError.
        """
        now = self.require_proof(manager)
        user_id = self.users.look_up(email).user_id
        invitation = Invitation(
            id=new_id("inv"),
            account_id=manager.account_id,
            email=email,
            role=role,
            inviter_id=manager.user_id,
            inviter_name=manager.name,
            created_at=now,
            expires_at=now + self.link_lifetime,
            workspaces=workspaces,
            inviter_grant=manager.grant,
        )
        event = manager.event(
            EventName.INVITATION_CREATED,
            now,
            invitation.party,
            role=role.value,
            workspaces={key: given.value for key, given in workspaces.items()},
        )
        self.invitations.add(invitation, user_id, manager, event)
        # It is made: an error now would have the caller try again, and meet their own invitation.
        # Without its mail it stands in the list, where it can be sent again.
        self.queue.put_notice(_mail_of(invitation, manager, now))
        return invitation

    def page(self, manager: AccountAdmin, asked: PageRequest) -> Slice[Invitation]:
        """List the account's open invitations, newest first."""
        return self.invitations.page(manager.account_id, asked)

    def resend(self, manager: AccountAdmin, invitation_id: str) -> Invitation:
        """Send one more link; earlier ones stay good for their time.

        Whoever sends it is its inviter from then on, so an ended invitation is open again.
        Raises ProofRequiredError (`D9`), NotFoundError.
        """
        now = self.require_proof(manager)
        invitation, _ = self.invitations.get(manager.account_id, invitation_id)
        renewed = invitation.renewed_by(manager, now + self.link_lifetime)
        event = manager.event(EventName.INVITATION_RESENT, now, renewed.party)
        self.invitations.renew(renewed, manager, event)
        self.queue.put(_mail_of(renewed, manager, now))
        return renewed

    def revoke(self, manager: AccountAdmin, invitation_id: str) -> None:
        """End an invitation: none of its links is good any more.

        Raises ProofRequiredError (`D9`), NotFoundError.
        """
        now = self.require_proof(manager)
        invitation, _ = self.invitations.get(manager.account_id, invitation_id)
        event = manager.event(EventName.INVITATION_REVOKED, now, invitation.party)
        self.invitations.revoke(invitation, manager, event)

    def require_proof(self, manager: AccountAdmin) -> datetime:
        """Return the time of an inviter whose proof is fresh; raises ProofRequiredError."""
        now = self.clock()
        require_fresh_proof(manager.proved_at, now, self.proof)
        return now

    def send_mail(self, request: Job) -> None:
        """Mail a link, unless the invitation was accepted or revoked, or has ended, meanwhile."""
        asked = request.details
        try:
            invitation, account = self.invitations.get(asked["account_id"], asked["invitation_id"])
        except NotFoundError:
            return
        if invitation.is_ended:
            return
        token = self.links.issue_for(invitation, self.clock() + self.link_lifetime)
        told = {
            "inviter_name": invitation.inviter_name,
            "account_name": account.name,
            "link": f"{self.public_url}/invitation?token={token}",
            "lifetime": self.link_lifetime,
            # Where the inviter sits is none of a stranger's business.
            "address": "",
            "client": "",
        }
        self.mailer.send(Mail(invitation.email.value, "invitation", {**request.asked, **told}))


def _mail_of(invitation: Invitation, manager: AccountAdmin, now: datetime) -> Job:
    details = {
        "account_id": invitation.account_id,
        "invitation_id": invitation.id,
        "inviter_id": manager.user_id,
    }
    return Job.asked_by(manager.origin, JobKind.INVITATION, invitation.email.value, now, details)
