"""Whatever bytes arrive, the caller gets an answer without a traceback, and the server stays up."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import pytest

from infra.local.wire import asgi, protocol
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from tests.local_stack.conftest import Wire

_HOST = b"Host: localhost\r\n"
_LAST = b"Connection: close\r\n\r\n"


def _status(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 ")
    assert b"Traceback" not in answer
    return int(answer[9:12])


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a refused client that is slow to read, as on a busy machine, still get its answer."""
    monkeypatch.setattr(asgi, "LINGER_SECONDS", PATIENCE)
    monkeypatch.setattr(protocol, "LINGER_SECONDS", PATIENCE)


@pytest.fixture(autouse=True)
def _still_up(wire: Wire) -> None:
    assert _status(wire(b"GET /health HTTP/1.1\r\n" + _HOST + _LAST)) == 200


_GET = b"GET /health HTTP/1.1\r\n"
_POST = b"POST /echo HTTP/1.1\r\n" + _HOST
_CHUNKED = _POST + b"Transfer-Encoding: chunked\r\n"
_END = b"\r\n"

_REFUSED = {
    "garbage": (b"garbage\r\n\r\n", 400),
    "only line breaks": (b"\r\n\r\n", 400),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "no version": (b"GET /health\r\n\r\n", 400),
    "two spaces": (b"GET  /health HTTP/1.1\r\n" + _HOST + _END, 400),
    "a fourth word": (b"GET /health HTTP/1.1 x\r\n" + _HOST + _END, 400),
    "a NUL in the target": (b"GET /hea\x00lth HTTP/1.1\r\n" + _HOST + _END, 400),
    "raw UTF-8 in the target": (b"GET /h\xc3\xa9 HTTP/1.1\r\n" + _HOST + _END, 400),
    "a method that is no token": (b"G(T /health HTTP/1.1\r\n" + _HOST + _END, 400),
    "a relative target": (b"GET health HTTP/1.1\r\n" + _HOST + _END, 400),
    "an asterisk": (b"OPTIONS * HTTP/1.1\r\n" + _HOST + _END, 400),
    "a protocol of its own": (b"GET /health SIP/2.0\r\n" + _HOST + _END, 400),
    "a version from the future": (b"GET /health HTTP/9.9\r\n" + _HOST + _END, 505),
    "HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "no host": (_GET + _END, 400),
    "two hosts": (_GET + _HOST + _HOST + _END, 400),
    "bare line feeds": (b"GET /health HTTP/1.1\nHost: x\n\n", 400),
    "a header without a colon": (_GET + _HOST + b"No colon here\r\n\r\n", 400),
    "a space in a header's name": (_GET + _HOST + b"Bad name: x\r\n\r\n", 400),
    "a space before the colon": (_GET + _HOST + b"Name : x\r\n\r\n", 400),
    "a folded header": (_GET + _HOST + b"X: a\r\n folded\r\n\r\n", 400),
    "a bare carriage return": (_GET + _HOST + b"X: a\rb\r\n\r\n", 400),
    "a NUL in a header": (_GET + _HOST + b"X: \x00\r\n\r\n", 400),
    "a header of 1 MB": (_GET + _HOST + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", 431),
    "200,000 headers": (_GET + b"X: a\r\n" * 200_000 + _END, 431),
    "a path of 1 MB": (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + _HOST + _END, 431),
    "two lengths": (_POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "one length twice": (_POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
    "a negative length": (_POST + b"Content-Length: -1\r\n\r\n", 400),
    "a length with a sign": (_POST + b"Content-Length: +1\r\n\r\na", 400),
    "a length as Python writes it": (_POST + b"Content-Length: 1_0\r\n\r\na", 400),
    "a length in words": (_POST + b"Content-Length: ten\r\n\r\n", 400),
    "a body over 10 MB": (_POST + b"Content-Length: 10485761\r\n\r\n", 413),
    "an absurd length": (_POST + b"Content-Length: 9999999999999999999\r\n\r\n", 413),
    "a length and chunks": (_CHUNKED + b"Content-Length: 3\r\n\r\n0\r\n\r\n", 400),
    "an unknown coding": (_POST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    "a chunk size that is no number": (_CHUNKED + b"\r\nzz\r\n", 400),
    "a negative chunk size": (_CHUNKED + b"\r\n-1\r\n", 400),
    "a chunk longer than it says": (_CHUNKED + b"\r\n1\r\nabc", 400),
    "a chunk over 10 MB": (_CHUNKED + b"\r\nffffff\r\n" + b"a" * 10_485_761, 413),
    "a chunk size that never ends": (_CHUNKED + b"\r\n" + b"1" * 999, 400),
}


@pytest.mark.parametrize(("sent", "status"), _REFUSED.values(), ids=_REFUSED)
def test_what_is_not_quite_http_is_refused(wire: Wire, sent: bytes, status: int) -> None:
    answer = wire(sent)
    assert _status(answer) == status
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b'"error"' in answer
    assert b"connection: close" in answer.lower()
    assert b"X-Request-Id: " in answer


def test_a_chunked_body_is_put_together(wire: Wire) -> None:
    answer = wire(
        b"POST /echo HTTP/1.1\r\n" + _HOST + b"Content-Type: text/plain\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
    )
    assert _status(answer) == 200
    assert b'"body":"abcde"' in answer


def test_requests_sent_together_are_answered_in_turn(wire: Wire) -> None:
    one = b"GET /health HTTP/1.1\r\n" + _HOST + b"\r\n"
    assert wire(one * 3).count(b'{"status":"ok"}') == 3


def test_a_whole_address_as_target_means_its_path(wire: Wire) -> None:
    assert _status(wire(b"GET http://evil.example/health HTTP/1.1\r\n" + _HOST + _LAST)) == 200


def test_old_clients_get_their_answer_and_the_end(wire: Wire) -> None:
    answer = wire(b"GET /health HTTP/1.0\r\n\r\n")
    assert _status(answer) == 200
    assert b"connection: close" in answer.lower()


def test_a_client_that_asks_first_is_told_to_go_on(gateway_port: int) -> None:
    with socket.create_connection(("127.0.0.1", gateway_port), timeout=PATIENCE) as connection:
        connection.sendall(
            b"POST /echo HTTP/1.1\r\n" + _HOST + b"Content-Type: text/plain\r\n"
            b"Expect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"
        )
        assert connection.recv(100) == b"HTTP/1.1 100 \r\n\r\n"
        connection.sendall(b"hi")
        assert _status(connection.recv(65_536)) == 200


def test_a_body_too_large_is_refused_even_while_it_is_being_sent(gateway_port: int) -> None:
    with socket.create_connection(("127.0.0.1", gateway_port), timeout=PATIENCE) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\n" + _HOST + b"Content-Length: 20000000\r\n\r\n")
        connection.sendall(b"x" * 2_000_000)
        assert _status(connection.recv(65_536)) == 413


@pytest.mark.parametrize("begun", [b"GET /hea", b"GET /health HTTP/1.1\r\nX-Slow: "])
def test_a_slow_drip_is_cut_off(
    gateway_port: int, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(protocol.WireConfig, "keep_alive_timeout", 0.5)
    with socket.create_connection(("127.0.0.1", gateway_port), timeout=PATIENCE) as connection:
        connection.settimeout(0.1)
        connection.sendall(begun)
        answer = b""
        # A byte every tenth of a second for a minute, which is far too long.
        for _ in range(600):
            with contextlib.suppress(TimeoutError):
                answer = connection.recv(65_536)
                break
            connection.sendall(b"a")
    assert _status(answer) == 408


def test_a_body_that_never_comes_is_cut_off(
    gateway_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi, "BODY_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", gateway_port), timeout=PATIENCE) as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\n" + _HOST + b"Content-Length: 5\r\n\r\nab")
        assert _status(connection.recv(65_536)) == 408


def test_a_connection_that_says_nothing_is_closed_without_a_word(
    gateway_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol.WireConfig, "keep_alive_timeout", 0.2)
    with socket.create_connection(("127.0.0.1", gateway_port), timeout=PATIENCE) as connection:
        assert connection.recv(100) == b""


def test_clients_that_vanish_do_no_harm(gateway_port: int) -> None:
    for _ in range(50):
        connection = socket.create_connection(("127.0.0.1", gateway_port), timeout=PATIENCE)
        connection.sendall(b"POST /echo HTTP/1.1\r\nContent-Le")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()


def test_a_status_nobody_named_can_be_written(wire: Wire) -> None:
    answer = wire(b"GET /odd HTTP/1.1\r\n" + _HOST + _LAST)
    assert _status(answer) == 299
    assert b"Content-Length: 1\r\n" in answer
    assert answer.endswith(b"\r\n\r\nx")


def test_a_view_that_takes_too_long_is_answered_for(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi, "ANSWER_SECONDS", 0.2)
    answer = wire(b"GET /slow HTTP/1.1\r\n" + _HOST + _LAST)
    assert _status(answer) == 503
    assert b"took too long" in answer


@pytest.mark.parametrize(
    ("upgrade", "status"), [(b"h2c", 200), (b"websocket", 403)], ids=["h2c", "websocket"]
)
def test_nothing_but_http_1_1_is_spoken(gateway_port: int, upgrade: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", gateway_port), timeout=PATIENCE) as connection:
        connection.sendall(
            b"GET /health HTTP/1.1\r\n"
            + _HOST
            + b"Connection: Upgrade\r\nUpgrade: "
            + upgrade
            + b"\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\nSec-WebSocket-Version: 13\r\n"
            b"HTTP2-Settings: \r\n\r\n"
        )
        assert _status(connection.recv(65_536)) == status


def test_a_connection_that_its_client_closed_is_closed_here_too(gateway_port: int) -> None:
    with socket.create_connection(("127.0.0.1", gateway_port), timeout=PATIENCE) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\n" + _HOST + _END)
        answer = b""
        while not answer.endswith(b'{"status":"ok"}'):
            answer += connection.recv(65_536)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(100) == b""
