"""The look-up of breached passwords, with a real server that misbehaves."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from typing import TYPE_CHECKING

import pytest

from chalicelib.gateways import breached_passwords as gateway
from chalicelib.gateways.breached_passwords import BreachedPasswords
from chalicelib.logs import JsonFormatter
from tests.support.patience import PATIENCE
from tests.support.personas.journeys import PASSWORD
from tests.support.servers.children import free_port
from tests.support.servers.range_service import (
    RangeService,
    Talk,
    halves,
    running,
    write_certificate,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PREFIX, REST = halves(PASSWORD)
_ENDLESS = b"0" * 100_000


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accept an answer that arrives late on a busy machine."""
    monkeypatch.setattr(gateway, "_BUDGET_SECONDS", PATIENCE)


@pytest.fixture
def _in_time(_patient: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Allow a short time, in which a busy machine still connects."""
    monkeypatch.setattr(gateway, "_BUDGET_SECONDS", 2.0)
    began = time.monotonic()
    yield
    # One byte at a time, an answer takes more than an hour.
    assert time.monotonic() - began < PATIENCE


def test_an_answer_gets_half_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert gateway._BUDGET_SECONDS == 0.5  # noqa: SLF001 - the rule, by value


@pytest.fixture
def ranges() -> Iterator[RangeService]:
    with running() as service:
        yield service


def _ask(url: str) -> bool:
    return BreachedPasswords(url).include(PASSWORD)


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [JsonFormatter().format(record) for record in caplog.records]
    assert not any(secret in line for line in lines for secret in (PASSWORD, PREFIX, REST))
    return [str(vars(record).get("cause")) for record in caplog.records]


def test_a_password_that_leaked_is_found(
    ranges: RangeService, caplog: pytest.LogCaptureFixture
) -> None:
    """`A5`."""
    ranges.leak(PASSWORD)
    assert _ask(ranges.url)
    assert _warnings(caplog) == []


def test_one_that_did_not_leak_is_not(
    ranges: RangeService, caplog: pytest.LogCaptureFixture
) -> None:
    """`A5`."""
    ranges.leak("another password")
    assert not _ask(ranges.url)
    assert _warnings(caplog) == []


def test_padding_is_not_a_leak(ranges: RangeService, caplog: pytest.LogCaptureFixture) -> None:
    """`A5`: entries with a count of 0 only make all answers equally long."""
    ranges.leak(PASSWORD, count=0)
    assert not _ask(ranges.url)
    assert _warnings(caplog) == []


def test_an_answer_in_pieces_or_in_lower_case_is_read(ranges: RangeService) -> None:
    line = f"{REST.lower()}:12".encode()
    pieces = b"5\r\n" + line[:5] + b"\r\n%x\r\n" % len(line[5:]) + line[5:] + b"\r\n0\r\n\r\n"
    ranges.behave = lambda talk: talk.raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + pieces
    )
    assert _ask(ranges.url)


def test_only_five_characters_are_sent_and_padding_is_requested(ranges: RangeService) -> None:
    """`A5`: the request is one line with them, and headers without secrets."""
    ranges.leak(PASSWORD)
    _ask(ranges.url)
    (head,) = ranges.heads
    first, *headers = head.rstrip().split("\r\n")
    assert first == f"GET /range/{PREFIX} HTTP/1.1"
    assert "Add-Padding: true" in headers
    assert {header.partition(":")[0] for header in headers} == {
        "Host",
        "Accept-Encoding",
        "Add-Padding",
        "User-Agent",
        "Connection",
    }
    assert not any(secret in head for secret in (PASSWORD, REST, PREFIX + REST[0]))


def _chunks_without_end(talk: Talk) -> None:
    talk.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        talk.raw(b"4000\r\n" + b"0" * 0x4000 + b"\r\n")


_TOO_MUCH = 10_000_000
_HOSTILE: dict[str, tuple[Callable[[Talk], None], str]] = {
    "500": (lambda talk: talk.send(b"sorry", "500 Oops"), "status 500"),
    "404": (lambda talk: talk.send(b"", "404 Not Found"), "status 404"),
    "nothing": (lambda talk: talk.send(b""), "unreadable"),
    "a page": (lambda talk: talk.send(b"<!doctype html><p>Log in to this network"), "unreadable"),
    "a line too much": (lambda talk: talk.send(f"{REST}:3\nx".encode()), "unreadable"),
    "a negative count": (lambda talk: talk.send(f"{REST}:-3".encode()), "unreadable"),
    "not text": (lambda talk: talk.send(bytes(range(256))), "unreadable"),
    "not HTTP": (lambda talk: talk.raw(b"SSH-2.0-OpenSSH_9.6\r\n"), "BadStatusLine"),
    "a long header": (lambda talk: talk.raw(b"HTTP/1.1 200 " + _ENDLESS), "LineTooLong"),
    "a bad chunk": (
        lambda talk: talk.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        "IncompleteRead",
    ),
    "closed at once": (lambda _talk: None, "RemoteDisconnected"),
    "cut short": (
        lambda talk: talk.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + REST.encode()),
        "cut short",
    ),
    "huge": (lambda talk: talk.send(b"0" * _TOO_MUCH), "too long"),
    "without end": (_chunks_without_end, "too long"),
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_without_a_usable_answer_it_says_no_and_logs_why(
    ranges: RangeService, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """`A5`: it fails open, with one warning that contains nothing of the request or answer."""
    ranges.behave, cause = _HOSTILE[name]
    assert not _ask(ranges.url)
    assert _warnings(caplog) == [cause]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


_SLOW: dict[str, Callable[[Talk], None]] = {
    "silence": lambda talk: talk.hang(),
    "a status a byte at a time": lambda talk: talk.dribble(b"HTTP/1.1 200 " + _ENDLESS),
    "headers a byte at a time": lambda talk: talk.dribble(b"HTTP/1.1 200 OK\r\nX: " + _ENDLESS),
    "a body a byte at a time": lambda talk: talk.dribble(
        _ENDLESS, at_once=b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    ),
}


# If no byte arrives, the whole limit and the limit for a byte end at the same moment.
_GIVEN_UP = ({"late"}, {"TimeoutError"})


@pytest.mark.usefixtures("_in_time")
@pytest.mark.parametrize("name", _SLOW)
def test_a_slow_answer_is_cut_after_half_a_second(
    ranges: RangeService, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """`A5`: in all, not for each byte; the connection is closed, so that no thread goes on."""
    ranges.behave = _SLOW[name]
    assert not _ask(ranges.url)
    assert set(_warnings(caplog)) in _GIVEN_UP
    assert len(caplog.records) == 1
    assert ranges.cut.wait(PATIENCE)


@pytest.mark.usefixtures("_in_time")
def test_a_slow_answer_under_tls_is_cut_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """`A5`."""
    certificate = write_certificate(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running(certificate) as ranges:
        ranges.behave = lambda talk: talk.dribble(b"HTTP/1.1 200 " + _ENDLESS)
        assert not _ask(ranges.url)
        assert ranges.cut.wait(PATIENCE)
    assert set(_warnings(caplog)) in _GIVEN_UP
    assert len(caplog.records) == 1


@pytest.mark.usefixtures("_in_time")
def test_a_server_that_accepts_no_connection_is_abandoned(caplog: pytest.LogCaptureFixture) -> None:
    """`A5`: its queue is full, so the kernel doesn't answer."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        place = server.getsockname()
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(place)
        assert not _ask(f"http://127.0.0.1:{place[1]}/range")
    assert set(_warnings(caplog)) in _GIVEN_UP


def test_a_closed_port_counts_as_not_leaked(caplog: pytest.LogCaptureFixture) -> None:
    """`A5`."""
    assert not _ask(f"http://127.0.0.1:{free_port()}/range")
    assert _warnings(caplog) == ["ConnectionRefusedError"]


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_no_redirect_is_followed(
    ranges: RangeService, status: str, caplog: pytest.LogCaptureFixture
) -> None:
    """`A5`: the five characters go only to the configured service."""
    with running() as elsewhere:
        elsewhere.leak(PASSWORD)
        target = f"Location: {elsewhere.url}/{PREFIX}"
        ranges.behave = lambda talk: talk.send(b"", status, target)
        assert not _ask(ranges.url)
        assert elsewhere.heads == []
    assert _warnings(caplog) == [f"status {status[:3]}"]


def test_no_proxy_of_the_environment_is_used(
    ranges: RangeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranges.leak(PASSWORD)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert _ask(ranges.url)


def test_a_server_with_a_certificate_that_the_system_trusts_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = write_certificate(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running(certificate) as ranges:
        ranges.leak(PASSWORD)
        assert _ask(ranges.url)
    assert _warnings(caplog) == []


def test_a_server_with_another_certificate_learns_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """`A5`."""
    with running(write_certificate(tmp_path / "server.pem")) as ranges:
        ranges.leak(PASSWORD)
        assert not _ask(ranges.url)
        assert ranges.heads == []
    assert _warnings(caplog) == ["SSLCertVerificationError"]
