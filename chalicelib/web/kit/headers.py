"""The headers of every answer, including Chalice's own errors (conformance H7, D13)."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import settings
from chalicelib.web.kit.errors import HttpError, unexpected
from chalicelib.web.kit.requests import request_id_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice import Response
    from chalice.app import Request

_log = logging.getLogger(__name__)

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# For the console, the one page whose script calls the API, on its own origin only.
CONSOLE_POLICY = f"{_POLICY}; connect-src 'self'"
_ALWAYS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_TWO_YEARS = "max-age=63072000; includeSubDomains"


def finish_answer(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Add the headers, put Chalice's own errors into the envelope, and log the request.

    The log has the route's pattern, not the path or query, which can hold a token.
    """
    began = time.monotonic()
    response = get_response(request)
    _wrap_foreign_error(response)
    for name, value in _headers(request).items():
        response.headers.setdefault(name, value)
    _log.info(
        "request",
        extra={
            "request_id": request_id_of(request),
            "method": request.method,
            "route": request.context.get("resourcePath"),
            "status": response.status_code,
            "milliseconds": round((time.monotonic() - began) * 1000, 1),
        },
    )
    return response


def _headers(request: Request) -> dict[str, str]:
    headers = {**_ALWAYS, "X-Request-Id": request_id_of(request), "Cache-Control": "no-store"}
    if not settings().is_local:
        headers["Strict-Transport-Security"] = _TWO_YEARS
    return headers


def _wrap_foreign_error(response: Response) -> None:
    body: Any = response.body
    if isinstance(body, dict) and "Code" in body:
        words = unexpected()
        if response.status_code < 500:  # noqa: PLR2004 - from 500 on it is a fault of ours
            words = HttpError(response.status_code, "invalid_request_error", None, body["Message"])
        response.body = json.dumps(words.envelope)
        response.headers["Content-Type"] = "application/json"
