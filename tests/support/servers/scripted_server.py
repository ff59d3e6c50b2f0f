"""A server that does with each request what a test told it to."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Sequence

_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Trickle:
    """An answer that comes byte by byte, for as long as somebody reads it or `most` bytes."""

    beginning: bytes
    then: bytes
    most: int = 300


@dataclass
class ScriptedServer:
    """Takes one connection after the other, and a request on it for each word of its script."""

    listening: socket.socket
    scripts: Sequence[Sequence[bytes | Trickle | None]]
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    closed: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)
    talking: list[socket.socket] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://127.0.0.1:{self.listening.getsockname()[1]}"

    def serve(self) -> None:
        """Go through the scripts; each connection is closed when its script is over."""
        for script in self.scripts:
            try:
                self._converse(script)
            except OSError:
                continue
            finally:
                self.closed.set()

    def _converse(self, script: Sequence[bytes | Trickle | None]) -> None:
        connection, _ = self.listening.accept()
        self.talking.append(connection)
        with contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self.tls is not None:
                connection = stack.enter_context(self.tls.wrap_socket(connection, server_side=True))
            for answer in script:
                request = _read(connection)
                if not request:
                    return
                self.requests.append(request)
                if answer is None:
                    self.over.wait(10)
                elif isinstance(answer, Trickle):
                    self._trickle(connection, answer)
                else:
                    connection.sendall(answer)

    def _trickle(self, connection: socket.socket, answer: Trickle) -> None:
        connection.sendall(answer.beginning)
        for _ in range(answer.most):
            if self.over.wait(0.01):
                return
            connection.sendall(answer.then)


@contextlib.contextmanager
def scripted_server(
    *scripts: Sequence[bytes | Trickle | None], tls: ssl.SSLContext | None = None
) -> Iterator[ScriptedServer]:
    """Run one; in a script, an empty answer closes the connection and None says nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = ScriptedServer(listening, scripts, tls)
        thread = Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            for each in (listening, *server.talking):
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def answer(body: bytes = b"{}", status: int = 200, *headers: bytes) -> bytes:
    """Write an answer."""
    lines = [b"HTTP/1.1 %d Words" % status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + _HEAD_END + body


def plain() -> ssl.SSLContext:
    """Stand for the TLS of a caller that is to need none."""
    raise AssertionError


def _read(connection: socket.socket) -> bytes:
    received = b""
    while (end := received.find(_HEAD_END)) < 0 or len(received) < end + 4 + _length(received):
        chunk = connection.recv(65_536)
        if not chunk:
            return b""
        received += chunk
    return received


def _length(request: bytes) -> int:
    return int(request.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
