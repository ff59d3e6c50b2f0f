"""`/api/v1/invitations`: who is asked into the account, for its owner and admins."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.accounts.invitations import parse_invited_role
from chalicelib.domain.accounts.workspace_roles import parse_workspace_roles
from chalicelib.domain.clock import rfc3339
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import NotFoundError
from chalicelib.web.api.lists import list_answer, read_query
from chalicelib.web.contract import answers, bodies
from chalicelib.web.kit.blueprints import JsonApi, json_answer
from chalicelib.web.kit.requests import is_id, read_body
from chalicelib.web.kit.visitor import in_account, manager

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.accounts.invitations import Invitation
    from chalicelib.domain.user import Account

invitations_api = JsonApi(__name__)


@invitations_api.route("/api/v1/invitations")
def list_invitations() -> Response:
    """List the open invitations, newest first."""
    request = invitations_api.current_request
    (_, who), (_, account, _) = manager(request), in_account(request)
    page, _ = read_query(request)
    found = services().invitations.page(who, page)
    return list_answer(found, lambda invitation: invitation_view(invitation, account))


@invitations_api.route("/api/v1/invitations", methods=["POST"])
def create_invitation() -> Response:
    """Invite an address; the same answer whether or not anybody has it."""
    request = invitations_api.current_request
    (_, who), (_, account, _) = manager(request), in_account(request)
    body = read_body(request, bodies.CreateInvitation)
    email = EmailAddress.parse(body.email)
    role = parse_invited_role(body.role)
    given = [(access.id, access.role) for access in body.workspaces]
    roles = parse_workspace_roles(given, account.workspaces, role)
    made = services().invitations.create(who, email, role, roles)
    return json_answer(invitation_view(made, account), status=HTTPStatus.CREATED)


@invitations_api.route("/api/v1/invitations/{invitation_id}/resend", methods=["POST"])
def resend_invitation(invitation_id: str) -> Response:
    """Send one more link; earlier ones stay good."""
    request = invitations_api.current_request
    (_, who), (_, account, _) = manager(request), in_account(request)
    if not is_id(invitation_id):
        raise NotFoundError
    renewed = services().invitations.resend(who, invitation_id)
    return json_answer(invitation_view(renewed, account), status=HTTPStatus.ACCEPTED)


@invitations_api.route("/api/v1/invitations/{invitation_id}", methods=["DELETE"])
def revoke_invitation(invitation_id: str) -> Response:
    """End an invitation and all its links."""
    _, who = manager(invitations_api.current_request)
    if not is_id(invitation_id):
        raise NotFoundError
    services().invitations.revoke(who, invitation_id)
    return json_answer(None, status=HTTPStatus.NO_CONTENT)


def invitation_view(invitation: Invitation, account: Account) -> answers.InvitationAnswer:
    """Show an invitation as it is listed."""
    existing = {workspace.id for workspace in account.workspaces}
    return answers.InvitationAnswer(
        id=invitation.id,
        email=invitation.email.value,
        role=invitation.role,
        workspaces=[
            answers.WorkspaceAccess(workspace_id, role)
            for workspace_id, role in invitation.workspaces.items()
            if workspace_id in existing
        ],
        invited_by=answers.PersonName(invitation.inviter_id, invitation.inviter_name),
        created_at=rfc3339(invitation.created_at),
        expires_at=rfc3339(invitation.expires_at),
        status=invitation.status(services().clock()),
    )
