"""HTTP/1.1 by hypercorn, with API Gateway's answers to what can't be read."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import h11
import hypercorn.protocol
from hypercorn.config import Config
from hypercorn.events import Closed, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol

from infra.local.wire.asgi import HEAD_BYTES, LINGER_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypercorn.events import Event

    from infra.local.wire.messages import Answer

# What h11 accepts and RFC 9112 lets a server refuse: bare line feeds, folded headers, a length
# that is said twice.
_LAX = re.compile(rb"(?is)(?<!\r)\n|\r\n[ \t]|\r\ncontent-length:.*\r\ncontent-length:")


class WireConfig(Config):
    """Hypercorn's settings for a server on loopback."""

    loglevel = "WARNING"
    backlog = 512
    # From one answer to the end of the next request's head.
    keep_alive_timeout = 75.0
    # No limit that a person or a load test would meet.
    keep_alive_max_requests = 1_000_000_000
    # Answers that are being made when the server stops are dropped.
    graceful_timeout = 0.1
    h11_max_incomplete_size = HEAD_BYTES
    # An event has the names of headers as the caller wrote them.
    h11_pass_raw_headers = True
    include_date_header = False
    include_server_header = False

    def __init__(self, refuse: Callable[[int], Answer]) -> None:
        """Take the site's answers to what can't be read."""
        self.refuse = refuse


def install() -> None:
    """Let hypercorn serve HTTP/1.1 by the class below; it offers no setting for that."""
    vars(hypercorn.protocol)["H11Protocol"] = Http1Protocol


class Http1Protocol(H11Protocol):
    """One connection; a request that can't be read gets the site's own answer."""

    config: WireConfig

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._send_now, self.send = self.send, self._send
        self._refused = False
        self._ended = False
        self._closing: list[asyncio.Task[None]] = []

    async def handle(self, event: Event) -> None:
        """Take what arrived; after a refusal it is dropped."""
        if isinstance(event, Closed):
            await self._end(event)
        elif isinstance(event, RawData) and not self._refused:
            if self._is_lax(event.data):
                await self._send_error_response(HTTPStatus.BAD_REQUEST)
            else:
                await super().handle(event)

    async def _end(self, event: Event) -> None:
        self._ended, idle = True, self.stream is None
        if self._head(b"") and not self._refused:
            await self._send_error_response(HTTPStatus.REQUEST_TIMEOUT)
        await super().handle(event)
        if idle:
            await self._send_now(Closed())

    def _is_lax(self, data: bytes) -> bool:
        return _LAX.search(self._head(data)) is not None

    def _head(self, data: bytes) -> bytes:
        """Return what arrived of the next request's head; empty within a request."""
        if self.connection.their_state is not h11.IDLE:
            return b""
        return (self.connection.trailing_data[0] + data).partition(b"\r\n\r\n")[0]

    async def _check_protocol(self, event: h11.Request) -> None:
        """Stay with HTTP/1.1, whatever the request would upgrade to."""

    async def _send_error_response(self, status_code: int) -> None:
        answer = self.config.refuse(status_code)
        headers = answer.encoded_headers(close=True)
        self._refused = True
        await self._send_h11_event(h11.Response(status_code=answer.status, headers=headers))
        await self._send_h11_event(h11.Data(data=answer.body))
        await self._send_h11_event(h11.EndOfMessage())
        # Closing with unread bytes resets the connection, and the refusal could be lost with it.
        loop = asyncio.get_running_loop()
        loop.call_later(
            LINGER_SECONDS,
            lambda: self._closing.append(loop.create_task(self._send_now(Closed()))),  # type: ignore[arg-type] # it is a coroutine
        )

    async def _send(self, event: Event) -> None:
        if isinstance(event, Closed) and self._refused and not self._ended:
            return
        if event == Updated(idle=True) and self._ended:
            # Otherwise hypercorn keeps the socket for as long as an idle client may stay silent.
            event = Closed()
        await self._send_now(event)
