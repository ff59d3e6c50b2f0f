"""The form of an API key."""

from __future__ import annotations

import re
import string
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidApiKeyError
from chalicelib.domain.keys.api_key import PATTERN, ApiKeySecret, checksum

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_random_parts = st.text(alphabet=_BASE62, min_size=26, max_size=26)


@pytest.mark.parametrize(
    "key",
    [
        "thub_000000000000000000000000003vSKjy",
        "thub_zzzzzzzzzzzzzzzzzzzzzzzzzz3scjkN",
        "thub_0123456789ABCDEFGHIJKLMNOP4XCOD7",
    ],
)
def test_published_examples_are_keys(key: str) -> None:
    """`F2`: docs/api-keys.md gives these to authors of scanners."""
    assert ApiKeySecret.parse(key).value == key


def test_a_key_has_154_random_bits() -> None:
    """`F1`: 26 of 62 characters; in a thousand keys no position is constant."""
    made = [ApiKeySecret.new().value for _ in range(1_000)]
    assert all(re.fullmatch(PATTERN, key) for key in made)
    randoms = [key[5:31] for key in made]
    assert len(set(randoms)) == 1_000
    assert {char for random in randoms for char in random} == set(_BASE62)


def test_a_key_is_read_back() -> None:
    key = ApiKeySecret.new()
    assert ApiKeySecret.parse(key.value) == key


def test_a_key_is_hidden_in_its_repr() -> None:
    """`F3`."""
    key = ApiKeySecret.new()
    assert key.value not in repr(key)
    assert key.value not in key.digest


@given(_random_parts)
def test_the_checksum_is_the_crc_of_the_random_part(random: str) -> None:
    """`F2`: computed a second way, so that a change of either shows."""
    value = 0
    for digit in checksum(random):
        value = value * 62 + _BASE62.index(digit)
    assert value == zlib.crc32(random.encode())


@given(_random_parts, st.integers(min_value=0, max_value=36), st.sampled_from(_BASE62 + "_-é ٣"))
def test_a_key_with_a_changed_character_is_invalid(random: str, place: int, other: str) -> None:
    """`F2`: a mistyped key causes no request to a table."""
    key = f"thub_{random}{checksum(random)}"
    if key[place] == other:
        return
    with pytest.raises(InvalidApiKeyError):
        ApiKeySecret.parse(key[:place] + other + key[place + 1 :])


def test_every_single_character_of_a_key_counts() -> None:
    """`F2`: all 37 positions, each with every other printable character."""
    key = ApiKeySecret.new().value
    for place, char in enumerate(key):
        for other in set(string.printable) - {char}:
            with pytest.raises(InvalidApiKeyError):
                ApiKeySecret.parse(key[:place] + other + key[place + 1 :])


@given(_random_parts, st.data())
def test_a_key_with_swapped_characters_is_invalid(random: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(min_value=0, max_value=24))
    swapped = random[:place] + random[place + 1] + random[place] + random[place + 2 :]
    if swapped == random:
        return
    with pytest.raises(InvalidApiKeyError):
        ApiKeySecret.parse(f"thub_{swapped}{checksum(random)}")


@given(st.text(max_size=60))
def test_other_text_is_not_a_key(text: str) -> None:
    with pytest.raises(InvalidApiKeyError):
        ApiKeySecret.parse(text)


@pytest.mark.parametrize("wrapped", ["{}\n", "\n{}", " {}", "{} ", "{}{}", "{}\0", "THUB{}"])
def test_a_key_with_text_around_it_is_invalid(wrapped: str) -> None:
    key = ApiKeySecret.new().value
    with pytest.raises(InvalidApiKeyError):
        ApiKeySecret.parse(wrapped.replace("{}", key))
