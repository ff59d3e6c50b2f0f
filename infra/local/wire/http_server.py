"""A threaded HTTP/1.1 server for loopback: it answers whatever it is sent, and stays up."""

from __future__ import annotations

import contextlib
import errno
import socket
import socketserver
import sys
import threading
import time
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from infra.local.wire.http_messages import Answer, HttpError, Request, serialize
from infra.local.wire.wire import ConnectionEndedError, Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
_CONNECTIONS = 1_000
_WRITE_SECONDS = 30.0
_LINGER_SECONDS = 2.0


class Site(Protocol):
    """What a server serves."""

    def answer(self, request: Request) -> Answer:
        """Answer a request; whatever it raises becomes a 500."""

    def refuse(self, status: int) -> Answer:
        """Give the answer to a request that can't be read or served."""


class PortError(Exception):
    """The port can't be listened on; the message says why in a few words."""


class LoopbackServer:
    """Serves one site on a port of 127.0.0.1, and of ::1 where the machine has it."""

    def __init__(self, site: Site, port: int) -> None:
        self._serving = False
        with contextlib.ExitStack() as opened:
            # Of the two addresses either both are ours or none.
            self._servers = [
                opened.enter_context(_Server(family, host, port, site))
                for family, host in _families()
            ]
            opened.pop_all()

    def start(self) -> None:
        """Answer requests, on threads of its own, until stopped."""
        self._serving = True
        for server in self._servers:
            threading.Thread(
                target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
            ).start()

    def stop(self) -> None:
        """Stop listening; answers under way are dropped with the process."""
        for server in self._servers:
            if self._serving:
                # On a server that never served, shutdown() waits for ever.
                server.shutdown()
            server.server_close()


def _families() -> Iterator[tuple[socket.AddressFamily, str]]:
    for family, host in _LOOPBACK:
        with contextlib.suppress(OSError), socket.socket(family) as probe:
            probe.bind((host, 0))
            yield family, host


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    # Twenty people pressing a button at once must not wait for a retried SYN.
    request_queue_size = 512

    def __init__(self, family: socket.AddressFamily, host: str, port: int, site: Site) -> None:
        self.address_family = family
        self.site = site
        self.places = threading.Semaphore(_CONNECTIONS)
        try:
            super().__init__((host, port), _Connection)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            reason = "is taken" if taken else f"can't be used ({error.strerror})"
            raise PortError(reason) from error

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        del request, client_address
        # A browser that goes away in the middle of an answer is not worth a word.
        if not isinstance(sys.exception(), OSError):
            traceback.print_exc()


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def handle(self) -> None:
        wire = Wire(self.connection, self.client_address[0])
        with contextlib.suppress(ConnectionEndedError, OSError):
            while self._serve_one(wire):
                pass

    def _serve_one(self, wire: Wire) -> bool:
        try:
            request = wire.read_request()
        except HttpError as error:
            self._send(self.server.site.refuse(error.status), close=True, head_only=False)
            self._linger()
            return False
        answer = self._answer(request)
        self._send(answer, close=not request.keep_alive, head_only=request.method == "HEAD")
        return request.keep_alive

    def _answer(self, request: Request) -> Answer:
        try:
            return self.server.site.answer(request)
        except Exception:  # noqa: BLE001 - whatever went wrong, the caller gets an answer
            traceback.print_exc()
            return self.server.site.refuse(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _send(self, answer: Answer, *, close: bool, head_only: bool) -> None:
        self.connection.settimeout(_WRITE_SECONDS)
        self.wfile.write(serialize(answer, close=close, head_only=head_only))
        self.wfile.flush()

    def _linger(self) -> None:
        # Closing with unread bytes resets the connection, and the refusal could be lost with it.
        self.connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + _LINGER_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            self.connection.settimeout(left)
            if not self.connection.recv(65_536):
                return
