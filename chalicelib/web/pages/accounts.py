"""`/accounts`: which account to open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.web.blueprints import Pages
from chalicelib.web.cookies import session_cookie
from chalicelib.web.onward import onward
from chalicelib.web.rendering import page, see_other
from chalicelib.web.requests import asker_of, query_parameter, read_form
from chalicelib.web.visitor import PageVisitor, signed_in

if TYPE_CHECKING:
    from chalice import Response

accounts_pages = Pages(__name__)

_NOTICES = {
    "joined": "You've joined. Open the account below.",
    "left": "You've left the account.",
}


@accounts_pages.route("/accounts")
def show_accounts() -> Response:
    """Show a button for each account, the one last used first, or how to get into one."""
    request = accounts_pages.current_request
    visitor = signed_in(request)
    accounts, last = visitor.user.active_memberships, visitor.user.last_account_id
    return page(
        "accounts.html",
        visitor=PageVisitor.of(visitor),
        last_used=next((account for account in accounts if account.id == last), None),
        others=[account for account in accounts if account.id != last],
        notice=_NOTICES.get(query_parameter(request, "done")),
    )


@accounts_pages.route("/accounts", methods=["POST"])
def open_account() -> Response:
    """Open an account under a new session token."""
    request = accounts_pages.current_request
    visitor = signed_in(request)
    form = read_form(request)
    account_id = form.get("account_id", "")
    token, _ = services().sessions.open_account(visitor, account_id, asker_of(request))
    path = onward(form.get("next", ""))
    return see_other(path, cookies=[session_cookie().set(token.value)])
