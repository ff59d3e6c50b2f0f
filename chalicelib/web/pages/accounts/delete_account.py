"""`/settings/delete-account`: the owner asks for the account's deletion, or cancels it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import services
from chalicelib.domain.accounts.deletion import WAIT
from chalicelib.domain.roles import Role
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import query_parameter, read_form
from chalicelib.web.kit.routing.pages import SettingsPages
from chalicelib.web.kit.visitor import PageVisitor, admin_and_account, in_account

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.web.kit.errors import HttpError

delete_account_pages = SettingsPages(__name__)

_PATH = "/settings/delete-account"
_FIELD = "name"
_NOTICES = {
    "cancelled": "The deletion is cancelled. Nothing has changed.",
    "requested": "The deletion is scheduled. The owner and all admins are mailed.",
}


@delete_account_pages.view("GET /settings/delete-account", access=Access.ADMIN)
def show_deletion() -> Response:
    """Show what a deletion takes, or the one that waits."""
    return _page(notice=_NOTICES.get(query_parameter(delete_account_pages.current_request, "done")))


def _refused(form: dict[str, str], words: HttpError) -> Response:
    if words.param == _FIELD:
        typed = form.get(_FIELD, "")
        return _page(words.status, typed=typed, errors={_FIELD: words.message})
    return _page(words.status, error=words.message)


@delete_account_pages.view("POST /settings/delete-account", access=Access.OWNER, refused=_refused)
def request_deletion() -> Response:
    """Ask for the account to be deleted in seven days."""
    request = delete_account_pages.current_request
    owner, account = admin_and_account(request)
    services().account_deletion.request(owner, account, read_form(request).get(_FIELD, ""))
    return see_other(f"{_PATH}?done=requested")


@delete_account_pages.view(
    "POST /settings/delete-account/cancel", access=Access.OWNER, refused=_refused
)
def cancel_deletion() -> Response:
    """Keep the account."""
    services().account_deletion.cancel(*admin_and_account(delete_account_pages.current_request))
    return see_other(f"{_PATH}?done=cancelled")


def _page(status: int = HTTPStatus.OK, **shown: Any) -> Response:
    visitor, account, membership = in_account(delete_account_pages.current_request)
    context = {"typed": "", "errors": {}, "error": None, "notice": None, **shown}
    return page(
        "accounts/delete_account.html",
        status=status,
        visitor=PageVisitor.of(visitor),
        is_owner=membership.role is Role.OWNER,
        deletion=services().account_deletion.waiting(account),
        days=WAIT.days,
        **context,
    )
