"""Asks a breached-password service about a password, by five characters of its SHA-1 (`A5`).

The protocol is k-anonymity: the service gets a prefix that about a thousand leaked passwords share,
and answers with the rest of each hash and how often it was seen. It never learns which of them was
meant, if any.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha1
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from http.client import HTTPConnection
    from queue import SimpleQueue
    from ssl import SSLContext
    from threading import Event

_log = logging.getLogger(__name__)

# A user waits for the answer, and an outage of the service must not be noticeable.
_BUDGET_SECONDS = 0.5
_PREFIX_LENGTH = 5
# A padded answer is 40 KB today.
_MAX_ANSWER_BYTES = 262_144
_LINE = re.compile(r"([0-9A-F]{35}):([0-9]{1,12})")
_HEADERS = {
    # Asks for decoys with a count of 0, so that the answer's size doesn't reveal the prefix.
    "Add-Padding": "true",
    "User-Agent": "terminus-hub",
    "Connection": "close",
}


class _NoAnswerError(Exception):
    """There is no usable answer; its one argument says why, in words that are safe to log."""


@dataclass(frozen=True)
class BreachedPasswords:
    """A range service, such as `https://api.pwnedpasswords.com/range`."""

    url: str

    def include(self, password: str) -> bool:
        """Check whether a password has leaked; False, and one log line, if there is no answer.

        Returns within half a second. It is asked only about passwords that pass the bundled list,
        so an attacker who blocks the answer gains only a long, unlisted password.
        """
        digest = sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        prefix, rest = digest[:_PREFIX_LENGTH], digest[_PREFIX_LENGTH:]
        try:
            return _counts(self._ask(prefix)).get(rest, 0) > 0
        except _NoAnswerError as error:
            # Log neither the URL, which contains the prefix, nor an error that may repeat it.
            _log.warning("breached_passwords_unavailable", extra={"cause": error.args[0]})
            return False

    def _ask(self, prefix: str) -> bytes:
        """Ask in a thread, which is the only way to limit the time of the DNS look-up as well."""
        from queue import Empty, SimpleQueue
        from threading import Event, Thread

        ends_at = monotonic() + _BUDGET_SECONDS
        connection, path = self._connection()
        outcomes: SimpleQueue[bytes | _NoAnswerError] = SimpleQueue()
        over = Event()
        asking = (connection, f"{path}/{prefix}", outcomes, over)
        Thread(target=_exchange, args=asking, daemon=True).start()
        try:
            outcome = outcomes.get(timeout=max(0, ends_at - monotonic()))
        except Empty:
            over.set()
            _cut(connection)
            raise _NoAnswerError("late") from None
        if isinstance(outcome, _NoAnswerError):
            raise outcome
        return outcome

    def _connection(self) -> tuple[HTTPConnection, str]:
        """Return a connection that isn't open yet, and the path; no proxy, redirect or retry."""
        from http.client import HTTPConnection, HTTPSConnection

        parts = urlsplit(self.url)
        host, port, timeout = parts.hostname or "", parts.port, _BUDGET_SECONDS
        if parts.scheme == "http":
            return HTTPConnection(host, port, timeout=timeout), parts.path
        return HTTPSConnection(host, port, timeout=timeout, context=self._trust), parts.path

    @cached_property
    def _trust(self) -> SSLContext:
        """Read the system's certificates once: it takes about 20 ms."""
        from ssl import create_default_context

        return create_default_context()


def _exchange(
    connection: HTTPConnection,
    path: str,
    outcomes: SimpleQueue[bytes | _NoAnswerError],
    over: Event,
) -> None:
    from http.client import HTTPException

    try:
        connection.connect()
        # The caller has given up: send nothing, so that a slow name server holds no thread.
        if not over.is_set():
            connection.request("GET", path, headers=_HEADERS)
            outcomes.put(_read(connection))
    except _NoAnswerError as error:
        outcomes.put(error)
    except (OSError, HTTPException, ValueError) as error:
        outcomes.put(_NoAnswerError(type(error).__name__))
    finally:
        connection.close()


def _read(connection: HTTPConnection) -> bytes:
    response = connection.getresponse()
    if response.status != 200:  # noqa: PLR2004 - OK, the one status that carries an answer
        message = f"status {response.status}"
        raise _NoAnswerError(message)
    answer = response.read(_MAX_ANSWER_BYTES + 1)
    if len(answer) > _MAX_ANSWER_BYTES:
        raise _NoAnswerError("too long")
    if response.length:
        raise _NoAnswerError("cut short")
    return answer


def _cut(connection: HTTPConnection) -> None:
    """Close a connection while the thread reads from it, however slowly data arrives."""
    from contextlib import suppress
    from socket import SHUT_RDWR, socket

    if connection.sock is not None:
        with suppress(OSError):
            # On the plain socket: TLS's own shutdown would remove its state while the thread reads.
            socket.shutdown(connection.sock, SHUT_RDWR)


def _counts(answer: bytes) -> dict[str, int]:
    lines = answer.decode("ascii", "replace").upper().split()
    matches = [_LINE.fullmatch(line) for line in lines]
    if not matches or None in matches:
        raise _NoAnswerError("unreadable")
    return {match[1]: int(match[2]) for match in matches if match}
