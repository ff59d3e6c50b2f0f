"""HTTP over sockets that stay open between calls: the part of it that DynamoDB uses.

The standard library's client parses each answer's headers as a mail's, which costs more than
signing the request. It also can't tell a socket that closed while the function was frozen from one
that broke in the middle of an answer. The first may be tried again, the second may not.
"""

from __future__ import annotations

import logging
import select
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from chalicelib.storage.keys.transport.http import Incoming, NothingCameError, read_answer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from chalicelib.storage.keys.transport.http import Answer

_log = logging.getLogger(__name__)

# After a longer pause, a network device may have silently dropped the connection: the request would
# wait for its timeout.
_IDLE_SECONDS = 50.0
# No server closes a socket that was just used, and checking costs as much as a signature.
_FRESH_SECONDS = 1.0
_KEPT = 10
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Endpoint:
    """The host and port of DynamoDB."""

    host: str
    port: int
    secure: bool

    @classmethod
    def parse(cls, url: str) -> Endpoint:
        """Read `https://host` or `http://host:port`; raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.path not in ("", "/"):
            message = f"an endpoint is an http or https address without a path, not {url!r}"
            raise ValueError(message)
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        return cls(parts.hostname, port, parts.scheme == "https")

    @property
    def host_header(self) -> str:
        """Return the Host header's value: with the port only if it isn't the default one."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == _DEFAULT_PORTS["https" if self.secure else "http"]
        return name if usual else f"{name}:{self.port}"


@dataclass(frozen=True)
class KeptConnections:
    """Sends requests to one endpoint, each caller on a socket of its own.

    `tls` returns the context of a secure connection, which checks certificate and name.
    """

    endpoint: Endpoint
    tls: Callable[[], ssl.SSLContext]
    connect_seconds: float = 1.0
    answer_seconds: float = 2.0
    # The wall clock: the other clocks of a frozen function may stand still.
    clock: Callable[[], float] = time.time
    # For what a freeze never interrupts, and a clock correction must not affect.
    timer: Callable[[], float] = time.monotonic
    kept: list[_Kept] = field(default_factory=list, repr=False)

    def ask(self, request: bytes) -> Answer:
        """Send a request and read the answer; raises OSError, BrokenAnswerError.

        It is sent a second time in one case: an open socket turns out to be closed before any byte
        of an answer has arrived.
        """
        if (waiting := self._waiting()) is not None:
            try:
                return self._ask(waiting, request)
            except NothingCameError:
                # If the request did arrive, its call is counted twice: the key's allowance gets
                # smaller, never larger, and this line reports it.
                _log.warning("asked_again")
        return self._ask(self._open(), request)

    def close(self) -> None:
        """Close the open sockets; the next request opens one."""
        while self.kept:
            self.kept.pop().connection.close()

    def __del__(self) -> None:
        self.close()

    def _ask(self, connection: socket.socket, request: bytes) -> Answer:
        until = self.timer() + self.answer_seconds

        def receive(length: int) -> bytes:
            # One limit for the whole answer: with a limit for each read it could trickle for hours.
            left = until - self.timer()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            return connection.recv(length)

        try:
            connection.settimeout(self.answer_seconds)
            _send(connection, request)
            incoming = Incoming(receive)
            answer = read_answer(incoming)
            keeps_open = answer.keeps_open
        except BaseException:
            connection.close()
            raise
        # Bytes after an answer belong to no request of ours.
        if keeps_open and not incoming.rest and len(self.kept) < _KEPT:
            self.kept.append(_Kept(connection, self.clock()))
        else:
            connection.close()
        return answer

    def _waiting(self) -> socket.socket | None:
        """Take the socket that was used last, if it is still open."""
        while self.kept:
            try:
                last = self.kept.pop()
            except IndexError:  # Another thread was quicker.
                return None
            if _is_good(last.connection, self.clock() - last.used):
                return last.connection
            last.connection.close()
        return None

    def _open(self) -> socket.socket:
        address = (self.endpoint.host, self.endpoint.port)
        connection = socket.create_connection(address, self.connect_seconds)
        try:
            # Without it the kernel delays the end of a request until the last answer is
            # acknowledged, 44 ms later.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.endpoint.secure:
                # The socket's limit covers the whole handshake, not each of its reads.
                connection = self.tls().wrap_socket(connection, server_hostname=self.endpoint.host)
        except BaseException:
            connection.close()
            raise
        return connection


class _Kept(NamedTuple):
    connection: socket.socket
    used: float


def _send(connection: socket.socket, request: bytes) -> None:
    try:
        connection.sendall(request)
    except TimeoutError:
        raise
    except OSError as error:
        # It wasn't sent completely, so it can't have been carried out.
        raise NothingCameError from error


def _is_good(connection: socket.socket, unused: float) -> bool:
    """Check whether the other side is still connected, as far as this side can see."""
    if not 0 <= unused < _IDLE_SECONDS:
        return False
    if unused < _FRESH_SECONDS:
        return True
    # Data that arrived since the last answer can only be the other side's close.
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return not poll.poll(0)
