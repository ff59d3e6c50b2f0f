"""`/accounts`: which account to open."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from chalicelib.bootstrap import services
from chalicelib.domain.errors import ProofRequiredError
from chalicelib.web.kit.blueprints import Pages
from chalicelib.web.kit.cookies import session_cookie
from chalicelib.web.kit.rendering import page, see_other
from chalicelib.web.kit.requests import is_id, origin_of, query_parameter, read_form
from chalicelib.web.kit.return_to import onward
from chalicelib.web.kit.visitor import PageVisitor, signed_in

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.errors import DomainError
    from chalicelib.web.kit.blueprints import View
    from chalicelib.web.kit.errors import HttpError


class AccountsPages(Pages):
    """The choice of accounts; one that asks for a proof first opens after it."""

    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Lead to the proof page, which opens the account that was picked."""
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


@accounts_pages.route("/accounts")
def show_accounts() -> Response:
    """Show a button for each account, the one last used first, or how to get into one."""
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


@accounts_pages.route("/accounts", methods=["POST"])
def open_account() -> Response:
    """Open an account under a new session token."""
    request = accounts_pages.current_request
    visitor = signed_in(request)
    form = read_form(request)
    account_id = form.get("account_id", "")
    token, _ = services().sessions.open_account(visitor, account_id, origin_of(request))
    path = onward(form.get("next", ""))
    return see_other(path, cookies=[session_cookie().set(token.value)])
