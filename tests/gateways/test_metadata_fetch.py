"""Fetching metadata from a URL that a user typed."""

from __future__ import annotations

import functools
import socket
import ssl
import time
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from chalicelib.gateways.saml.metadata_fetch import (
    MetadataFetch,
    MetadataUnreachableError,
    is_public,
)
from tests.support.patience import PATIENCE
from tests.support.servers.range_service import RangeService, Talk, running, write_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def server(certificate: Path) -> Iterator[RangeService]:
    with running(certificate) as started:
        yield started


@pytest.fixture
def fetch(server: RangeService, certificate: Path) -> MetadataFetch:
    return MetadataFetch(
        ports=frozenset((_port(server),)),
        may_reach=lambda address: address.is_loopback,
        tls=functools.partial(ssl.create_default_context, cafile=str(certificate)),
        seconds=PATIENCE,
    )


def _port(server: RangeService) -> int:
    return int(server.url.split(":")[2].partition("/")[0])


def test_a_good_answer_is_given_as_it_is(server: RangeService, fetch: MetadataFetch) -> None:
    server.behave = lambda talk: talk.send(b"<md/>")
    assert fetch(f"{server.url}?a=1") == b"<md/>"
    (head,) = server.heads
    assert head.startswith("GET /range?a=1 HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{_port(server)}\r\n" in head


def test_a_chunked_answer_is_put_together(server: RangeService, fetch: MetadataFetch) -> None:
    server.behave = lambda talk: talk.raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<md\r\n2\r\n/>\r\n0\r\n\r\n"
    )
    assert fetch(server.url) == b"<md/>"


@pytest.mark.requirement("E12")
@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "307 Temporary", "404 Not Found", "500 Oops", "204 None"]
)
def test_a_redirect_or_an_error_is_not_followed(
    server: RangeService, fetch: MetadataFetch, status: str
) -> None:
    server.behave = lambda talk: talk.send(b"<md/>", status, f"Location: {server.url}/2")
    with pytest.raises(MetadataUnreachableError) as refused:
        fetch(server.url)
    assert refused.value.param == "idp_metadata_url"
    assert len(server.heads) == 1


@pytest.mark.requirement("E12")
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "unannounced"])
def test_more_than_a_megabyte_is_refused(
    server: RangeService, fetch: MetadataFetch, *, announced: bool
) -> None:
    body = b"x" * 1_100_000

    def unannounced(talk: Talk) -> None:
        talk.raw(b"HTTP/1.0 200 OK\r\n\r\n" + body)

    server.behave = (lambda talk: talk.send(body)) if announced else unannounced
    with pytest.raises(MetadataUnreachableError):
        fetch(server.url)


@pytest.mark.requirement("E12")
@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_server_that_trickles_is_abandoned_in_time(
    server: RangeService, fetch: MetadataFetch, start: bytes
) -> None:
    # One byte at a time, it would take more than an hour.
    server.behave = lambda talk: talk.dribble(b"H" * 100_000, start)
    began = time.monotonic()
    with pytest.raises(MetadataUnreachableError):
        replace(fetch, seconds=3.0)(server.url)
    assert time.monotonic() - began < PATIENCE
    assert server.cut.wait(PATIENCE)


def test_a_silent_server_is_abandoned_in_time(server: RangeService, fetch: MetadataFetch) -> None:
    server.behave = Talk.hang
    with pytest.raises(MetadataUnreachableError):
        replace(fetch, seconds=1.0)(server.url)


def test_an_answer_that_is_not_http_is_refused(server: RangeService, fetch: MetadataFetch) -> None:
    server.behave = lambda talk: talk.raw(b"\x00\x01garbage\r\n\r\n")
    with pytest.raises(MetadataUnreachableError):
        fetch(server.url)


def test_an_untrusted_certificate_is_refused(server: RangeService) -> None:
    fetch = MetadataFetch(ports=frozenset((_port(server),)), may_reach=lambda _: True)
    with pytest.raises(MetadataUnreachableError):
        fetch(server.url)
    assert server.heads == []


@pytest.mark.requirement("E12")
@pytest.mark.parametrize(
    "url",
    [
        "",
        "metadata",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "https:///x",
        "https://127.0.0.1:22/",
        "https://user:pass@127.0.0.1/",
        "https://127.0.0.1/\r\nX: y",
        "https://127.0.0.1/ x",
        "https://127.0.0.1:port/",
        "https://no-such-host.invalid/",
    ],
)
def test_a_url_of_another_form_is_never_fetched(url: str) -> None:
    with pytest.raises(MetadataUnreachableError):
        MetadataFetch(may_reach=lambda _: False)(url)


@pytest.mark.requirement("E12")
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1", "[::1]", "[::ffff:10.0.0.1]", "0"],
)
def test_a_private_address_is_never_connected_to(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[object] = []
    monkeypatch.setattr(socket, "create_connection", lambda *a, **_: connected.append(a))
    with pytest.raises(MetadataUnreachableError):
        MetadataFetch()(f"https://{host}/metadata")
    assert connected == []


@pytest.mark.requirement("E12")
def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [(0, 0, 0, "", ("93.184.215.14", 443)), (0, 0, 0, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    connected: list[object] = []
    monkeypatch.setattr(socket, "create_connection", lambda *a, **_: connected.append(a))
    with pytest.raises(MetadataUnreachableError):
        MetadataFetch()("https://idp.example/")
    assert connected == []


@pytest.mark.requirement("E12")
def test_the_address_that_was_checked_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`E12`: a second look-up could return a private IP address (rebinding), so there is none."""
    looked_up: list[object] = []

    def look_up(host: str, *_: object, **__: object) -> list[object]:
        looked_up.append(host)
        return [(0, 0, 0, "", ("93.184.215.14", 443))]

    def connect(place: tuple[str, int], *_: object) -> None:
        connected.append(place)
        raise OSError

    connected: list[tuple[str, int]] = []
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(MetadataUnreachableError):
        MetadataFetch()("https://idp.example/")
    assert connected == [("93.184.215.14", 443)]
    assert looked_up == ["idp.example"]


def test_an_allow_list_of_hosts_excludes_all_others(
    server: RangeService, fetch: MetadataFetch
) -> None:
    server.behave = lambda talk: talk.send(b"<md/>")
    assert replace(fetch, hosts=frozenset(("127.0.0.1",)))(server.url) == b"<md/>"
    with pytest.raises(MetadataUnreachableError):
        replace(fetch, hosts=frozenset(("idp.example",)))(server.url)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_on_the_internet(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.requirement("E12")
@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - an IP address to refuse
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.2.1",
        "192.168.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::1",
    ],
)
def test_addresses_that_are_not(address: str) -> None:
    assert not is_public(ip_address(address))
