"""Sockets that stay open, and which requests may be retried."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chalicelib.storage.keys.transport.connections import Endpoint, KeptConnections
from chalicelib.storage.keys.transport.http import BrokenAnswerError, NothingCameError
from tests.support.servers.range_service import write_certificate
from tests.support.servers.scripted_server import (
    ScriptedServer,
    Trickle,
    answer,
    plain,
    scripted_server,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_REQUEST = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}"
_CLOSE = b""
_SILENCE = None


class _Clock:
    """A clock that a test moves."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def _connections(
    server: ScriptedServer, tls: Callable[[], ssl.SSLContext] = plain, seconds: float = 5.0
) -> tuple[KeptConnections, _Clock]:
    clock = _Clock()
    endpoint = Endpoint.parse(server.url)
    return KeptConnections(endpoint, tls, answer_seconds=seconds, clock=clock), clock


def test_calls_share_a_connection_that_never_waits_to_fill_a_packet() -> None:
    with scripted_server([answer(b'{"n":1}'), answer(b'{"n":2}')]) as server:
        connections, _ = _connections(server)
        assert connections.ask(_REQUEST).body == b'{"n":1}'
        (kept,) = connections.kept
        assert kept.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert connections.ask(_REQUEST).body == b'{"n":2}'
        assert server.requests == [_REQUEST, _REQUEST]


def test_a_connection_that_was_closed_meanwhile_is_not_used(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The usual case after a pause: nothing was sent, so nothing is sent twice."""
    with scripted_server([answer()], [answer(b'{"n":2}')]) as server:
        connections, clock = _connections(server)
        connections.ask(_REQUEST)
        server.closed.wait(5)
        clock.now += 5
        assert connections.ask(_REQUEST).body == b'{"n":2}'
        assert len(server.requests) == 2
        assert caplog.records == []


def test_a_connection_that_waited_long_is_not_trusted() -> None:
    """A network device may have dropped it, and the request would be lost."""
    for pause in (50.0, -1.0):
        with scripted_server([answer(), answer()], [answer(b'{"new":1}')]) as server:
            connections, clock = _connections(server)
            connections.ask(_REQUEST)
            clock.now += pause
            assert connections.ask(_REQUEST).body == b'{"new":1}'


def test_an_open_socket_that_closes_before_any_answer_is_retried_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The close and the request crossed; the log reports the possible double count."""
    with scripted_server([answer(), _CLOSE], [answer(b'{"n":2}')]) as server:
        connections, _ = _connections(server)
        connections.ask(_REQUEST)
        assert connections.ask(_REQUEST).body == b'{"n":2}'
    assert [record.message for record in caplog.records] == ["asked_again"]


def test_over_tls_the_same_is_retried(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path / "own.pem")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    knowing = ssl.create_default_context(cafile=certificate)
    scripts = [answer()], [answer(), _CLOSE], [answer(b'{"n":4}')]
    with scripted_server(*scripts, tls=serving) as server:
        connections, _ = _connections(server, lambda: knowing)
        connections.ask(_REQUEST)
        # Closed already, but used so soon that it isn't checked.
        server.closed.wait(5)
        assert connections.ask(_REQUEST).body == b"{}"
        assert connections.ask(_REQUEST).body == b'{"n":4}'


def test_a_request_is_not_sent_a_third_time() -> None:
    with scripted_server([answer(), _CLOSE], [_CLOSE], [answer()]) as server:
        connections, _ = _connections(server)
        connections.ask(_REQUEST)
        with pytest.raises(NothingCameError):
            connections.ask(_REQUEST)
        assert len(server.requests) == 3


def test_a_new_socket_that_closes_at_once_is_not_retried() -> None:
    with scripted_server([_CLOSE], [answer()]) as server:
        with pytest.raises(NothingCameError):
            _connections(server)[0].ask(_REQUEST)
        assert len(server.requests) == 1


@pytest.mark.parametrize("kept", [False, True])
def test_a_timeout_is_not_retried(*, kept: bool) -> None:
    """The server may be processing it."""
    script = [answer(), _SILENCE] if kept else [_SILENCE]
    with scripted_server(script, [answer()]) as server:
        connections, _ = _connections(server, seconds=0.2)
        if kept:
            connections.ask(_REQUEST)
        with pytest.raises(TimeoutError):
            connections.ask(_REQUEST)
        assert len(server.requests) == len(script)
        assert connections.kept == []


_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "trickle",
    [
        Trickle(b"HTTP/1.1 2", b"0"),
        Trickle(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
        Trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"x"),
        Trickle(_CHUNKED, b"1\r\nx\r\n"),
        Trickle(_CHUNKED + b"0\r\n", b"a: b\r\n"),
    ],
    ids=["status", "headers", "body", "chunks", "trailers"],
)
def test_an_answer_that_trickles_is_abandoned_after_the_whole_limit(trickle: Trickle) -> None:
    """Each read is quick; only all of them together take too long."""
    with scripted_server([trickle], [answer(b'{"new":1}')]) as server:
        now = iter(range(1_000))
        limited = replace(_connections(server, seconds=20)[0], timer=lambda: float(next(now)))
        with pytest.raises(TimeoutError):
            limited.ask(_REQUEST)
        assert limited.kept == []
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "broken",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: a\r\nConnection: b\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}}\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 \xb2\xb2\xb2 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"x" * 200_000,
    ],
)
def test_an_ambiguous_answer_is_rejected_and_not_retried(broken: bytes) -> None:
    with scripted_server([answer(), broken], [answer()]) as server:
        connections, _ = _connections(server)
        connections.ask(_REQUEST)
        with pytest.raises((BrokenAnswerError, ConnectionResetError)):
            connections.ask(_REQUEST)
        assert len(server.requests) == 2
        assert connections.kept == []


