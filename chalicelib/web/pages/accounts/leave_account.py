"""`/profile/leave`: leave the open account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.errors import NoAccountOpenError
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.cookies import session_cookie
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import origin_of, read_form
from chalicelib.web.kit.routing.pages import Pages
from chalicelib.web.kit.visitor import PageVisitor, in_account

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.errors import DomainError
    from chalicelib.web.kit.errors import HttpError
    from chalicelib.web.kit.routing.guarded import View


class LeavingPages(Pages):
    """Pages that need an open account."""

    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Redirect to the choice of accounts if none is open."""
        if isinstance(error, NoAccountOpenError):
            return see_other("/accounts")
        return super().refusal(error, words, refused)


leave_account_pages = LeavingPages(__name__)


@leave_account_pages.view("GET /profile/leave", access=Access.MEMBER)
def show_leaving() -> Response:
    """Ask for confirmation; an owner sees that they must transfer ownership first."""
    visitor, _, _ = in_account(leave_account_pages.current_request)
    return page("accounts/leave_account.html", visitor=PageVisitor.of(visitor))


@leave_account_pages.view("POST /profile/leave", access=Access.MEMBER)
def leave_account() -> Response:
    """End the user's membership of the account in the form, if it is still the open one."""
    request = leave_account_pages.current_request
    visitor, _, _ = in_account(request)
    account_id = read_form(request).get("account_id", "")
    token, _ = services().members.leave(
        visitor.user, visitor.session, account_id, origin_of(request)
    )
    return see_other("/accounts?done=left", cookies=[session_cookie().set(token.value)])
