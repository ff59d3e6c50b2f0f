"""`/api/v1/invitations`: invitations to the account, managed by its owner and admins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.accounts.invitations import parse_invited_role
from chalicelib.domain.accounts.workspace_roles import parse_workspace_roles
from chalicelib.domain.clock import rfc3339
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import NotFoundError
from chalicelib.web.api.lists import list_answer, read_query
from chalicelib.web.contract.shapes.accounts import (
    CreateInvitationBody,
    InvitationAnswer,
    PersonName,
    WorkspaceAccess,
)
from chalicelib.web.contract.shapes.common import Page
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.requests import is_id, read_body
from chalicelib.web.kit.routing.json_api import JsonApi
from chalicelib.web.kit.visitor import account_admin, in_account

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.accounts.invitations import Invitation
    from chalicelib.domain.user import Account

invitations_api = JsonApi(__name__)


@invitations_api.call(
    "GET /api/v1/invitations",
    access=Access.ADMIN,
    summary="The open invitations, newest first",
    outcome="A page of invitations; an expired one stays until it is resent or revoked.",
    answer=Page[InvitationAnswer],
    refusals=(422,),
)
def list_invitations() -> Response:
    """List the open invitations, newest first."""
    request = invitations_api.current_request
    (_, admin), (_, account, _) = account_admin(request), in_account(request)
    page, _ = read_query(request)
    found = services().invitations.page(admin, page)
    return list_answer(found, lambda invitation: invitation_view(invitation, account))


@invitations_api.call(
    "POST /api/v1/invitations",
    access=Access.ADMIN,
    summary="Invite an address; the answer doesn't depend on whether anybody has it",
    outcome="The invitation; its link is mailed.",
    status=201,
    body=CreateInvitationBody,
    answer=InvitationAnswer,
    refusals=(409,),
)
def create_invitation() -> InvitationAnswer:
    """Invite an email; the answer is the same whether or not a user has it."""
    request = invitations_api.current_request
    (_, admin), (_, account, _) = account_admin(request), in_account(request)
    body = read_body(request, CreateInvitationBody)
    email = EmailAddress.parse(body.email)
    role = parse_invited_role(body.role)
    given = [(access.id, access.role) for access in body.workspaces]
    roles = parse_workspace_roles(given, account.workspaces, role)
    made = services().invitations.create(admin, email, role, roles)
    return invitation_view(made, account)


@invitations_api.call(
    "POST /api/v1/invitations/{invitation_id}/resend",
    access=Access.ADMIN,
    summary="Mail one more link; earlier ones stay good for their time",
    outcome="The invitation, with the end of its newest link.",
    status=202,
    answer=InvitationAnswer,
    refusals=(404,),
)
def resend_invitation(invitation_id: str) -> InvitationAnswer:
    """Send one more link; earlier links still work."""
    request = invitations_api.current_request
    (_, admin), (_, account, _) = account_admin(request), in_account(request)
    if not is_id(invitation_id):
        raise NotFoundError
    renewed = services().invitations.resend(admin, invitation_id)
    return invitation_view(renewed, account)


@invitations_api.call(
    "DELETE /api/v1/invitations/{invitation_id}",
    access=Access.ADMIN,
    summary="Revoke an invitation; none of its links is good any more",
    outcome="It is revoked.",
    status=204,
    refusals=(404,),
)
def revoke_invitation(invitation_id: str) -> None:
    """Revoke an invitation and all its links."""
    _, admin = account_admin(invitations_api.current_request)
    if not is_id(invitation_id):
        raise NotFoundError
    services().invitations.revoke(admin, invitation_id)


def invitation_view(invitation: Invitation, account: Account) -> InvitationAnswer:
    """Convert an invitation to its answer."""
    existing = {workspace.id for workspace in account.workspaces}
    return InvitationAnswer(
        id=invitation.id,
        email=invitation.email.value,
        role=invitation.role,
        workspaces=[
            WorkspaceAccess(workspace_id, role)
            for workspace_id, role in invitation.workspaces.items()
            if workspace_id in existing
        ],
        invited_by=PersonName(invitation.inviter_id, invitation.inviter_name),
        created_at=rfc3339(invitation.created_at),
        expires_at=rfc3339(invitation.expires_at),
        status=invitation.status(services().clock()),
    )
