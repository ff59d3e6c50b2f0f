"""The blueprint behind all routes: checks before the view runs, refusals turned into answers.

Chalice turns a view's exception into a 500 before any middleware sees it, so refusals are
translated here, around each view.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from chalice import Blueprint

from chalicelib.domain.errors import DomainError
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.declarations import DeclaredView, Route
from chalicelib.web.kit.errors import HttpError, UnsupportedTypeError, http_error, unexpected
from chalicelib.web.kit.requests import media_type, request_id_of
from chalicelib.web.kit.same_site import refuse_cross_site
from chalicelib.web.kit.visitor import admit

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice import Response
    from chalice.app import Request

View = Any

_log = logging.getLogger(__name__)

_WITH_BODY = frozenset(("POST", "PUT", "PATCH"))


class UndeclaredRouteError(TypeError):
    """A route doesn't declare who may call it, or its blueprint can't check that access."""


class GuardedBlueprint(Blueprint, ABC):
    """A blueprint that checks each request, and turns refusals into answers."""

    content_type: str
    # Chalice's authorizer in front of the views, where they are for API keys.
    key_check: Any = None

    def view(
        self,
        call: str,
        *,
        access: Access,
        refused: View | None = None,
        same_site: bool = True,
        head: bool = True,
    ) -> Callable[[View], View]:
        """Declare a route, such as `POST /sign-in`, beside its view.

        `refused` shows a refused form again. `same_site=False` takes requests from other sites too.
        A view for GET answers HEAD as well, unless `head=False`.
        """

        def decorate(view: View) -> View:
            route = Route(call, access)
            self._register(route, view, refused=refused, same_site=same_site, head=head)
            return view

        return decorate

    def route(self, path: str, **options: Any) -> Callable[[View], View]:
        """Refuse Chalice's own decorator: its views would be open to everybody."""
        del options
        message = f"{path}: declare it with view() or call(), which say who may call it."
        raise UndeclaredRouteError(message)

    def _register(
        self,
        route: Route,
        view: View,
        *,
        refused: View | None = None,
        same_site: bool = True,
        head: bool = True,
    ) -> None:
        if (route.access is Access.API_KEY) != (self.key_check is not None):
            message = f"{route.call}: routes for API keys, and only those, have the authorizer."
            raise UndeclaredRouteError(message)

        def answer(parameters: dict[str, str]) -> Response:
            return self._answer(route, view, parameters, refused, same_site=same_site)

        register = super().route(
            route.path,
            methods=["GET", "HEAD"] if head and route.method == "GET" else [route.method],
            # An empty list leaves the check of content types to us, with our words.
            content_types=[],
            authorizer=self.key_check,
        )
        register(DeclaredView(route, view.__name__, answer))

    @abstractmethod
    def finished(self, route: Route, answer: Any) -> Response:
        """Turn what a view returns into a response."""

    @abstractmethod
    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Turn a refusal into a response."""

    @abstractmethod
    def failure(self, words: HttpError) -> Response:
        """Turn a fault of ours into a response."""

    def _answer(
        self,
        route: Route,
        view: Callable[..., Any],
        parameters: dict[str, str],
        refused: View | None,
        *,
        same_site: bool,
    ) -> Response:
        request = self.current_request
        trace = {"request_id": request_id_of(request)}
        try:
            if same_site:
                refuse_cross_site(request.method, request.headers)
            self._check_content_type(request)
            admit(request, route.access)
            self._check_form(request, route.access)
            return self.finished(route, view(**parameters))
        except DomainError as error:
            _log.info("request_refused", extra={"reason": error.reason, **trace})
            return self._refuse_safely(error, refused, trace)
        except Exception:  # noqa: BLE001 - the last resort: logged once, answered without its cause
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
        """Check what only forms send; a JSON body names no account, so there is nothing here."""

    def _check_content_type(self, request: Request) -> None:
        """Take only our type in UTF-8; any site could send a body that has no type."""
        given = request.headers.get("content-type") or ""
        if request.method not in _WITH_BODY or not (given or request.raw_body):
            return
        kind, charset = media_type(given)
        if kind != self.content_type or charset not in ("", "utf-8"):
            message = f"Send {self.content_type} in UTF-8."
            raise UnsupportedTypeError(message)
