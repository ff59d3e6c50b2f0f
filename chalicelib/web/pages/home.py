"""`/`: the open account's workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.web.blueprints import Pages
from chalicelib.web.rendering import page, see_other
from chalicelib.web.visitor import PageVisitor, signed_in

if TYPE_CHECKING:
    from chalice import Response

home_pages = Pages(__name__)


@home_pages.route("/")
def show_home() -> Response:
    """Show the workspaces of the open account, or the choice of accounts where none is open."""
    visitor = signed_in(home_pages.current_request)
    if visitor.account is None:
        return see_other("/accounts")
    return page("home.html", visitor=PageVisitor.of(visitor), workspaces=visitor.workspaces)
