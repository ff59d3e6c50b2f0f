"""A small app behind the local gateway, and a way to send it anything at all."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chalice import AuthResponse, Chalice, Response

from infra.local.wire.gateway import Gateway
from infra.local.wire.server import LoopbackServer
from tests.support.patience import PATIENCE
from tests.support.servers.children import free_port

Wire = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def gateway_port() -> Iterator[int]:
    port = free_port()
    server = LoopbackServer(port)
    server.start(Gateway(_small_app()))
    yield port
    server.stop()


@pytest.fixture
def wire(gateway_port: int) -> Wire:
    """Send raw bytes, then give everything that comes back until the connection ends."""

    def exchange(sent: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", gateway_port), timeout=PATIENCE) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    return exchange


def _small_app() -> Chalice:
    app = Chalice(app_name="small")
    _add_views(app)
    _add_odd_answers(app)
    _add_authorizer(app)
    return app


def _add_views(app: Chalice) -> None:
    @app.route("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.route("/echo", methods=["POST"], content_types=["text/plain", "image/png"])
    @app.route("/echo", methods=["GET", "HEAD"])
    def echo() -> dict[str, Any]:
        event: dict[str, Any] = app.current_request.to_original_event()  # type: ignore[union-attr]
        return event

    @app.route("/things/{thing_id}")
    def thing(thing_id: str) -> dict[str, str]:
        return {"id": thing_id}

    @app.route("/slow")
    def slow() -> str:
        time.sleep(1.0)
        return "at last"

    @app.route("/things/first")
    def first() -> dict[str, str]:
        return {"id": "the first"}

    @app.route("/files/{proxy+}")
    def files() -> dict[str, Any]:
        return app.current_request.uri_params or {}  # type: ignore[union-attr]


def _add_odd_answers(app: Chalice) -> None:
    @app.route("/cookies")
    def cookies() -> Response:
        return Response("", headers={"Set-Cookie": ["a=1; Path=/", "b=2; Path=/"]})

    @app.route("/odd")
    def odd() -> Response:
        return Response("x", status_code=299)

    @app.route("/nothing", methods=["DELETE"])
    def nothing() -> Response:
        return Response("", status_code=204)

    @app.route("/split")
    def split() -> Response:
        return Response("", headers={"Set-Cookie": ["a=1\r\nX-Evil: 1"]})


def _add_authorizer(app: Chalice) -> None:
    @app.authorizer(ttl_seconds=0)
    def keys(request: Any) -> Any:
        return _decide(request.token, request.method_arn)

    @app.route("/guarded", authorizer=keys)
    def guarded() -> Any:
        return app.current_request.context["authorizer"]  # type: ignore[union-attr]


def _decide(token: str, arn: str) -> Any:
    if token == "unknown":
        raise Exception("Unauthorized")  # noqa: TRY002 - the one exception API Gateway knows
    if token == "broken":
        message = "the table is gone"
        raise RuntimeError(message)
    if token == "denied":
        statement = {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": [arn]}
        return {"principalId": "p", "policyDocument": {"Statement": [statement]}}
    if token == "nested":
        return AuthResponse(["*"], "p", {"nested": {"not": "taken"}})  # type: ignore[dict-item]
    if token == "elsewhere":
        return AuthResponse(["/other"], "p")
    if token == "silent":
        return None
    return AuthResponse(["/guarded"], "acc_1", {"count": 3, "limited": True, "name": "CI"})  # type: ignore[dict-item]
