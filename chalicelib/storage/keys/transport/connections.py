"""HTTP over connections that stay open between calls: as much of it as DynamoDB speaks.

The standard library's client parses each answer's headers as a mail's, which costs more than
signing the request; and it can't tell a connection that died while the function slept from one that
broke in the middle of an answer. The first may be asked again, the second may not.
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

# Longer unused, and a network on the way may have forgotten it without a word: the request would
# wait for its timeout.
_IDLE_SECONDS = 50.0
# Nobody closes a connection that was used a moment ago, and to look costs as much as a signature.
_FRESH_SECONDS = 1.0
_KEPT = 10
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Endpoint:
    """Where DynamoDB listens."""

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
        """As the Host header names it: the port only where it isn't the usual one."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == _DEFAULT_PORTS["https" if self.secure else "http"]
        return name if usual else f"{name}:{self.port}"


@dataclass(frozen=True)
class KeptConnections:
    """Asks one endpoint, each caller on a connection of its own.

    `tls` gives the context of a secure connection, which checks certificate and name.
    """

    endpoint: Endpoint
    tls: Callable[[], ssl.SSLContext]
    connect_seconds: float = 1.0
    answer_seconds: float = 2.0
    # The wall clock: a frozen function's other clocks may stand still.
    clock: Callable[[], float] = time.time
    # For what is never interrupted by a freeze, and mustn't follow a clock that is put right.
    timer: Callable[[], float] = time.monotonic
    kept: list[_Kept] = field(default_factory=list, repr=False)

    def ask(self, request: bytes) -> Answer:
        """Send a request and read the answer; raises OSError, BrokenAnswerError.

        It is sent a second time in one case: a kept connection turns out to be closed before any
        byte of an answer has come.
        """
        if (waiting := self._waiting()) is not None:
            try:
                return self._ask(waiting, request)
            except NothingCameError:
                # If the request did arrive, what it adds is added twice: the key's own allowance
                # gets smaller, never larger, and this line tells of it.
                _log.warning("asked_again")
        return self._ask(self._open(), request)

    def close(self) -> None:
        """Close what is kept; the next request opens a connection of its own."""
        while self.kept:
            self.kept.pop().connection.close()

    def __del__(self) -> None:
        self.close()

    def _ask(self, connection: socket.socket, request: bytes) -> Answer:
        until = self.timer() + self.answer_seconds

        def receive(length: int) -> bytes:
            # One limit for the whole answer: each read with its own would let it trickle for hours.
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
        """Take the connection that was used last, if it is still good."""
        while self.kept:
            try:
                last = self.kept.pop()
            except IndexError:  # another thread was quicker
                return None
            if _is_good(last.connection, self.clock() - last.used):
                return last.connection
            last.connection.close()
        return None

    def _open(self) -> socket.socket:
        address = (self.endpoint.host, self.endpoint.port)
        connection = socket.create_connection(address, self.connect_seconds)
        try:
            # Without it the kernel holds a request's end back until the last answer's receipt is
            # acknowledged, 44 ms later.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.endpoint.secure:
                # The socket's limit is one for the whole handshake, not for each of its reads.
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
        # Not all of it went out, so nobody can have acted on it.
        raise NothingCameError from error


def _is_good(connection: socket.socket, unused: float) -> bool:
    """Whether the other side still waits, as far as can be seen from here."""
    if not 0 <= unused < _IDLE_SECONDS:
        return False
    if unused < _FRESH_SECONDS:
        return True
    # What came in since the last answer can only be the other side's end.
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return not poll.poll(0)
