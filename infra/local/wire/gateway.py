"""Serves a Chalice app as API Gateway and Lambda do, with unchanged handlers."""

from __future__ import annotations

import base64
import threading
import time
import traceback
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalice.local import LambdaContext, LocalARNBuilder, LocalChalice

from infra.local.wire.authorizers import RefusedError, authorize
from infra.local.wire.messages import Answer, Request
from infra.local.wire.routes import Match, Routes, UnreadablePathError, parse_query
from infra.stack.gateway_responses import gateway_responses

if TYPE_CHECKING:
    from chalice import Chalice

# The function's own limit on AWS; the gateway gives up after 29 seconds.
_TIMEOUT_MS = 29_000
_MEMORY_MB = 1_024

# API Gateway's response for each status; any other is DEFAULT_4XX with that status.
_REFUSALS = {
    HTTPStatus.BAD_REQUEST: "DEFAULT_4XX",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "REQUEST_TOO_LARGE",
    HTTPStatus.INTERNAL_SERVER_ERROR: "DEFAULT_5XX",
    HTTPStatus.GATEWAY_TIMEOUT: "INTEGRATION_TIMEOUT",
}


class Gateway:
    """The site that a server serves for one Chalice app."""

    def __init__(self, app: Chalice, *, https: bool = False) -> None:
        self._app = for_threads(app)
        self._routes = Routes(list(app.routes))
        self._https = https

    def answer(self, request: Request) -> Answer:
        """Answer one request, after its authorizer if it has one."""
        request_id = str(uuid.uuid4())
        try:
            event = self._event(request, request_id)
            return self._view(event, request_id)
        except RefusedError as refusal:
            return self._own_answer(refusal.response, request_id)

    def refuse(self, status: int) -> Answer:
        """Answer a request that can't be read, or that failed in this server."""
        name = _REFUSALS.get(HTTPStatus(status), "DEFAULT_4XX")
        return self._own_answer(name, str(uuid.uuid4()), status)

    def _event(self, request: Request, request_id: str) -> dict[str, Any]:
        path, _, query = request.target.partition("?")
        try:
            match, parameters = self._routes.match(path), parse_query(query)
        except UnreadablePathError as error:
            raise RefusedError("BAD_REQUEST_PARAMETERS") from error
        if match is None or request.method not in self._app.routes[match.resource]:
            raise RefusedError("MISSING_AUTHENTICATION_TOKEN")
        event = proxy_event(request, path, match, parameters, request_id)
        event |= _body(request, self._app.api.binary_types)
        authorizer = self._app.routes[match.resource][request.method].authorizer
        if authorizer is not None:
            context = _lambda_context(authorizer.name)
            event["requestContext"]["authorizer"] = authorize(authorizer, request, context)
        return event

    def _view(self, event: dict[str, Any], request_id: str) -> Answer:
        try:
            response = self._app(event, _lambda_context(self._app.app_name))
            return _as_answer(response, event, self._app.api.binary_types, request_id)
        except Exception as error:
            traceback.print_exc()
            raise RefusedError("DEFAULT_5XX") from error

    def _own_answer(self, name: str, request_id: str, status: int | None = None) -> Answer:
        response = gateway_responses()[name]
        headers = [("Content-Type", "application/json"), ("X-Request-Id", request_id)]
        headers += response.headers.items()
        if not self._https:
            # A local run has no https, so it must not send this header.
            headers = [pair for pair in headers if pair[0] != "Strict-Transport-Security"]
        code = response.status or status or HTTPStatus.BAD_REQUEST
        return Answer(code, tuple(headers), response.body.encode())


def for_threads(app: Chalice) -> Chalice:
    """Make an app thread-safe: Chalice relies on a Lambda serving one request at a time."""
    if not isinstance(app, LocalChalice):
        app.__class__ = type("ThreadedChalice", (_PerThread, LocalChalice, type(app)), {})
    return app


class _PerThread:
    _local = threading.local()

    @property
    def lambda_context(self) -> Any:
        """The context of this thread's request; Chalice keeps one on the app."""
        return getattr(self._local, "context", None)

    @lambda_context.setter
    def lambda_context(self, context: Any) -> None:
        self._local.context = context


def proxy_event(
    request: Request,
    path: str,
    match: Match,
    query: dict[str, list[str]] | None,
    request_id: str,
) -> dict[str, Any]:
    """Build the event of a REST API's Lambda proxy integration, without its body."""
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        headers.setdefault(name, []).append(value)
    return {
        "resource": match.resource,
        "path": path,
        "httpMethod": request.method,
        # The last value of a repeated name; all of them are below.
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {k: v[-1] for k, v in query.items()} if query else None,
        "multiValueQueryStringParameters": query,
        "pathParameters": match.parameters,
        "stageVariables": None,
        "requestContext": _request_context(request, path, match, request_id),
    }


def _request_context(request: Request, path: str, match: Match, request_id: str) -> dict[str, Any]:
    return {
        "accountId": LocalARNBuilder.LOCAL_ACCOUNT_ID,
        "apiId": LocalARNBuilder.LOCAL_API_ID,
        "stage": LocalARNBuilder.LOCAL_STAGE,
        "protocol": "HTTP/1.1",
        "resourcePath": match.resource,
        "httpMethod": request.method,
        "path": path,
        "requestId": request_id,
        "requestTimeEpoch": int(time.time() * 1_000),
        "identity": {"sourceIp": request.address, "userAgent": request.header("user-agent")},
    }


def _body(request: Request, binary_types: list[str]) -> dict[str, Any]:
    if not request.body:
        return {"body": None, "isBase64Encoded": False}
    if _is_binary(request.header("content-type") or "", binary_types):
        return {"body": base64.b64encode(request.body).decode("ascii"), "isBase64Encoded": True}
    return {"body": request.body.decode("utf-8", "replace"), "isBase64Encoded": False}


def _as_answer(
    response: dict[str, Any], event: dict[str, Any], binary_types: list[str], request_id: str
) -> Answer:
    pairs = list((response.get("headers") or {}).items())
    for name, values in (response.get("multiValueHeaders") or {}).items():
        pairs += [(name, value) for value in values]
    headers = [(name, str(value)) for name, value in pairs if name.lower() not in _OURS]
    if any(set("\r\n\0") & set(name + value) for name, value in headers):
        message = "a header with a line break or a NUL would split the answer"
        raise ValueError(message)
    names = {name.lower() for name, _ in headers}
    if "content-type" not in names:
        headers.append(("Content-Type", "application/json"))
    if "x-request-id" not in names:
        headers.append(("X-Request-Id", request_id))
    return Answer(int(response["statusCode"]), tuple(headers), _raw(response, event, binary_types))


# The server writes these itself.
_OURS = frozenset({"content-length", "connection", "transfer-encoding"})


def _raw(response: dict[str, Any], event: dict[str, Any], binary_types: list[str]) -> bytes:
    body = response.get("body") or ""
    if response.get("isBase64Encoded"):
        # The gateway turns base64 into bytes for callers whose first Accept type is binary.
        accept = next((v for k, v in event["headers"].items() if k.lower() == "accept"), "")
        if _is_binary(accept.partition(",")[0], binary_types):
            return base64.b64decode(body)
    return body if isinstance(body, bytes) else body.encode("utf-8")


def _is_binary(content_type: str, binary_types: list[str]) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return any(
        kind == binary or (binary.endswith("/*") and kind.startswith(binary[:-1]))
        for binary in binary_types
    )


def _lambda_context(function_name: str) -> LambdaContext:
    return LambdaContext(function_name, _MEMORY_MB, _TIMEOUT_MS)
