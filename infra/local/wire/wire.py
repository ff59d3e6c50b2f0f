"""Reads requests from a socket, within limits of size and time."""

from __future__ import annotations

import re
import time
from http import HTTPStatus
from typing import TYPE_CHECKING

from infra.local.wire.http_messages import (
    BODY_BYTES,
    HEAD_BYTES,
    HttpError,
    Request,
    body_length,
    keeps_alive,
    parse_head,
)

if TYPE_CHECKING:
    import socket

IDLE_SECONDS = 75.0
HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0

_CHUNK_LINE_BYTES = 256


class ConnectionEndedError(Exception):
    """The other end is gone, or said nothing for too long between requests."""


class Wire:
    """Reads requests from one connection; each part of a request has its own deadline."""

    def __init__(self, connection: socket.socket, address: str) -> None:
        self._connection = connection
        self._address = address
        self._buffer = bytearray()
        self._deadline = 0.0

    def read_request(self) -> Request:
        """Wait for a request; raises HttpError or ConnectionEndedError."""
        head = parse_head(self._read_head())
        length = body_length(head)
        if head.values("expect"):
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._deadline = time.monotonic() + BODY_SECONDS
        body = self._read_chunks() if length is None else self._take(length)
        return Request(
            method=head.method,
            target=head.target,
            headers=tuple(head.headers),
            body=body,
            address=self._address,
            keep_alive=keeps_alive(head),
        )

    def _read_head(self) -> bytes:
        if not self._buffer:
            self._deadline = time.monotonic() + IDLE_SECONDS
            try:
                self._receive()
            except HttpError as error:
                raise ConnectionEndedError from error
        self._deadline = time.monotonic() + HEAD_SECONDS
        while (end := self._buffer.find(b"\r\n\r\n", 0, HEAD_BYTES + 4)) < 0:
            if len(self._buffer) > HEAD_BYTES:
                raise HttpError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            if b"\n\n" in self._buffer:
                raise HttpError(HTTPStatus.BAD_REQUEST)
            self._receive()
        head = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        return head

    def _read_chunks(self) -> bytes:
        body = bytearray()
        while True:
            size = self._chunk_size()
            if len(body) + size > BODY_BYTES:
                raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            if size == 0:
                break
            body += self._take(size)
            if self._take(2) != b"\r\n":
                raise HttpError(HTTPStatus.BAD_REQUEST)
        # Trailers are read and dropped, as nobody asked for any.
        while self._line():
            pass
        return bytes(body)

    def _chunk_size(self) -> int:
        digits = self._line().partition(b";")[0].strip(b" \t")
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", digits):
            raise HttpError(HTTPStatus.BAD_REQUEST)
        return int(digits, 16)

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0 or end > _CHUNK_LINE_BYTES:
            if len(self._buffer) > _CHUNK_LINE_BYTES:
                raise HttpError(HTTPStatus.BAD_REQUEST)
            self._receive()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _take(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._receive()
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _receive(self) -> None:
        # The time left shrinks with every byte, so that a slow drip can't hold a connection.
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise HttpError(HTTPStatus.REQUEST_TIMEOUT)
        self._connection.settimeout(left)
        try:
            received = self._connection.recv(65_536)
        except TimeoutError as error:
            raise HttpError(HTTPStatus.REQUEST_TIMEOUT) from error
        except OSError as error:
            raise ConnectionEndedError from error
        if not received:
            raise ConnectionEndedError
        self._buffer += received
