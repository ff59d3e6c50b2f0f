"""`/profile/leave`: going out of the account that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.errors import NoAccountOpenError
from chalicelib.web.kit.blueprints import Pages
from chalicelib.web.kit.cookies import session_cookie
from chalicelib.web.kit.rendering import page, see_other
from chalicelib.web.kit.requests import origin_of, read_form
from chalicelib.web.kit.visitor import PageVisitor, in_account

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.errors import DomainError
    from chalicelib.web.kit.blueprints import View
    from chalicelib.web.kit.errors import HttpError


class LeavingPages(Pages):
    """Pages that mean nothing without an open account."""

    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Send whoever has no account open to pick one."""
        if isinstance(error, NoAccountOpenError):
            return see_other("/accounts")
        return super().refusal(error, words, refused)


leave_account_pages = LeavingPages(__name__)


@leave_account_pages.route("/profile/leave")
def show_leaving() -> Response:
    """Ask before somebody leaves; the owner is told what has to come first."""
    visitor, _, _ = in_account(leave_account_pages.current_request)
    return page("accounts/leave_account.html", visitor=PageVisitor.of(visitor))


@leave_account_pages.route("/profile/leave", methods=["POST"])
def leave_account() -> Response:
    """End one's own membership of the account that the form names, if it is still the open one."""
    request = leave_account_pages.current_request
    visitor, _, _ = in_account(request)
    account_id = read_form(request).get("account_id", "")
    token, _ = services().members.leave(
        visitor.user, visitor.session, account_id, origin_of(request)
    )
    return see_other("/accounts?done=left", cookies=[session_cookie().set(token.value)])
