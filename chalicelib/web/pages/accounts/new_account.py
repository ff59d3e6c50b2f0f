"""`/accounts/new`: a signed-in user creates another account."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import services
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.chosen_names import user_name
from chalicelib.web.kit.cookies import session_cookie
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import origin_of, read_form
from chalicelib.web.kit.routing.pages import Pages
from chalicelib.web.kit.visitor import PageVisitor, signed_in

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.web.kit.errors import HttpError

new_account_pages = Pages(__name__)

_PATH = "/accounts/new"


@new_account_pages.view("GET /accounts/new", access=Access.SIGNED_IN)
def show_new_account() -> Response:
    """Ask for the account's name."""
    return _page()


def _refused(form: dict[str, str], words: HttpError) -> Response:
    name = form.get("account_name", "")
    if words.param == "account_name":
        return _page(words.status, name=name, errors={words.param: words.message})
    return _page(words.status, name=name, error=words.message)


@new_account_pages.view("POST /accounts/new", access=Access.SIGNED_IN, refused=_refused)
def create_account() -> Response:
    """Create the account, and open it under a new session token."""
    request = new_account_pages.current_request
    visitor = signed_in(request)
    name = user_name(read_form(request).get("account_name", ""), "account_name")
    token, _ = services().accounts.create(visitor.user, visitor.session, name, origin_of(request))
    return see_other("/?done=account-created", cookies=[session_cookie().set(token.value)])


def _page(status: int = HTTPStatus.OK, **shown: Any) -> Response:
    visitor = PageVisitor.of(signed_in(new_account_pages.current_request))
    context = {"name": "", "errors": {}, "error": None, **shown}
    return page("accounts/new_account.html", status=status, visitor=visitor, **context)
