"""Imported hashes: stored hashed again, verified, and replaced at the first sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import argon2
import bcrypt
import pytest

from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.passwords.hashing import (
    Argon2Cost,
    PasswordHasher,
    Pepper,
    Peppers,
    Verdict,
)
from chalicelib.domain.passwords.imported_hashes import ForeignHash, ForeignHashing

if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORD = "violet kettle 1234 marmot"
DEVISE_PEPPER = "c0ffee" * 20
CHEAPEST = Argon2Cost(memory_kib=7168, time=5)
HASHER = PasswordHasher(
    CHEAPEST, Peppers((Pepper("2025", bytes(32)),)), ForeignHashing(4, DEVISE_PEPPER)
)


def _bcrypt(text: str, prefix: str = "2a") -> str:
    made = bcrypt.hashpw(text.encode()[:72], bcrypt.gensalt(4)).decode()
    return f"${prefix}{made[3:]}"


@pytest.mark.requirement("A12", "A13")
@pytest.mark.parametrize("prefix", ["2a", "2b", "2y"])
def test_a_bcrypt_hash_is_verified_and_asks_for_a_rehash(prefix: str) -> None:
    stored = HASHER.wrap(ForeignHash.parse(_bcrypt(PASSWORD, prefix)))
    assert HASHER.verify(stored, PASSWORD) == Verdict(matches=True, needs_rehash=True)
    assert HASHER.verify(stored, PASSWORD + "!") == Verdict(matches=False)
    assert not HASHER.verify(stored, "")


def test_devises_pepper_is_appended_to_the_password() -> None:
    stored = HASHER.wrap(ForeignHash.parse(_bcrypt(PASSWORD + DEVISE_PEPPER), peppered=True))
    assert HASHER.verify(stored, PASSWORD)
    unpeppered = PasswordHasher(HASHER.cost, HASHER.peppers)
    assert not unpeppered.verify(stored, PASSWORD)
    assert not HASHER.verify(
        HASHER.wrap(ForeignHash.parse(_bcrypt(PASSWORD + DEVISE_PEPPER))), PASSWORD
    )


@pytest.mark.requirement("A13")
def test_the_stored_form_is_useless_without_our_pepper() -> None:
    made = _bcrypt(PASSWORD)
    stored = HASHER.wrap(ForeignHash.parse(made))
    assert made[-31:-1] not in stored
    stranger = PasswordHasher(CHEAPEST, Peppers((Pepper("2025", bytes(range(32))),)))
    assert not stranger.verify(stored, PASSWORD)
    assert made[-31:] not in repr(ForeignHash.parse(made))


def test_imported_argon2id_hashes_are_verified_too() -> None:
    made = argon2.PasswordHasher(time_cost=2, memory_cost=1024, parallelism=2).hash(PASSWORD)
    stored = HASHER.wrap(ForeignHash.parse(made))
    assert HASHER.verify(stored, PASSWORD) == Verdict(matches=True, needs_rehash=True)
    assert not HASHER.verify(stored, "another password")


def test_a_password_is_checked_as_typed_and_up_to_bcrypts_limit() -> None:
    typed = "cafe\u0301 " + "x" * 90
    stored = HASHER.wrap(ForeignHash.parse(_bcrypt(typed)))
    assert HASHER.verify(stored, typed)
    assert HASHER.verify(stored, typed + "more")
    assert not HASHER.verify(stored, "other " + typed)


def test_bits_that_bcrypt_does_not_use_do_not_matter() -> None:
    made = _bcrypt(PASSWORD)
    same = ForeignHash.parse(made)
    digits = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    salt_end = digits[digits.index(made[28]) + 5]
    assert ForeignHash.parse(made[:28] + salt_end + made[29:]) == same


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "$2a$04$short",
        "$2x$04$" + "." * 53,
        "$2a$03$" + "." * 53,
        "$2a$31$" + "." * 53,
        "$2a$04$" + "." * 53 + "\n",
        "$argon2i$v=19$m=1024,t=2,p=2$c2FsdHNhbHQ$" + "A" * 43,
        "$argon2id$v=19$m=9999999,t=2,p=2$c2FsdHNhbHQ$" + "A" * 43,
        "$argon2id$v=19$m=1024,t=0,p=2$c2FsdHNhbHQ$" + "A" * 43,
        "{SSHA}c2VjcmV0",
    ],
)
def test_an_unknown_hash_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        ForeignHash.parse(text)
    assert not text or text not in refused.value.message


@pytest.mark.requirement("B3")
def test_during_an_import_every_check_costs_the_same_bcrypt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    costs: list[bytes] = []
    real: Callable[[bytes, bytes], bytes] = bcrypt.hashpw

    def counting(password: bytes, salt: bytes) -> bytes:
        costs.append(salt[4:6])
        return real(password, salt)

    monkeypatch.setattr(bcrypt, "hashpw", counting)
    imported = HASHER.wrap(ForeignHash.parse(_bcrypt(PASSWORD)))
    own = HASHER.hash(PASSWORD)
    asked: list[tuple[Any, str]] = [
        (stored, password)
        for stored in (imported, own, None, "damaged")
        for password in (PASSWORD, "wrong", "", "x" * 300)
    ]
    costs.clear()
    for stored, password in asked:
        HASHER.verify(stored, password)
    assert costs == [b"04"] * len(asked)


@pytest.mark.requirement("A12")
@pytest.mark.parametrize("change", [("$04$", "$31$"), ("$04$", "$00$"), ("bcrypt", "crypt")])
def test_a_damaged_recipe_fails_closed(change: tuple[str, str]) -> None:
    stored = HASHER.wrap(ForeignHash.parse(_bcrypt(PASSWORD)))
    assert HASHER.verify(stored.replace(*change), PASSWORD) == Verdict(matches=False)


def test_a_cost_that_bcrypt_does_not_have_is_refused() -> None:
    assert ForeignHashing(0).bcrypt_cost == 0
    for cost in (1, 3, 15):
        with pytest.raises(ValueError, match="bcrypt"):
            ForeignHashing(cost)
