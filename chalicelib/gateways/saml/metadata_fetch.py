"""Fetches metadata from a URL that a user typed, without access to our own network.

The name is resolved once, every IP address behind it must be public, and the request goes to the
same IP address that was checked: a second look-up could give another one (`E12`).
"""

from __future__ import annotations

import io
import logging
import socket
import ssl
import time
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.domain.errors import InvalidValueError
from chalicelib.gateways.saml.metadata import BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Callable

    Address = IPv4Address | IPv6Address

_log = logging.getLogger(__name__)
_SECONDS = 5.0
_PORTS = frozenset((443, 8443))
_OK = 200
# Addresses that contain an IPv4 address, which some gateway might unwrap.
_TRANSLATED = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))


class MetadataUnreachableError(InvalidValueError):
    """The URL isn't one that we fetch from, or it returned no metadata."""

    reason = "metadata_unreachable"
    message = (
        "The metadata couldn't be fetched. Give an https address that answers without a redirect,"
        " or paste the XML."
    )


def is_public(address: Address) -> bool:
    """Check that an IP address is on the internet, in whatever form it is written."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


@dataclass(frozen=True)
class MetadataFetch:
    """Fetches over https; if `hosts` isn't empty, only from these names.

    `may_reach` and `ports` limit where it may connect to. `tls` verifies the server.
    """

    hosts: frozenset[str] = frozenset()
    ports: frozenset[int] = _PORTS
    may_reach: Callable[[Address], bool] = is_public
    tls: Callable[[], ssl.SSLContext] = field(default=ssl.create_default_context)
    seconds: float = _SECONDS

    def __call__(self, url: str, param: str = "idp_metadata_url") -> bytes:
        """Return the body of a 200 of at most 1 MB; raises MetadataUnreachableError."""
        try:
            return self._get(url)
        except (_RefusedError, OSError, HTTPException, ValueError) as error:
            # The same error for every cause, so that a user can't scan our network.
            _log.info("metadata_not_fetched", extra={"kind": type(error).__name__})
            raise MetadataUnreachableError(param=param) from error

    def _get(self, url: str) -> bytes:
        host, port, target = self._parts(url)
        deadline = time.monotonic() + self.seconds
        address = self._address(host, port)
        with socket.create_connection((str(address), port), self.seconds) as plain:
            plain.settimeout(_left(deadline))
            with self.tls().wrap_socket(plain, server_hostname=host) as connection:
                connection.sendall(_request(host, port, target))
                return _read(connection, deadline)

    def _parts(self, url: str) -> tuple[str, int, str]:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port or 443
        plain = url.isascii() and url.isprintable() and " " not in url.strip()
        if parts.scheme != "https" or not host or "@" in parts.netloc or not plain:
            raise _RefusedError
        if port not in self.ports or (self.hosts and host not in self.hosts):
            raise _RefusedError
        return host, port, f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"

    def _address(self, host: str, port: int) -> Address:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        if not addresses or not all(map(self.may_reach, addresses)):
            raise _RefusedError
        return addresses[0]


class _RefusedError(Exception):
    """One of our own rules refuses the URL."""


class _Deadline(io.RawIOBase):
    """Reads a socket until a deadline, so that a slow server can't prolong the call."""

    def __init__(self, connection: ssl.SSLSocket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._connection.settimeout(_left(self._deadline))
        return self._connection.recv_into(buffer)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the reader, as http.client expects of a socket."""
        return io.BufferedReader(self)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _request(host: str, port: int, target: str) -> bytes:
    named = f"[{host}]" if ":" in host else host
    lines = (
        f"GET {target} HTTP/1.1",
        f"Host: {named}" if port == 443 else f"Host: {named}:{port}",  # noqa: PLR2004 - https
        "Accept: application/samlmetadata+xml, application/xml, text/xml, */*;q=0.1",
        "Accept-Encoding: identity",
        "User-Agent: terminus-hub",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


def _read(connection: ssl.SSLSocket, deadline: float) -> bytes:
    response = HTTPResponse(_Deadline(connection, deadline))  # type: ignore[arg-type]
    response.begin()
    if response.status != _OK or (response.length or 0) > BYTES_MAX:
        raise _RefusedError
    body = response.read(BYTES_MAX + 1)
    if len(body) > BYTES_MAX:
        raise _RefusedError
    return body
