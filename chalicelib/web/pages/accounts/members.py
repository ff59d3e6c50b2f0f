"""`/settings/members`: list, change, suspend and remove members; transfer ownership."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import services
from chalicelib.domain.accounts.members import MemberChange
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.lists import PageRequest
from chalicelib.domain.roles import Role
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.html.rendering import page, see_other, url
from chalicelib.web.kit.requests import is_id, query_parameter, read_form
from chalicelib.web.kit.routing.pages import SettingsPages
from chalicelib.web.kit.visitor import PageVisitor, account_admin, admin_and_account, in_account

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalice import Response

    from chalicelib.domain.accounts.members import Member
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.web.kit.errors import HttpError

members_pages = SettingsPages(__name__)

_PATH = "/settings/members"
_MEMBER = _PATH + "/{user_id}"
_PAGE_LENGTH = 100
_WORKSPACE = "workspace_"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}\Z", re.ASCII)
_NOTICES = {
    "saved": "The changes are saved.",
    "suspended": "Suspended. Every session in this account ended at once.",
    "reactivated": "Reactivated. They can open this account again.",
    "removed": "The member is removed. Every session in this account ended at once.",
    "invited": "The invitation is on its way.",
    "resent": "The invitation is on its way once more. Earlier links stay good until their time.",
    "revoked": "The invitation is revoked. None of its links is good any more.",
    "handover-stopped": "The request is stopped. The account keeps its owner.",
    "handed-over": "Ownership is handed over. You're an admin now.",
}


@members_pages.view("GET /settings/members", access=Access.ADMIN)
def show_members() -> Response:
    """Show a page of the members, sorted by name."""
    request = members_pages.current_request
    visitor, account, _ = in_account(request)
    _, admin = account_admin(request)
    number = _page_number(query_parameter(request, "page"))
    found = services().members.page(account, PageRequest(number, _PAGE_LENGTH))
    invited = (
        services().invitations.page(admin, PageRequest(limit=_PAGE_LENGTH)) if number == 1 else None
    )
    return page(
        "accounts/members.html",
        visitor=PageVisitor.of(visitor),
        members=sorted(found.items, key=_by_name),
        total=found.total_count,
        invitations=invited.items if invited else (),
        more_invitations=invited is not None and invited.has_more,
        handover=services().handovers.waiting(account) if number == 1 else None,
        now=services().clock(),
        before=_page_url(number - 1) if number > 1 else None,
        after=_page_url(number + 1) if found.has_more else None,
        notice=_notice(),
    )


@members_pages.view("GET /settings/members/{user_id}", access=Access.ADMIN)
def show_member(user_id: str) -> Response:
    """Show one member and the possible actions."""
    return _member_page(_found(user_id), notice=_notice())


def _refused(form: dict[str, str], words: HttpError) -> Response:
    parameters = members_pages.current_request.uri_params or {}
    member = _found(parameters["user_id"])
    return _member_page(member, words.status, words=words, form=form)


@members_pages.view("POST /settings/members/{user_id}", access=Access.ADMIN, refused=_refused)
def change_member(user_id: str) -> Response:
    """Give a member another role or other workspaces."""
    request = members_pages.current_request
    _, account, _ = in_account(request)
    admin, form = _admin_of(user_id), read_form(request)
    seen = _version(form.get("version", ""))
    after = services().members.change(admin, account, user_id, _change(form), seen)
    if user_id == admin.user_id and not after.may_manage:
        return see_other("/?done=member-now")
    return see_other(f"{_PATH}?done=saved")


@members_pages.view(
    "POST /settings/members/{user_id}/suspend", access=Access.ADMIN, refused=_refused
)
def suspend_member(user_id: str) -> Response:
    """End a member's access until they are reactivated."""
    services().members.suspend(_admin_of(user_id), user_id)
    return see_other(f"{_PATH}/{user_id}?done=suspended")


@members_pages.view(
    "POST /settings/members/{user_id}/reactivate", access=Access.ADMIN, refused=_refused
)
def reactivate_member(user_id: str) -> Response:
    """Reactivate a suspended member."""
    services().members.reactivate(_admin_of(user_id), user_id)
    return see_other(f"{_PATH}/{user_id}?done=reactivated")


