"""Reads one answer of HTTP/1.1, strictly: an ambiguous answer is rejected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_AT_ONCE = 65_536
_HEAD_MOST = 32_768
# A row is 400 KB at most; as JSON it is shorter than this.
_BODY_MOST = 4_000_000


class NothingCameError(ConnectionError):
    """The other side closed the socket before any byte of an answer."""


class BrokenAnswerError(Exception):
    """The data isn't a whole answer; the message says what is wrong with it."""


class Answer(NamedTuple):
    """An answer; `head` holds its header lines in lower case."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes:
        """Return a header's value, in lower case; empty if there is none."""
        return find_header(self.head, name)

    @property
    def keeps_open(self) -> bool:
        """Check whether the other side keeps the socket open."""
        return b"close" not in self.header(b"connection")


@dataclass
class Incoming:
    """The bytes of a socket; `rest` has arrived and isn't read yet."""

    receive: Callable[[int], bytes]
    rest: bytes = field(default=b"", repr=False)

    def through(self, end: bytes) -> bytes:
        """Read up to a mark, and past it."""
        while (found := self.rest.find(end)) < 0:
            if len(self.rest) > _HEAD_MOST:
                raise BrokenAnswerError("a head without an end")
            self._more()
        read, self.rest = self.rest[:found], self.rest[found + len(end) :]
        return read

    def exactly(self, length: int) -> bytes:
        """Read a number of bytes."""
        if length > _BODY_MOST:
            raise BrokenAnswerError("a body beyond any row's size")
        while len(self.rest) < length:
            self._more()
        read, self.rest = self.rest[:length], self.rest[length:]
        return read

    def begin(self) -> None:
        """Wait for the first bytes; raises NothingCameError."""
        try:
            self.rest = self.receive(_AT_ONCE)
        except ConnectionResetError as error:
            raise NothingCameError from error
        if not self.rest:
            raise NothingCameError

    def _more(self) -> None:
        received = self.receive(_AT_ONCE)
        if not received:
            raise BrokenAnswerError("an end in the middle")
        self.rest += received


def read_answer(incoming: Incoming) -> Answer:
    """Read head and body; raises OSError, NothingCameError, BrokenAnswerError."""
    incoming.begin()
    whole = incoming.through(b"\r\n\r\n")
    if whole[:9] != b"HTTP/1.1 " or not whole[9:12].isdigit():
        raise BrokenAnswerError("not an answer of HTTP/1.1")
    head = whole[12:].lower() + b"\r\n"
    return Answer(int(whole[9:12]), head, _body(head, incoming))


def find_header(head: bytes, name: bytes) -> bytes:
    """Find a header in lower-case lines; raises BrokenAnswerError if it occurs twice.

    Few of an answer's headers are used, so they aren't parsed.
    """
    mark = b"\r\n" + name + b":"
    found = head.find(mark)
    if found < 0:
        return b""
    start = found + len(mark)
    if head.find(mark, start) >= 0:
        raise BrokenAnswerError("a header twice")
    return head[start : head.index(b"\r\n", start)].strip()


def _body(head: bytes, incoming: Incoming) -> bytes:
    if encoding := find_header(head, b"transfer-encoding"):
        if find_header(head, b"content-length"):
            raise BrokenAnswerError("two lengths")
        return _chunked(encoding, incoming)
    return incoming.exactly(_number(find_header(head, b"content-length"), 10))


def _chunked(encoding: bytes, incoming: Incoming) -> bytes:
    # DynamoDB sends lengths. If it, or a proxy before it, ever stops, keys must go on working.
    if encoding != b"chunked":
        raise BrokenAnswerError("an unknown transfer encoding")
    chunks, length = [], 0
    while size := _number(incoming.through(b"\r\n").partition(b";")[0].strip(), 16):
        chunks.append(incoming.exactly(size))
        length += size
        if length > _BODY_MOST or incoming.exactly(2) != b"\r\n":
            raise BrokenAnswerError("a chunk of another size")
    while incoming.through(b"\r\n"):
        pass
    return b"".join(chunks)


def _number(text: bytes, base: int) -> int:
    # int() would also accept signs, spaces and underscores.
    if not text.isalnum():
        raise BrokenAnswerError("no length")
    try:
        return int(text, base)
    except ValueError as error:
        raise BrokenAnswerError("no length") from error
