"""The methods that a path lacks: 405, or for people the page with the form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.web.kit.errors import MethodNotAllowedError, http_error
from chalicelib.web.kit.html.rendering import see_other
from chalicelib.web.kit.html.return_to import onward, page_of
from chalicelib.web.kit.routing.json_api import json_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice import Chalice, Response
    from chalice.app import Request

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_FOR_PROGRAMS = ("/api/", "/auth/")


def refuse_other_methods(app: Chalice) -> None:
    """Answer 405 for the methods that a path doesn't have.

    API Gateway answers an undeclared method with an error about a missing authentication token.
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
            return see_other(onward(page_of(app, request)))
        words = http_error(MethodNotAllowedError())
        return json_answer(words.envelope, status=words.status, Allow=allowed)

    return method_not_allowed


def _is_visit(request: Request) -> bool:
    """Check whether a browser opened the address: typed, or again after a refused form."""
    return request.method == "GET" and "text/html" in (request.headers.get("accept") or "")
