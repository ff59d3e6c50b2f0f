"""The blueprints of pages: forms in, HTML out."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.domain.accounts.members import OwnerUntouchableError
from chalicelib.domain.errors import (
    NoAccountOpenError,
    NotAllowedError,
    NotSignedInError,
    ProofRequiredError,
)
from chalicelib.web.kit.errors import OtherAccountOpenError
from chalicelib.web.kit.html.other_account import check_account, other_account_page
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.html.return_to import proof_first
from chalicelib.web.kit.requests import read_form, request_id_of
from chalicelib.web.kit.routing.guarded import GuardedBlueprint

if TYPE_CHECKING:
    from chalice import Response
    from chalice.app import Request

    from chalicelib.domain.errors import DomainError
    from chalicelib.web.kit.access import Access
    from chalicelib.web.kit.declarations import Route
    from chalicelib.web.kit.errors import HttpError
    from chalicelib.web.kit.routing.guarded import View


class Pages(GuardedBlueprint):
    """Views that return pages; a refused form is shown again, anything else is an error page."""

    content_type = "application/x-www-form-urlencoded"

    def finished(self, route: Route, answer: Any) -> Response:
        """Answer with the page that the view made."""
        del route
        response: Response = answer
        return response

    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Show the form again, send the browser to sign-in or a proof, or show an error page."""
        if isinstance(error, NotSignedInError):
            return see_other("/sign-in")
        if words.sso_url is not None:
            # A link, not a redirect: our policy keeps a form's answer from leading to another site.
            return page(
                "sso/sso_required.html",
                status=words.status,
                sso_url=words.sso_url,
                message=words.message,
            )
        if isinstance(error, OtherAccountOpenError):
            return other_account_page(self.current_app, self.current_request, words.status)
        if isinstance(error, ProofRequiredError):
            return proof_first(self.current_app, self.current_request)
        if refused is not None and words.status not in _NEVER_IN_A_FORM and not _is_foreign(words):
            response: Response = refused(read_form(self.current_request), words)
            response.headers.update(words.headers)
            return response
        return self.failure(words)

    def failure(self, words: HttpError) -> Response:
        """Show the error page."""
        answer = page(
            "layout/error.html",
            status=words.status,
            title=self.title_of(words),
            message=_MESSAGES.get(HTTPStatus(words.status), words.message),
            request_id=request_id_of(self.current_request),
        )
        answer.headers.update(words.headers)
        return answer

    def title_of(self, words: HttpError) -> str:
        """Return the error page's title."""
        return _TITLES.get(HTTPStatus(words.status), "That didn't work")

    def _check_form(self, request: Request, access: Access) -> None:
        check_account(request, access)


class SettingsPages(Pages):
    """Pages for owners and admins; other members are sent to a page that they may see."""

    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Send a member home, and a user with no account open to the choice of accounts."""
        if isinstance(error, NoAccountOpenError):
            return see_other("/accounts")
        # An admin who may not change the owner may still use the page, so it shows the refusal.
        if isinstance(error, NotAllowedError) and not (
            isinstance(error, OwnerUntouchableError) or _is_foreign(words)
        ):
            return see_other("/?done=not-allowed")
        return super().refusal(error, words, refused)


def _is_foreign(words: HttpError) -> bool:
    return words.code == "cross_site"


_NEVER_IN_A_FORM = frozenset(
    (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
)
_TITLES = {
    HTTPStatus.FORBIDDEN: "You can't do that",
    HTTPStatus.NOT_FOUND: "Page not found",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong",
    HTTPStatus.SERVICE_UNAVAILABLE: "We'll be right back",
}
_MESSAGES = {
    HTTPStatus.NOT_FOUND: (
        "There's nothing at this address. It may have been deleted, or belong to another account."
    ),
}
