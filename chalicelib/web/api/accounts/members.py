"""`/api/v1/members`: who is in an account; and `/auth/session/account/leave`, going by oneself."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.accounts.members import MemberChange
from chalicelib.domain.errors import NotFoundError
from chalicelib.web.api.lists import list_answer, read_query
from chalicelib.web.api.views import account_view
from chalicelib.web.contract import answers, bodies
from chalicelib.web.kit.blueprints import JsonApi, json_answer
from chalicelib.web.kit.cookies import session_cookie
from chalicelib.web.kit.requests import is_id, origin_of, read_body
from chalicelib.web.kit.visitor import in_account, manager

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.accounts.members import Member
    from chalicelib.domain.user import Account, AccountAdmin

members_api = JsonApi(__name__)

_PATH = "/api/v1/members"


@members_api.route(_PATH)
def list_members() -> Response:
    """List who is in the account, in the order of their ids."""
    request = members_api.current_request
    _, account, _ = in_account(request)
    page, _ = read_query(request)
    found = services().members.page(account, page)
    return list_answer(found, lambda member: member_view(member, account))


@members_api.route(_PATH + "/{user_id}", methods=["PATCH"])
def change_member(user_id: str) -> answers.MemberAnswer:
    """Give a member another role or other workspaces."""
    account, who = _asked(user_id)
    body = read_body(members_api.current_request, bodies.ChangeMember)
    change = MemberChange(
        role=body.role if isinstance(body.role, str) else None,
        workspaces=[(given.id, given.role) for given in body.workspaces]
        if isinstance(body.workspaces, list)
        else None,
    )
    return member_view(services().members.change(who, account, user_id, change), account)


@members_api.route(_PATH + "/{user_id}/suspend", methods=["POST"])
def suspend_member(user_id: str) -> answers.MemberAnswer:
    """End a member's access until they are reactivated."""
    account, who = _asked(user_id)
    return member_view(services().members.suspend(who, user_id), account)


@members_api.route(_PATH + "/{user_id}/reactivate", methods=["POST"])
def reactivate_member(user_id: str) -> answers.MemberAnswer:
    """Let a suspended member in again."""
    account, who = _asked(user_id)
    return member_view(services().members.reactivate(who, user_id), account)


@members_api.route(_PATH + "/{user_id}", methods=["DELETE"])
def remove_member(user_id: str) -> Response:
    """End a membership."""
    _, who = _asked(user_id)
    services().members.remove(who, user_id)
    return json_answer(None, status=HTTPStatus.NO_CONTENT)


@members_api.route("/api/v1/account/transfer_ownership", methods=["POST"])
def transfer_ownership() -> answers.MemberAnswer:
    """Make an admin the owner."""
    user_id = read_body(members_api.current_request, bodies.TransferOwnership).user_id
    account, who = _asked(user_id)
    return member_view(services().members.hand_over(who, user_id), account)


@members_api.route("/auth/session/account/leave", methods=["POST"])
def leave_account() -> Response:
    """End one's own membership of the open account, under a new token with no account open.

    The body names the account, so that what another tab has opened meanwhile isn't left by mistake.
    """
    request = members_api.current_request
    visitor, _, _ = in_account(request)
    account_id = read_body(request, bodies.LeaveAccount).account_id
    token, left = services().members.leave(
        visitor.user, visitor.session, account_id, origin_of(request)
    )
    accounts = [account_view(membership) for membership in left]
    answer = {"next": "choose_account", "accounts": accounts} if left else {"next": "no_account"}
    return json_answer(answer, cookies=[session_cookie().set(token.value)])


def member_view(member: Member, account: Account) -> answers.MemberAnswer:
    """Show a member as they are listed."""
    return answers.MemberAnswer(
        user_id=member.user_id,
        email=member.email.value,
        name=member.name,
        role=member.role,
        status=member.membership.status,
        workspaces=[
            answers.WorkspaceAccess(id=key, role=role)
            for key, role in member.workspaces_in(account).items()
        ],
    )


def _asked(user_id: str) -> tuple[Account, AccountAdmin]:
    request = members_api.current_request
    _, account, _ = in_account(request)
    _, who = manager(request)
    if not is_id(user_id):
        raise NotFoundError
    return account, who
