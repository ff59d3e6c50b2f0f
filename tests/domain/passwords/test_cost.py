"""The cost of checking a new password, in steps: no input may make it slow (`A14`).

A step is a call of a function, of Python or of C, or a step of a generator. They are counted, since
a measured time differs from machine to machine.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.domain.passwords.patterns import TEXT_LETTERS, WORDS_COST, is_made_of
from chalicelib.domain.passwords.policy import PasswordContext, PasswordPolicy, WeakPasswordError

if TYPE_CHECKING:
    from collections.abc import Callable

LIGATURE = "\ufdfa"  # decomposes to 18 letters, the most of all characters
POLICY = PasswordPolicy(min_length=8)
# Without the counting, 200,000 steps take at most 15 ms; one argon2id hash takes 50 ms or more.
NAMES_STEPS = 200_000
CHECK_STEPS = 300_000

_ALPHABETS = (
    LIGATURE,
    f"{LIGATURE} ",
    "\u3300\u3316\u3336 ",
    "1il!|7t0o ",
    "ab -1",
    "4@8({[<3691!|0$5+7%2aeiosl",
    "".join(map(chr, range(0x4E00, 0x4F00))),
    "a\u0301\u0316",
)


def _text(most: int) -> st.SearchStrategy[str]:
    """Repeat a short piece up to the length: Hypothesis writes long texts slowly."""
    pieces = st.sampled_from(_ALPHABETS).flatmap(lambda a: st.text(a, min_size=1, max_size=12))
    lengths = st.sampled_from((1, most // 2, most))
    return st.builds(lambda piece, n: (piece * n)[:n], pieces, lengths)


def _accounts(seeds: list[str]) -> tuple[str, ...]:
    """Return 201 different account names."""
    return tuple(f"{seed[:96]} {number}" for number in range(201) for seed in seeds)[:201]


CONTEXTS = st.builds(
    PasswordContext,
    product_name=_text(100),
    account_name=_text(100),
    person_name=_text(100),
    email=st.sampled_from(["kim@acme.test", f"{'a' * 64}@{'a.' * 93}test"]),
    account_names=st.lists(_text(100), min_size=1, max_size=6).map(_accounts),
)
ATTACK = PasswordContext("Terminus Hub", account_names=_accounts([LIGATURE * 90]))


class _TooManyStepsError(AssertionError):
    """More steps than the test allows."""


def _steps(call: Callable[[], Any], most: int) -> int:
    taken, here = 0, threading.get_ident()

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal taken
        if event in ("call", "c_call") and threading.get_ident() == here:
            taken += 1
            if taken > most:
                raise _TooManyStepsError

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        with suppress(WeakPasswordError):
            call()
    finally:
        sys.setprofile(before)
    return taken


@pytest.mark.requirement("A14")
@settings(deadline=None, max_examples=60)
@given(password=_text(256), context=CONTEXTS)
@example(password=LIGATURE * 245, context=ATTACK)
@example(password="1" * 256, context=PasswordContext("il", account_names=_accounts(["il" * 50])))
def test_finding_names_in_a_password_costs_less_than_a_hash_for_any_input(
    password: str, context: PasswordContext
) -> None:
    assert _steps(lambda: is_made_of(password, context.words()), NAMES_STEPS) <= NAMES_STEPS


@pytest.mark.requirement("A14")
@settings(deadline=None, max_examples=60)
@given(password=_text(256), context=CONTEXTS)
@example(password=LIGATURE * 245, context=ATTACK)
def test_the_whole_check_of_a_password_costs_about_a_hash_at_most(
    password: str, context: PasswordContext
) -> None:
    POLICY.check("load whatever is loaded late", PasswordContext("Hub"))
    assert _steps(lambda: POLICY.check(password, context), CHECK_STEPS) <= CHECK_STEPS


@pytest.mark.requirement("A6")
def test_a_password_that_decomposes_beyond_the_bound_is_judged_by_its_start() -> None:
    beyond = TEXT_LETTERS // 18 + 1
    assert is_made_of(LIGATURE * beyond, ["\u0635\u0644\u0649 "]) is False
    assert is_made_of(LIGATURE * beyond, [LIGATURE * 2]) is True
    assert is_made_of(LIGATURE * beyond, [LIGATURE * 200]) is True
    assert is_made_of("x" + LIGATURE * beyond, [LIGATURE]) is False
    assert is_made_of(LIGATURE * beyond + "x", [LIGATURE]) is True


@pytest.mark.requirement("A6")
def test_the_names_of_a_hundred_and_seventy_accounts_are_all_found() -> None:
    names = tuple(f"number{n:03}" + " bluekilns" * 7 for n in range(170))
    context = PasswordContext("Terminus Hub", "", "Kim", "kim@acme.test", names)
    assert is_made_of("number169-number169", context.words())
    assert is_made_of(names[169], context.words())


@pytest.mark.requirement("A6")
def test_a_users_own_names_are_found_with_any_number_of_accounts() -> None:
    many = tuple(chr(0x4E00 + n) * 100 for n in range(WORDS_COST // 100))
    context = PasswordContext("Terminus Hub", "", "Kim Marmot", "kettle@acme.test", many)
    for name in ("terminus-hub-terminus-hub", "KimMarmotKimMarmot", "kettle.kettle.kettle"):
        assert is_made_of(name, context.words())
