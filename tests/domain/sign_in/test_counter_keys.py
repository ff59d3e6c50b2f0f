"""Keys of counters: keyed hashes of emails, and sources."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.sign_in.counter_keys import AddressKeys, source_of

_KEYS = AddressKeys(b"k" * 32)
_IPV6 = st.integers(0, 2**64 - 1)


def test_a_key_is_an_hmac_under_the_secret() -> None:
    """`B6`: a reader of the table can't test emails against it."""
    made = _KEYS.of("robin@acme.test")
    expected = hmac.digest(b"k" * 32, b"robin@acme.test", hashlib.sha256)
    assert urlsafe_b64decode(made + "=") == expected
    assert made != AddressKeys(b"j" * 32).of("robin@acme.test")


@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_has_a_key_of_one_form(text: str) -> None:
    made = _KEYS.of(text)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", made)
    assert made == _KEYS.of(text)


def test_an_unpaired_surrogate_has_a_key_of_its_own() -> None:
    assert len({_KEYS.of(text) for text in ("\ud800", "\udfff", "?", "\ufffd", "")}) == 5


def test_the_secret_is_not_shown() -> None:
    """`H5`."""
    assert "kkkk" not in repr(_KEYS)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:0db8:0001:0002:0000:0000:0000:0001", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("::192.0.2.7", "::/64"),
    ],
)
def test_a_source_is_an_ipv4_address_or_a_sites_ipv6(address: str, source: str) -> None:
    """`G5`: in the usual spelling, however it was written."""
    assert source_of(address) == source


@given(prefix=_IPV6.filter(lambda prefix: prefix > 0), host=_IPV6, other=_IPV6)
def test_all_hosts_of_a_64_are_one_source(prefix: int, host: int, other: int) -> None:
    """`G5`: a site with 2^64 IP addresses gains nothing from using them all."""
    assert source_of(_spelled(prefix, host)) == source_of(_spelled(prefix, other))
    assert source_of(_spelled(prefix, host)) != source_of(_spelled(prefix ^ 1, host))


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        " ",
        "unknown",
        "192.0.2.7, 198.51.100.1",
        "192.0.2.256",
        "192.0.2.07",
        "192.0.2.7:443",
        "[2001:db8::1]",
        "2001:db8::1/64",
        "\x00",
        "x" * 10_000,
    ],
    ids=lambda garbage: f"{garbage[:16]!r} of {len(garbage)}",
)
def test_text_that_is_no_ip_address_is_a_source_of_its_own(garbage: str) -> None:
    """`G5`: it is counted, not admitted or refused with a 500."""
    assert source_of(garbage) == garbage
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", _KEYS.of(source_of(garbage)))


def _spelled(prefix: int, host: int) -> str:
    digits = f"{prefix << 64 | host:032x}"
    return ":".join(digits[place : place + 4] for place in range(0, 32, 4))
