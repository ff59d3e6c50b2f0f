"""`/`: the open account's workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.web.kit.access import Access
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import query_parameter
from chalicelib.web.kit.routing.pages import Pages
from chalicelib.web.kit.visitor import PageVisitor, signed_in

if TYPE_CHECKING:
    from chalice import Response

home_pages = Pages(__name__)

# Shown after a redirect from another page.
_NOTICES = {
    "account-created": "Your account is there, with one workspace to begin with.",
    "not-allowed": "You don't have permission: that page is for owners and admins.",
    "member-now": "You're a member of this account now, no longer an admin.",
}


@home_pages.view("GET /", access=Access.SIGNED_IN)
def show_home() -> Response:
    """Show the open account's workspaces, or redirect to the choice of accounts."""
    request = home_pages.current_request
    visitor = signed_in(request)
    if visitor.account is None:
        return see_other("/accounts")
    return page(
        "accounts/home.html",
        visitor=PageVisitor.of(visitor),
        workspaces=visitor.workspaces,
        notice=_NOTICES.get(query_parameter(request, "done")),
    )
