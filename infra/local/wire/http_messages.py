"""HTTP/1.1 messages, read strictly and written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

# API Gateway's limits: request line and headers together, and the body.
HEAD_BYTES = 10_240
BODY_BYTES = 10 * 1024 * 1024

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(rb"[!-~]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it stood on the wire; the target is neither decoded nor normalised."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    address: str
    keep_alive: bool

    def header(self, name: str) -> str | None:
        """Give a header's last value; the name is written in lower case."""
        found = None
        for key, value in self.headers:
            if key.lower() == name:
                found = value
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """One response; its Content-Length is added when it is written."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class HttpError(Exception):
    """A request that can't be read; the connection can't be used after it."""

    def __init__(self, status: int) -> None:
        super().__init__(HTTPStatus(status).phrase)
        self.status = status


@dataclass(slots=True)
class Head:
    """What stands before a body."""

    method: str
    target: str
    version: bytes
    headers: list[tuple[str, str]]

    def values(self, name: str) -> list[str]:
        """Give every value of a header; the name is written in lower case."""
        return [value for key, value in self.headers if key.lower() == name]


def parse_head(raw: bytes) -> Head:
    """Read a request line and headers; raises HttpError for whatever is not quite HTTP/1.1."""
    first, *lines = raw.split(b"\r\n")
    parts = first.split(b" ")
    if len(parts) != 3 or not _TOKEN.fullmatch(parts[0]) or not _TARGET.fullmatch(parts[1]):  # noqa: PLR2004 - method, target, version
        raise HttpError(HTTPStatus.BAD_REQUEST)
    method, target, version = parts
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        unknown = version.startswith(b"HTTP/")
        raise HttpError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED if unknown else 400)
    head = Head(
        method.decode("ascii"),
        _origin_form(target.decode("ascii")),
        version,
        [_header(line) for line in lines],
    )
    hosts = len(head.values("host"))
    if hosts > 1 or (hosts == 0 and version == b"HTTP/1.1"):
        raise HttpError(HTTPStatus.BAD_REQUEST)
    return head


def body_length(head: Head) -> int | None:
    """Give the body's length, None if it comes in chunks; two opinions about it are an error."""
    lengths, codings = head.values("content-length"), head.values("transfer-encoding")
    if codings:
        if lengths or len(codings) > 1 or head.version == b"HTTP/1.0":
            raise HttpError(HTTPStatus.BAD_REQUEST)
        if codings[0].lower() != "chunked":
            raise HttpError(HTTPStatus.NOT_IMPLEMENTED)
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or not re.fullmatch(r"[0-9]{1,19}", lengths[0]):
        raise HttpError(HTTPStatus.BAD_REQUEST)
    if int(lengths[0]) > BODY_BYTES:
        raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return int(lengths[0])


def serialize(answer: Answer, *, close: bool, head_only: bool) -> bytes:
    """Write an answer as bytes."""
    phrase = HTTPStatus(answer.status).phrase if answer.status in _KNOWN else "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if answer.status not in _WITHOUT_LENGTH:
        lines.append(f"Content-Length: {len(answer.body)}")
    if close:
        lines.append("Connection: close")
    head = "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n"
    return head if head_only or answer.status in _WITHOUT_BODY else head + answer.body


_KNOWN = frozenset(int(status) for status in HTTPStatus)
_WITHOUT_LENGTH = frozenset({204})
_WITHOUT_BODY = frozenset({204, 304})


def _header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.partition(b":")
    value = value.strip(b" \t")
    if not colon or not _TOKEN.fullmatch(name) or _CONTROL.search(value):
        raise HttpError(HTTPStatus.BAD_REQUEST)
    return name.decode("ascii"), value.decode("utf-8", "replace")


def _origin_form(target: str) -> str:
    if target.startswith("/"):
        return target
    scheme, separator, rest = target.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        return "/" + rest.partition("/")[2]
    raise HttpError(HTTPStatus.BAD_REQUEST)


def keeps_alive(head: Head) -> bool:
    """Whether the client would send another request on the same connection."""
    options = ",".join(head.values("connection")).lower()
    if head.version == b"HTTP/1.0":
        return "keep-alive" in options
    return "close" not in options
