"""A DNS server on this machine that says what a test wants, lies and garbage included."""

from __future__ import annotations

import contextlib
import socketserver
import struct
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Behaviour = Callable[[dns.message.Message, str], dns.message.Message | bytes | None]

_PORTS_TRIED = 20


@dataclass
class DnsServer:
    """Its records, and what it does with them; `transport` is udp or tcp."""

    address: tuple[str, int] = ("127.0.0.1", 0)
    records: dict[str, list[str]] = field(default_factory=dict)
    cnames: dict[str, str] = field(default_factory=dict)
    behave: Behaviour | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def setting(self) -> str:
        """What DNS_SERVER has to be."""
        host, port = self.address
        return f"{host}:{port}"

    def forget(self) -> None:
        """Know no record again, and be honest."""
        self.records.clear()
        self.cnames.clear()
        self.asked.clear()
        self.behave = None

    def answer(self, wire: bytes, transport: str) -> bytes | None:
        """Answer a question in wire format; None says nothing."""
        question = dns.message.from_wire(wire)
        self.asked.append((question.question[0].name.to_text(), transport))
        reply = self.behave(question, transport) if self.behave else self.honest(question)
        return reply.to_wire(max_size=65_535) if isinstance(reply, dns.message.Message) else reply

    def honest(self, question: dns.message.Message) -> dns.message.Message:
        """Say what the records say."""
        reply = dns.message.make_response(question)
        name = question.question[0].name.to_text()
        texts = self.records.get(name.rstrip("."))
        if alias := self.cnames.get(name.rstrip(".")):
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", f"{alias}."))
        elif texts is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif texts:
            quoted = ['"' + text.replace('"', '\\"') + '"' for text in texts]
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *quoted))
        return reply


@contextlib.contextmanager
def running() -> Iterator[DnsServer]:
    """Listen on this machine, with UDP and TCP on one port."""
    server = DnsServer()

    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, reply_to = self.request
            if (reply := server.answer(wire, "udp")) is not None:
                reply_to.sendto(reply, self.client_address)

    class Tcp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            size = struct.unpack("!H", self.request.recv(2))[0]
            if (reply := server.answer(self.request.recv(size), "tcp")) is not None:
                self.request.sendall(struct.pack("!H", len(reply)) + reply)

    udp, tcp = _on_one_port(Udp, Tcp)
    with udp, tcp:
        server.address = ("127.0.0.1", int(udp.server_address[1]))
        threads = [
            Thread(target=each.serve_forever, kwargs={"poll_interval": 0.05}) for each in (udp, tcp)
        ]
        for thread in threads:
            thread.start()
        try:
            yield server
        finally:
            for each in (udp, tcp):
                each.shutdown()
            for thread in threads:
                thread.join()


def _on_one_port(
    udp: type[socketserver.BaseRequestHandler], tcp: type[socketserver.BaseRequestHandler]
) -> tuple[socketserver.UDPServer, socketserver.TCPServer]:
    # The port that UDP is given is free for UDP; now and then some other TCP has it.
    for _ in range(_PORTS_TRIED):
        packets = socketserver.ThreadingUDPServer(("127.0.0.1", 0), udp)
        try:
            return packets, socketserver.ThreadingTCPServer(packets.server_address, tcp)
        except OSError:
            packets.server_close()
    message = f"none of {_PORTS_TRIED} ports is free for both"
    raise OSError(message)