@pytest.mark.parametrize(
    "whole",
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3;x=y\r\n{}}\r\n4\r\nabcd\r\n0\r\n\r\n"
        ),
        b"HTTP/1.1 200\r\nCONTENT-LENGTH:7\r\n\r\n{}}abcd",
    ],
)
def test_answers_of_unusual_forms_are_read(whole: bytes) -> None:
    with scripted_server([whole, answer()]) as server:
        connections, _ = _connections(server)
        assert connections.ask(_REQUEST).body == b"{}}abcd"
        assert connections.ask(_REQUEST).body == b"{}"


@pytest.mark.parametrize(
    "last",
    [
        answer(b"{}", 200, b"Connection: close"),
        answer(b"{}", 200, b"Connection: Keep-Alive, Close"),
        answer() + b"HTTP/1.1 200 OK\r\n",
    ],
)
def test_a_socket_that_closes_or_sends_too_much_is_not_kept(last: bytes) -> None:
    """Data after an answer is never read as the next answer."""
    with scripted_server([last, answer()], [answer(b'{"new":1}')]) as server:
        connections, _ = _connections(server)
        connections.ask(_REQUEST)
        assert connections.kept == []
        assert connections.ask(_REQUEST).body == b'{"new":1}'


def test_over_tls_the_certificate_decides(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path / "own.pem")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    own = ssl.create_default_context(cafile=certificate)
    knowing, system = (lambda: own), ssl.create_default_context
    with scripted_server([answer(), answer()], tls=serving) as server:
        connections, _ = _connections(server, knowing)
        for _ in range(2):
            assert connections.ask(_REQUEST).body == b"{}"
    # Untrusted; trusted, but for another name.
    for tls, host in ((system, "127.0.0.1"), (knowing, "localhost")):
        with scripted_server([answer()], tls=serving) as server:
            endpoint = replace(Endpoint.parse(server.url), host=host)
            with pytest.raises(ssl.SSLCertVerificationError):
                KeptConnections(endpoint, tls).ask(_REQUEST)
            assert server.requests == []


@pytest.mark.parametrize(
    ("url", "endpoint", "header"),
    [
        ("https://db.test", Endpoint("db.test", 443, secure=True), "db.test"),
        ("https://db.test:8443/", Endpoint("db.test", 8443, secure=True), "db.test:8443"),
        ("http://127.0.0.1:4566", Endpoint("127.0.0.1", 4566, secure=False), "127.0.0.1:4566"),
        ("http://[::1]:80", Endpoint("::1", 80, secure=False), "[::1]"),
    ],
)
def test_an_endpoint_is_read_from_its_address(url: str, endpoint: Endpoint, header: str) -> None:
    assert Endpoint.parse(url) == endpoint
    assert endpoint.host_header == header


@pytest.mark.parametrize("url", ["", "db.test:80", "ftp://db.test", "https://", "http://a/b"])
def test_any_other_url_is_no_endpoint(url: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        Endpoint.parse(url)
