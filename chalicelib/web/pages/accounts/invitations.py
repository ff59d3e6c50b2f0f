"""`/settings/members/invite`: invite, resend, revoke."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services, settings
from chalicelib.domain.accounts.invitations import parse_invited_role
from chalicelib.domain.accounts.workspace_roles import parse_workspace_roles
from chalicelib.domain.clock import in_words
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.roles import Role
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import is_id, read_form
from chalicelib.web.kit.routing.pages import SettingsPages
from chalicelib.web.kit.visitor import PageVisitor, account_admin, in_account

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalice import Response

    from chalicelib.web.kit.errors import HttpError

invitations_pages = SettingsPages(__name__)

_MEMBERS = "/settings/members"
_WORKSPACE = "workspace_"


@invitations_pages.view("GET /settings/members/invite", access=Access.ADMIN)
def show_invite() -> Response:
    """Show the empty form after a fresh proof, because a later proof would lose the input."""
    _, admin = account_admin(invitations_pages.current_request)
    services().invitations.require_proof(admin)
    return _page({"role": Role.MEMBER.value}, {})


def _refused(form: dict[str, str], words: HttpError) -> Response:
    return _page(form, {words.param or "email": words.message}, words.status)


@invitations_pages.view("POST /settings/members/invite", access=Access.ADMIN, refused=_refused)
def invite() -> Response:
    """Invite an email; the next page is the same whether or not a user has it."""
    request = invitations_pages.current_request
    (_, admin), (_, account, _) = account_admin(request), in_account(request)
    form = read_form(request)
    email = EmailAddress.parse(form.get("email", ""))
    role = parse_invited_role(form.get("role", ""))
    # The form always shows the workspaces; for an admin the choice has no meaning.
    chosen = [] if role.manages else list(_chosen(form).items())
    roles = parse_workspace_roles(chosen, account.workspaces, role)
    services().invitations.create(admin, email, role, roles)
    return see_other(f"{_MEMBERS}?done=invited")


@invitations_pages.view("POST /settings/invitations/{invitation_id}/resend", access=Access.ADMIN)
def resend_invitation(invitation_id: str) -> Response:
    """Send one more link."""
    _, admin = account_admin(invitations_pages.current_request)
    if not is_id(invitation_id):
        raise NotFoundError
    services().invitations.resend(admin, invitation_id)
    return see_other(f"{_MEMBERS}?done=resent")


@invitations_pages.view("POST /settings/invitations/{invitation_id}/revoke", access=Access.ADMIN)
def revoke_invitation(invitation_id: str) -> Response:
    """Revoke an invitation and all its links."""
    _, admin = account_admin(invitations_pages.current_request)
    if not is_id(invitation_id):
        raise NotFoundError
    services().invitations.revoke(admin, invitation_id)
    return see_other(f"{_MEMBERS}?done=revoked")


def _chosen(form: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(_WORKSPACE): role
        for name, role in form.items()
        if name.startswith(_WORKSPACE) and role
    }


def _page(
    form: Mapping[str, str], errors: Mapping[str, str], status: int = HTTPStatus.OK
) -> Response:
    visitor, account, _ = in_account(invitations_pages.current_request)
    return page(
        "accounts/member_invite.html",
        status=status,
        visitor=PageVisitor.of(visitor),
        workspaces=account.workspaces,
        values={
            "email": form.get("email", ""),
            "role": form.get("role", ""),
            "workspaces": _chosen(form),
        },
        errors=errors,
        lifetime=in_words(settings().invitation),
    )
