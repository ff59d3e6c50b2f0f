"""The two kinds of blueprint: pages for people, JSON for programs.

Chalice turns a view's exception into a 500 before any middleware sees it, so refusals are
translated here, around each view.
"""

from __future__ import annotations

import functools
import json
import logging
from abc import ABC, abstractmethod
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalice import Blueprint, Response

from chalicelib.domain.errors import DomainError, NotSignedInError, ProofRequiredError
from chalicelib.web.kit.access import Access, UnlistedRouteError, access_to
from chalicelib.web.kit.errors import (
    HttpError,
    OtherAccountOpenError,
    UnsupportedTypeError,
    http_error,
    unexpected,
)
from chalicelib.web.kit.other_account import check_account, other_account_page
from chalicelib.web.kit.rendering import page, see_other
from chalicelib.web.kit.requests import media_type, read_form, request_id_of
from chalicelib.web.kit.return_to import proof_first
from chalicelib.web.kit.same_site import refuse_cross_site
from chalicelib.web.kit.visitor import admit

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import Request

View = Any

_log = logging.getLogger(__name__)

_WITH_BODY = frozenset(("POST", "PUT", "PATCH"))


class GuardedBlueprint(Blueprint, ABC):
    """A blueprint whose views are guarded, and whose refusals become answers."""

    content_type: str

    def route(self, path: str, **options: Any) -> Callable[[View], View]:
        """Register a view; `refused` renders a form's refusal, `same_site=False` lifts the guard.

        A view for GET answers HEAD too, unless `head=False`; other options are Chalice's own. Who
        may call it stands in `access.INVENTORY`, and whoever may not is refused before the view
        runs.
        """
        refused = options.pop("refused", None)
        same_site = options.pop("same_site", True)
        head = options.pop("head", True)
        methods = options.pop("methods", ["GET"])
        access = access_to(path, methods)
        if (access is Access.API_KEY) != ("authorizer" in options):
            message = f"{path}: what a key may call stands behind the authorizer, and nothing else."
            raise UnlistedRouteError(message)
        if "GET" in methods and head:
            methods = [*methods, "HEAD"]
        # An empty list leaves the check of content types to us, with our words.
        register = super().route(path, methods=methods, content_types=[], **options)

        def decorate(view: View) -> View:
            @functools.wraps(view)
            def guarded(**parameters: str) -> Response:
                return self._answer(view, parameters, refused, access=access, same_site=same_site)

            register(guarded)
            return view

        return decorate

    @abstractmethod
    def finished(self, answer: Any) -> Response:
        """Turn what a view returns into a response."""

    @abstractmethod
    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Turn a refusal into a response."""

    @abstractmethod
    def failure(self, words: HttpError) -> Response:
        """Turn a fault of ours into a response."""

    def _answer(
        self,
        view: View,
        parameters: dict[str, str],
        refused: View | None,
        *,
        access: Access,
        same_site: bool,
    ) -> Response:
        request = self.current_request
        trace = {"request_id": request_id_of(request)}
        try:
            if same_site:
                refuse_cross_site(request.method, request.headers)
            self._check_content_type(request)
            admit(request, access)
            self._check_form(request, access)
            return self.finished(view(**parameters))
        except DomainError as error:
            _log.info("request_refused", extra={"reason": error.reason, **trace})
            return self._refuse_safely(error, refused, trace)
        except Exception:  # noqa: BLE001 - the last resort: logged once, told without its cause
            _log.exception("request_failed", extra=trace)
            return self.failure(unexpected())

    def _refuse_safely(
        self, error: DomainError, refused: View | None, trace: dict[str, str]
    ) -> Response:
        try:
            return self.refusal(error, http_error(error), refused)
        except DomainError as second:
            return self.failure(http_error(second))
        except Exception:  # noqa: BLE001 - as above
            _log.exception("request_failed", extra=trace)
            return self.failure(unexpected())

    def _check_form(self, request: Request, access: Access) -> None:
        """Refuse what only forms bring; nothing for programs, which name no account."""

    def _check_content_type(self, request: Request) -> None:
        """Take our type in UTF-8 alone; a body without a type is one that any site could send."""
        given = request.headers.get("content-type") or ""
        if request.method not in _WITH_BODY or not (given or request.raw_body):
            return
        kind, charset = media_type(given)
        if kind != self.content_type or charset not in ("", "utf-8"):
            message = f"Send {self.content_type} in UTF-8."
            raise UnsupportedTypeError(message)


class JsonApi(GuardedBlueprint):
    """Views that return plain data or a Response; refusals become the envelope."""

    content_type = "application/json"

    def finished(self, answer: Any) -> Response:
        """Answer 200 with JSON, unless the view made its own response."""
        return answer if isinstance(answer, Response) else json_answer(answer)

    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Answer with the envelope."""
        del error, refused
        return self.failure(words)

    def failure(self, words: HttpError) -> Response:
        """Answer with the envelope."""
        answer = json_answer(words.envelope, status=words.status)
        answer.headers.update(words.headers)
        return answer


class Pages(GuardedBlueprint):
    """Views that return pages; a refused form is shown again, anything else is an error page."""

    content_type = "application/x-www-form-urlencoded"

    def _check_form(self, request: Request, access: Access) -> None:
        check_account(request, access)

    def finished(self, answer: Any) -> Response:
        """Answer with what the view made."""
        response: Response = answer
        return response

    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Show the form again, lead to sign-in or a fresh proof first, or show an error page."""
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
            return other_account_page(self.current_request, words.status)
        if isinstance(error, ProofRequiredError):
            return proof_first(self.current_request)
        if (
            refused is not None
            and words.status
            not in (
                HTTPStatus.BAD_REQUEST,
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                HTTPStatus.SERVICE_UNAVAILABLE,
            )
            and words.code != "cross_site"
        ):
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
        """Name the error page."""
        return _TITLES.get(HTTPStatus(words.status), "That didn't work")


def json_answer(
    body: Any, *, status: int = 200, cookies: list[str] | None = None, **headers: str
) -> Response:
    """Answer with JSON, of a shape or plain; a header's name is written with underscores."""
    import msgspec

    named: dict[str, Any] = {key.replace("_", "-"): value for key, value in headers.items()}
    named["Content-Type"] = "application/json"
    if cookies:
        named["Set-Cookie"] = cookies
    plain = msgspec.to_builtins(body)
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":")) if body is not None else ""
    return Response(text, status_code=status, headers=named)


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
