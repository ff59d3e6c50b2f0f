"""The methods that a path doesn't have: 405, for people as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.web.blueprints import json_answer
from chalicelib.web.errors import MethodNotAllowedError, http_error
from chalicelib.web.rendering import page
from chalicelib.web.requests import request_id_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice import Chalice, Response
    from chalice.app import Request

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_FOR_PROGRAMS = ("/api/", "/auth/")


def refuse_other_methods(app: Chalice) -> None:
    """Answer 405 for the methods that a path doesn't have.

    API Gateway would call an undeclared method a missing authentication token.
    """
    for path, views in list(app.routes.items()):
        missing = [method for method in _METHODS if method not in views]
        allowed = ", ".join(sorted(views))
        if missing:
            view = _not_allowed(app, allowed, for_people=not path.startswith(_FOR_PROGRAMS))
            app.route(path, methods=missing, content_types=[])(view)


def _not_allowed(app: Chalice, allowed: str, *, for_people: bool) -> Callable[..., Response]:
    def method_not_allowed(**_: str) -> Response:
        request = app.current_request
        if for_people and request is not None and _is_visit(request):
            answer = _as_page(request)
        else:
            answer = _as_envelope()
        answer.headers["Allow"] = allowed
        return answer

    return method_not_allowed


def _is_visit(request: Request) -> bool:
    """Say whether a person came by the address bar, as after a form that was shown again."""
    return request.method == "GET" and "text/html" in (request.headers.get("accept") or "")


def _as_page(request: Request) -> Response:
    return page(
        "error.html",
        status=405,
        title="Nothing to show here",
        message="This address only takes what a form sends. Go back, or begin at the start page.",
        request_id=request_id_of(request),
    )


def _as_envelope() -> Response:
    words = http_error(MethodNotAllowedError())
    return json_answer(words.envelope, status=words.status)
