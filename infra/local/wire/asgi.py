"""Serves a site over ASGI, within API Gateway's limits of size and time."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from infra.local.wire.messages import Answer, Request
from infra.local.wire.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Scope = Mapping[str, Any]
    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]

# API Gateway's limits: request line and headers together, the body, and the wait for an answer.
HEAD_BYTES = 10_240
BODY_BYTES = 10 * 1024 * 1024
ANSWER_SECONDS = 29.0
BODY_SECONDS = 30.0
LINGER_SECONDS = 2.0


class Site(Protocol):
    """What a server serves."""

    def answer(self, request: Request) -> Answer:
        """Answer a request; an exception becomes a 500."""

    def refuse(self, status: int) -> Answer:
        """Return the answer to a request that can't be read or served."""


class HttpError(Exception):
    """A request that can't be served; the connection can't be used after it."""

    def __init__(self, status: int) -> None:
        super().__init__(HTTPStatus(status).phrase)
        self.status = status


class _CutShortError(HttpError):
    """The client closed its side before the end of the body, so there is nothing left to read."""


class AsgiSite:
    """An ASGI application for one site, whose answers are made on threads."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._workers = Workers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of connection are declined."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await self._serve(scope, receive, send)

    def stop(self) -> None:
        """End the threads that make the answers."""
        self._workers.stop()

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            request = await _read(scope, receive)
        except HttpError as error:
            refusal = self._site.refuse(error.status)
            await _send_head(send, refusal, close=True)
            await send({"type": "http.response.body", "body": refusal.body, "more_body": True})
            if not isinstance(error, _CutShortError):
                await _drain(receive)
            await send({"type": "http.response.body", "body": b""})
            return
        answer = await self._answer(request)
        await _send_head(send, answer, close=False)
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, request: Request) -> Answer:
        limit = asyncio.timeout(ANSWER_SECONDS)
        try:
            async with limit:
                return await self._workers.run(partial(self._site.answer, request))
        except Exception:  # noqa: BLE001 - the caller gets an answer to any failure
            if limit.expired():
                return self._site.refuse(HTTPStatus.GATEWAY_TIMEOUT)
            traceback.print_exc()
            return self._site.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)


async def _live(receive: Receive, send: Send) -> None:
    for event in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{event}.complete"})


async def _read(scope: Scope, receive: Receive) -> Request:
    headers = tuple(
        (name.decode("ascii"), value.decode("utf-8", "replace")) for name, value in scope["headers"]
    )
    query = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    _check_head(scope, target, {name.lower(): value for name, value in headers})
    return Request(
        method=scope["method"],
        target=_origin_form(target.decode("ascii")),
        headers=headers,
        body=await _read_body(receive),
        address=scope["client"][0],
    )


def _check_head(scope: Scope, target: bytes, headers: Mapping[str, str]) -> None:
    version = scope["http_version"]
    if version not in ("1.0", "1.1"):
        raise HttpError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    size = len(target) + sum(len(name) + len(value) + 4 for name, value in scope["headers"])
    if size > HEAD_BYTES:
        raise HttpError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    # Two statements about where a body ends are how requests are smuggled (RFC 9112, 6.1).
    length = headers.get("content-length")
    if "transfer-encoding" in headers and (length or version == "1.0"):
        raise HttpError(HTTPStatus.BAD_REQUEST)
    if length and int(length) > BODY_BYTES:
        raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _origin_form(target: str) -> str:
    if target.startswith("/"):
        return target
    scheme, separator, rest = target.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        return "/" + rest.partition("/")[2]
    raise HttpError(HTTPStatus.BAD_REQUEST)


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while (message := await receive())["type"] == "http.request":
                body += message["body"]
                if len(body) > BODY_BYTES:
                    raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                if not message["more_body"]:
                    return bytes(body)
    except TimeoutError as error:
        raise HttpError(HTTPStatus.REQUEST_TIMEOUT) from error
    raise _CutShortError(HTTPStatus.BAD_REQUEST)


async def _send_head(send: Send, answer: Answer, *, close: bool) -> None:
    headers = answer.encoded_headers(close=close)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})


async def _drain(receive: Receive) -> None:
    # Closing with unread bytes resets the connection, and the refusal could be lost with it.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while (await receive()).get("more_body"):
                pass
