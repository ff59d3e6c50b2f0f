"""`/accounts`: the choice of the account to open."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from chalicelib.bootstrap import services
from chalicelib.domain.errors import ProofRequiredError
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.cookies import session_cookie
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.html.return_to import onward
from chalicelib.web.kit.requests import is_id, origin_of, query_parameter, read_form
from chalicelib.web.kit.routing.pages import Pages
from chalicelib.web.kit.visitor import PageVisitor, signed_in

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.errors import DomainError
    from chalicelib.web.kit.errors import HttpError
    from chalicelib.web.kit.routing.guarded import View


class AccountsPages(Pages):
    """The choice of accounts; an account that needs a proof opens after the proof."""

    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Redirect to the proof page, which then opens the chosen account."""
        form = read_form(self.current_request)
        account_id, path = form.get("account_id", ""), form.get("next", "")
        if isinstance(error, ProofRequiredError) and is_id(account_id):
            asked = {"account_id": account_id, "next": onward(path)}
            return see_other(f"/proof?{urlencode(asked)}")
        return super().refusal(error, words, refused)


accounts_pages = AccountsPages(__name__)

_NOTICES = {
    "joined": "You've joined. Open the account below.",
    "left": "You've left the account.",
}


@accounts_pages.view("GET /accounts", access=Access.SIGNED_IN)
def show_accounts() -> Response:
    """Show a button for each account, the one last used first, or how to join one."""
    request = accounts_pages.current_request
    visitor = signed_in(request)
    accounts, last = visitor.user.active_memberships, visitor.user.last_account_id
    return page(
        "accounts/accounts.html",
        visitor=PageVisitor.of(visitor),
        last_used=next((account for account in accounts if account.id == last), None),
        others=[account for account in accounts if account.id != last],
        notice=_NOTICES.get(query_parameter(request, "done")),
    )


@accounts_pages.view("POST /accounts", access=Access.SIGNED_IN)
def open_account() -> Response:
    """Open an account under a new session token."""
    request = accounts_pages.current_request
    visitor = signed_in(request)
    form = read_form(request)
    account_id = form.get("account_id", "")
    token, _ = services().sessions.open_account(visitor, account_id, origin_of(request))
    path = onward(form.get("next", ""))
    return see_other(path, cookies=[session_cookie().set(token.value)])
