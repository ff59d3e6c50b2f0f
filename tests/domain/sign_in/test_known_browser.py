"""Device cookies: written after a success, and valid for one email only."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.sign_in.known_browser import Device, DeviceCookies, is_current
from chalicelib.domain.user import User
from tests.support.personas.users import ROBIN

_COOKIES = DeviceCookies((b"k" * 32,))
_KIM = EmailAddress("kim@acme.test")


# The first form of the cookie, under the same key: without the second version.
_OF_BEFORE = "dev_00000000000000000000000000000000.3.zB27u2pdTdWi0LmTGOgJ2MDJ-hxxcK4NZDXv_dGRvVE"


def _user(version: int, sessions_version: int = 0) -> User:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    return User(
        "usr_1", ROBIN, "Robin", at, version, "a hash", {}, sessions_version=sessions_version
    )


def test_a_cookie_is_read_for_the_address_that_it_was_written_for() -> None:
    device = _COOKIES.read(_COOKIES.issue(ROBIN, 3, None), ROBIN)
    assert device is not None
    assert device.credentials_version == 3


def test_a_known_browser_keeps_its_id_and_a_new_one_gets_its_own() -> None:
    """Its count continues over all its sign-ins."""
    first = _COOKIES.read(_COOKIES.issue(ROBIN, 1, None), ROBIN)
    again = _COOKIES.read(_COOKIES.issue(ROBIN, 2, first), ROBIN)
    other = _COOKIES.read(_COOKIES.issue(ROBIN, 1, None), ROBIN)
    assert first is not None
    assert other is not None
    assert again == Device(first.id, 2)
    assert other.id != first.id


def test_a_device_cookie_is_invalid_for_another_email() -> None:
    """`H17`: a user's own cookie gives no attempts at another user's email."""
    written = _COOKIES.issue(_KIM, 1, None)
    assert _COOKIES.read(written, ROBIN) is None


def test_a_device_cookie_is_invalid_under_another_key() -> None:
    """`H17`."""
    assert DeviceCookies((b"j" * 32,)).read(_COOKIES.issue(ROBIN, 1, None), ROBIN) is None


@given(place=st.integers(0, 10_000), character=st.sampled_from("A0_-.ab9 \n"))
def test_a_device_cookie_with_a_changed_character_is_invalid(place: int, character: str) -> None:
    """`H17`: the id, the password's version, and the signature."""
    written = _COOKIES.issue(ROBIN, 1, None)
    place %= len(written)
    edited = written[:place] + character + written[place + 1 :]
    if edited != written:
        assert _COOKIES.read(edited, ROBIN) is None


@pytest.mark.parametrize(
    "edit", ["version", "sessions", "no sessions", "id", "two of them", "cut", "a line more"]
)
def test_an_edited_cookie_is_no_device(edit: str) -> None:
    """`H17`: an old cookie can't be made current, nor use another's signature."""
    written, other = _COOKIES.issue(ROBIN, 1, None), _COOKIES.issue(ROBIN, 2, None)
    device_id, version, sessions, signature = written.split(".")
    edited = {
        "version": f"{device_id}.2.{sessions}.{signature}",
        "sessions": f"{device_id}.{version}.1.{signature}",
        "no sessions": f"{device_id}.{version}.{signature}",
        "id": f"{other.split('.')[0]}.{version}.{sessions}.{signature}",
        "two of them": f"{written}.{other}",
        "cut": written[:-1],
        "a line more": f"{written}\n",
    }
    assert _COOKIES.read(edited[edit], ROBIN) is None


@pytest.mark.parametrize(
    "garbage",
    [None, "", ".", "..", "dev_.1.", "\x00", "\ud800", "x" * 100_000, "dev_" + "0" * 32 + ".1."],
    ids=lambda garbage: repr(garbage)[:12],
)
def test_garbage_is_no_device(garbage: str | None) -> None:
    assert _COOKIES.read(garbage, ROBIN) is None


@given(st.text(max_size=200))
def test_any_other_text_is_no_device(text: str) -> None:
    assert _COOKIES.read(text, ROBIN) is None


def test_a_new_password_ends_a_device_cookie() -> None:
    """`C8`: a thief of the old browser has no attempts of its own after a reset."""
    device = Device("dev_1", 3)
    assert is_current(device, _user(3))
    assert not is_current(device, _user(4))
    assert not is_current(device, None)


def test_ending_all_other_sessions_ends_device_cookies() -> None:
    device = _COOKIES.read(_COOKIES.issue(ROBIN, 3, None, 2), ROBIN)
    assert device is not None
    assert is_current(device, _user(3, 2))
    assert not is_current(device, _user(3, 3))


def test_an_older_cookie_has_no_sessions_version() -> None:
    device = _COOKIES.read(_OF_BEFORE, ROBIN)
    assert device == Device(f"dev_{'0' * 32}", 3, 0)
    assert is_current(device, _user(3))
    assert not is_current(device, _user(3, 1))


def test_neither_the_key_nor_the_cookie_contains_the_email() -> None:
    """`H5`."""
    assert "kkkk" not in repr(_COOKIES)
    assert "robin" not in _COOKIES.issue(ROBIN, 1, None)


def test_a_cookie_outlives_the_rotation_of_its_key() -> None:
    old, new = b"k" * 32, b"n" * 32
    cookie = _COOKIES.issue(ROBIN, 1, None)
    rotated = DeviceCookies((new, old))
    device = rotated.read(cookie, ROBIN)
    assert device is not None
    renewed = rotated.issue(ROBIN, 1, device)
    assert DeviceCookies((new,)).read(renewed, ROBIN) == device
    assert _COOKIES.read(renewed, ROBIN) is None