@members_pages.view("GET /settings/members/{user_id}/remove", access=Access.ADMIN)
def show_removal(user_id: str) -> Response:
    """Ask for confirmation before a member is removed."""
    return _confirmation("accounts/member_remove.html", user_id)


@members_pages.view(
    "POST /settings/members/{user_id}/remove", access=Access.ADMIN, refused=_refused
)
def remove_member(user_id: str) -> Response:
    """Remove a member."""
    services().members.remove(_admin_of(user_id), user_id)
    return see_other(f"{_PATH}?done=removed")


@members_pages.view("GET /settings/members/{user_id}/ownership", access=Access.OWNER)
def show_handover(user_id: str) -> Response:
    """Ask for confirmation before ownership is transferred."""
    return _confirmation("accounts/member_ownership.html", user_id)


@members_pages.view(
    "POST /settings/members/{user_id}/ownership", access=Access.OWNER, refused=_refused
)
def hand_over(user_id: str) -> Response:
    """Make an admin the owner."""
    services().members.hand_over(_admin_of(user_id), user_id)
    return see_other(f"{_PATH}?done=handed-over")


@members_pages.view("POST /settings/handover/stop", access=Access.OWNER)
def stop_handover() -> Response:
    """Stop an operator's request to transfer ownership."""
    services().handovers.stop(*admin_and_account(members_pages.current_request))
    return see_other(f"{_PATH}?done=handover-stopped")


def _page_number(text: str) -> int:
    return int(text) if _NUMBER.match(text) else 1


def _page_url(number: int) -> str:
    return url(f"{_PATH}?page={number}")


def _change(form: Mapping[str, str]) -> MemberChange:
    """Read the form; for an admin the choice of workspaces has no meaning."""
    role = form.get("role", "")
    chosen = [
        (name.removeprefix(_WORKSPACE), text)
        for name, text in form.items()
        if name.startswith(_WORKSPACE) and text
    ]
    return MemberChange(role, chosen if role == Role.MEMBER else None)


def _version(text: str) -> int:
    """Read the version that the form was made from; 0, which never matches, if it is invalid."""
    return int(text) if _NUMBER.match(text) else 0


def _admin_of(user_id: str) -> AccountAdmin:
    _, admin = account_admin(members_pages.current_request)
    if not is_id(user_id):
        raise NotFoundError
    return admin


def _found(user_id: str) -> Member:
    return services().members.find(_admin_of(user_id), user_id)


def _notice() -> str | None:
    return _NOTICES.get(query_parameter(members_pages.current_request, "done"))


def _by_name(member: Member) -> tuple[bool, str, str]:
    return (not member.is_owner, member.name.casefold(), member.email.value)


def _confirmation(template: str, user_id: str) -> Response:
    visitor, _ = account_admin(members_pages.current_request)
    return page(template, visitor=PageVisitor.of(visitor), member=_found(user_id))


def _member_page(
    member: Member,
    status: int = HTTPStatus.OK,
    *,
    words: HttpError | None = None,
    form: Mapping[str, str] | None = None,
    notice: str | None = None,
) -> Response:
    """Show a member; after a refusal with the submitted values."""
    visitor, account, _ = in_account(members_pages.current_request)
    values: dict[str, Any] = {
        "role": member.role.value,
        "workspaces": {k: role.value for k, role in member.workspaces_in(account).items()},
    }
    if form and "role" in form:
        values = {"role": form["role"], "workspaces": dict(_change(form).workspaces or ())}
    fields = ("role", "workspaces")
    errors = {words.param: words.message} if words and words.param in fields else {}
    return page(
        "accounts/member.html",
        status=status,
        visitor=PageVisitor.of(visitor),
        member=member,
        is_self=member.user_id == visitor.user.id,
        workspaces=account.workspaces,
        values=values,
        changed_meanwhile=status == HTTPStatus.CONFLICT,
        errors=errors,
        error=words.message if words and not errors else None,
        notice=notice,
    )
