"""The client's IP address is taken from a proxy that shows the secret, and from its place."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.trusted_proxies import TrustedProxies
from chalicelib.settings import Settings, SettingsError

_SECRET, _NEXT = "a long random secret", "the secret of next month"
_EDGE, _CLIENT = "192.0.2.7", "198.51.100.23"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


_PROXIES = TrustedProxies(1, (_digest(_SECRET), _digest(_NEXT)))


def _seen(forwarded: str, secret: str = _SECRET, proxies: TrustedProxies = _PROXIES) -> str:
    headers = {"x-forwarded-for": forwarded, "x-origin-verify": secret}
    return proxies.client_address(_EDGE, headers)


@pytest.mark.parametrize("secret", [_SECRET, _NEXT])
def test_a_proxy_that_shows_the_secret_is_believed(secret: str) -> None:
    """`G5`."""
    assert _seen(f"{_CLIENT}, {_EDGE}", secret) == _CLIENT


@pytest.mark.parametrize(
    "spoofed", ["203.0.113.1", "203.0.113.1, 203.0.113.2", "junk", "", ",,,", "1.1.1.1," * 500]
)
def test_what_a_client_wrote_itself_is_never_taken(spoofed: str) -> None:
    """`G5`."""
    assert _seen(f"{spoofed}, {_CLIENT}, {_EDGE}") == _CLIENT


@pytest.mark.parametrize(
    "secret", ["", "x", _SECRET[:-1], _SECRET + "x", _digest(_SECRET), "\ud800"]
)
def test_without_the_secret_the_gateway_alone_is_believed(secret: str) -> None:
    """`G5`."""
    assert _seen(f"{_CLIENT}, {_EDGE}", secret) == _EDGE


@pytest.mark.parametrize(
    "forwarded",
    [
        "", _EDGE, f"junk, {_EDGE}", f"{_CLIENT}:443, {_EDGE}", f"{_CLIENT}/24, {_EDGE}",
        f", {_EDGE}", f"{_CLIENT}, 192.0.2.8", f"{_CLIENT}, ", f"{_CLIENT} {_EDGE}",
        f"127.1, {_EDGE}", f"010.1.1.1, {_EDGE}", f"[2001:db8::1], {_EDGE}",
    ],
)  # fmt: skip
def test_a_malformed_value_falls_back_to_the_gateway(forwarded: str) -> None:
    assert _seen(forwarded) == _EDGE


def test_two_proxies_move_the_place_by_one() -> None:
    two = TrustedProxies(2, (_digest(_SECRET),))
    assert _seen(f"1.1.1.1, {_CLIENT}, 203.0.113.9, {_EDGE}", proxies=two) == _CLIENT
    assert _seen(f"203.0.113.9, {_EDGE}", proxies=two) == _EDGE


def test_ipv6_is_taken_too() -> None:
    assert _seen(f"1.1.1.1, 2001:DB8:0::1, {_EDGE}") == "2001:db8::1"


def test_turned_off_nothing_is_read() -> None:
    off = TrustedProxies()
    assert _seen(f"{_CLIENT}, {_EDGE}", proxies=off) == _EDGE
    assert _seen(f"{_CLIENT}, {_EDGE}", "", off) == _EDGE


@given(st.text(), st.text())
def test_no_header_breaks_it(forwarded: str, secret: str) -> None:
    assert _seen(forwarded, secret) == _EDGE


@given(st.text(alphabet="0123456789.,:af "))
def test_no_prefix_moves_the_place(prefix: str) -> None:
    assert _seen(f"{prefix}, {_CLIENT}, {_EDGE}") == _CLIENT


def test_the_setting_is_a_count_and_digests() -> None:
    both = f"1:{_digest(_SECRET)},{_digest(_NEXT)}"
    assert Settings.from_environ({"TRUSTED_PROXIES": both}).trusted_proxies == _PROXIES
    assert Settings.from_environ({}).trusted_proxies == TrustedProxies()


@pytest.mark.parametrize(
    "value", ["1", "0:" + "a" * 64, "6:" + "a" * 64, "1:" + "A" * 64, "1:abc", "1:"]
)
def test_a_broken_setting_stops_the_start(value: str) -> None:
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES must be"):
        Settings.from_environ({"TRUSTED_PROXIES": value})
