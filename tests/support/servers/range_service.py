"""A service of breached passwords on this machine, whose every byte a test decides."""

from __future__ import annotations

import contextlib
import socketserver
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from ipaddress import IPv4Address
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Behaviour = Callable[["Talk"], None]

_DECOY = "0123456789ABCDEF0123456789ABCDEF012"


@dataclass(frozen=True)
class Talk:
    """One request and the connection that it came by."""

    head: str
    peer: socket.socket
    cut: Event

    def send(self, body: bytes, status: str = "200 OK", *headers: str) -> None:
        """Answer whole."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        self.raw("\r\n".join(lines).encode() + body)

    def raw(self, content: bytes) -> None:
        """Send bytes as they are."""
        self.peer.sendall(content)

    def hang(self) -> None:
        """Say nothing until the caller gives up."""
        with contextlib.suppress(OSError):
            if not self.peer.recv(1):
                self.cut.set()

    def dribble(self, content: bytes, at_once: bytes = b"") -> None:
        """Send a byte at a time, soon enough each, until the caller gives up."""
        try:
            self.raw(at_once)
            for byte in content:
                self.raw(bytes((byte,)))
                self.cut.wait(0.05)
        except OSError:
            self.cut.set()


@dataclass
class RangeService:
    """What was asked, and how to answer the next time."""

    url: str = ""
    behave: Behaviour = lambda talk: talk.send(b"")
    heads: list[str] = field(default_factory=list)
    # Set when a caller ended a connection before its answer did.
    cut: Event = field(default_factory=Event)

    def leak(self, password: str, count: int = 3) -> None:
        """Answer as if a password had leaked so often, among others that nobody asked about."""
        _, rest = halves(password)
        body = f"{_DECOY}:7\r\n{rest}:{count}\r\n{_DECOY[::-1]}:0".encode()
        self.behave = lambda talk: talk.send(body)

    @property
    def paths(self) -> list[str]:
        """The path of each request, in order."""
        return [head.split()[1] for head in self.heads]


def halves(password: str) -> tuple[str, str]:
    """Split a password's SHA-1 into what is sent and what is not."""
    digest = sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    return digest[:5], digest[5:]


@contextlib.contextmanager
def running(certificate: Path | None = None) -> Iterator[RangeService]:
    """Listen on this machine, with TLS where a certificate and key are given."""
    service = RangeService()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
                peer = self.request
                if tls:
                    # Closed whatever happens: a caller may have ended the connection first.
                    peer = stack.enter_context(tls.wrap_socket(self.request, server_side=True))
                head = _head(peer)
                if head:
                    service.heads.append(head)
                    service.behave(Talk(head, peer, service.cut))

    tls = None
    if certificate:
        tls = SSLContext(PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        scheme = "https" if tls else "http"
        service.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/range"
        listening = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        listening.start()
        try:
            yield service
        finally:
            server.shutdown()
            listening.join()


def write_certificate(place: Path) -> Path:
    """Write a key and a certificate that it signed itself, for this machine."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "range service")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    place.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return place


def _head(peer: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received and (more := peer.recv(4096)):
        received += more
    return received.decode("ascii")
