"""`/api/v1/members`: the members of an account; `/auth/session/account/leave`: leaving it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.accounts.members import MemberChange
from chalicelib.domain.errors import NotFoundError
from chalicelib.web.api.lists import list_answer, read_query
from chalicelib.web.api.views import account_view
from chalicelib.web.contract.shapes.accounts import (
    ChangeMemberBody,
    LeaveAccountBody,
    LeftAccountAnswer,
    MemberAnswer,
    TransferOwnershipBody,
    WorkspaceAccess,
)
from chalicelib.web.contract.shapes.common import Page
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.cookies import session_cookie
from chalicelib.web.kit.requests import is_id, origin_of, read_body
from chalicelib.web.kit.routing.json_api import JsonApi, json_answer
from chalicelib.web.kit.visitor import account_admin, in_account

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.accounts.members import Member
    from chalicelib.domain.user import Account, AccountAdmin

members_api = JsonApi(__name__)

_PATH = "/api/v1/members"


@members_api.call(
    "GET /api/v1/members",
    access=Access.ADMIN,
    summary="Who is in the account, in the order of their ids",
    outcome="A page of members, suspended ones included.",
    answer=Page[MemberAnswer],
    refusals=(422,),
)
def list_members() -> Response:
    """List the members in the order of their ids."""
    request = members_api.current_request
    _, account, _ = in_account(request)
    page, _ = read_query(request)
    found = services().members.page(account, page)
    return list_answer(found, lambda member: member_view(member, account))


@members_api.call(
    "PATCH /api/v1/members/{user_id}",
    access=Access.ADMIN,
    summary="Give a member another role or other workspaces; what is left out stays",
    outcome="The member as they are now.",
    body=ChangeMemberBody,
    answer=MemberAnswer,
    refusals=(404, 409),
)
def change_member(user_id: str) -> MemberAnswer:
    """Give a member another role or other workspaces."""
    account, admin = _asked(user_id)
    body = read_body(members_api.current_request, ChangeMemberBody)
    change = MemberChange(
        role=body.role if isinstance(body.role, str) else None,
        workspaces=[(given.id, given.role) for given in body.workspaces]
        if isinstance(body.workspaces, list)
        else None,
    )
    return member_view(services().members.change(admin, account, user_id, change), account)


@members_api.call(
    "POST /api/v1/members/{user_id}/suspend",
    access=Access.ADMIN,
    summary="Suspend a member; their sessions in the account end at once, for good",
    outcome="The member, suspended.",
    answer=MemberAnswer,
    refusals=(404, 409, 415, 422),
)
def suspend_member(user_id: str) -> MemberAnswer:
    """End a member's access until they are reactivated."""
    account, admin = _asked(user_id)
    return member_view(services().members.suspend(admin, user_id), account)


@members_api.call(
    "POST /api/v1/members/{user_id}/reactivate",
    access=Access.ADMIN,
    summary="Let a suspended member in again, as what they were",
    outcome="The member, active.",
    answer=MemberAnswer,
    refusals=(404, 409, 415),
)
def reactivate_member(user_id: str) -> MemberAnswer:
    """Reactivate a suspended member."""
    account, admin = _asked(user_id)
    return member_view(services().members.reactivate(admin, user_id), account)


@members_api.call(
    "DELETE /api/v1/members/{user_id}",
    access=Access.ADMIN,
    summary="End a membership; their sessions in the account end at once",
    outcome="They are out of the account.",
    status=204,
    refusals=(404, 409, 422),
)
def remove_member(user_id: str) -> None:
    """Remove a member."""
    _, admin = _asked(user_id)
    services().members.remove(admin, user_id)


@members_api.call(
    "POST /api/v1/account/transfer_ownership",
    access=Access.OWNER,
    summary="Make an active admin the owner, and yourself an admin; the owner's call alone",
    outcome="The new owner.",
    body=TransferOwnershipBody,
    answer=MemberAnswer,
    refusals=(404, 409),
)
def transfer_ownership() -> MemberAnswer:
    """Make an admin the owner."""
    user_id = read_body(members_api.current_request, TransferOwnershipBody).user_id
    account, admin = _asked(user_id)
    return member_view(services().members.hand_over(admin, user_id), account)


@members_api.call(
    "POST /auth/session/account/leave",
    access=Access.MEMBER,
    summary="Leave the open account",
    outcome="What accounts are left, and a new cookie.",
    body=LeaveAccountBody,
    answer=LeftAccountAnswer,
    refusals=(404, 409),
)
def leave_account() -> Response:
    """End the caller's membership of the open account; the new token has no account open.

    The body names the account, so that one which another tab has opened isn't left by mistake.
    """
    request = members_api.current_request
    visitor, _, _ = in_account(request)
    account_id = read_body(request, LeaveAccountBody).account_id
    token, left = services().members.leave(
        visitor.user, visitor.session, account_id, origin_of(request)
    )
    accounts = [account_view(membership) for membership in left]
    answer = (
        LeftAccountAnswer("choose_account", accounts) if left else LeftAccountAnswer("no_account")
    )
    return json_answer(answer, cookies=[session_cookie().set(token.value)])


def member_view(member: Member, account: Account) -> MemberAnswer:
    """Convert a member to their answer."""
    return MemberAnswer(
        user_id=member.user_id,
        email=member.email.value,
        name=member.name,
        role=member.role,
        status=member.membership.status,
        workspaces=[
            WorkspaceAccess(id=key, role=role)
            for key, role in member.workspaces_in(account).items()
        ],
    )


def _asked(user_id: str) -> tuple[Account, AccountAdmin]:
    request = members_api.current_request
    _, account, _ = in_account(request)
    _, admin = account_admin(request)
    if not is_id(user_id):
        raise NotFoundError
    return account, admin
