"""The rules of the lockout by value, and under any sequence of actions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from chalicelib.domain.sign_in.lockout import AttemptRules, AttemptState, SourceState
from chalicelib.domain.sign_in.source_pair import SourcePair
from tests.support.personas.users import NOON
from tests.support.races.lock_machine import ADDRESS, RULES, LockMachine

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from chalicelib.domain.sign_in.lockout import Reservation

_DEFAULTS = AttemptRules(
    attempts=5,
    window=timedelta(minutes=15),
    lockout=timedelta(minutes=10),
    consecutive=100,
    source_failures=100,
    source_window=timedelta(minutes=15),
)
_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def _after(moments: Iterable[datetime], rules: AttemptRules = _DEFAULTS) -> AttemptState:
    state = AttemptState()
    for moment in moments:
        state = state.reserve(moment, rules).state
    return state


def _granted(state: AttemptState, now: datetime, rules: AttemptRules = _DEFAULTS) -> bool:
    return state.reserve(now, rules).granted


def test_the_fifth_attempt_is_checked_and_locks_and_the_sixth_is_not_checked() -> None:
    """`B6`."""
    four = _after([NOON] * 4)
    fifth = four.reserve(NOON, _DEFAULTS)
    assert (fifth.granted, fifth.locks) == (True, True)
    assert fifth.state.locked_until == NOON + timedelta(minutes=10)
    sixth = fifth.state.reserve(NOON, _DEFAULTS)
    assert (sixth.granted, sixth.locks) == (False, False)


def test_a_refused_attempt_has_no_hash_to_match() -> None:
    """`B2`: during a lockout the right password isn't compared with anything."""
    refused = _after([NOON] * 5).reserve(NOON, _DEFAULTS)
    assert refused.admits("the stored hash") is None
    assert AttemptState().reserve(NOON, _DEFAULTS).admits("the stored hash") == "the stored hash"


def test_a_refused_attempt_neither_counts_nor_makes_the_lock_longer() -> None:
    """`B5`: further attempts don't extend the lockout."""
    locked = _after([NOON] * 5)
    tried = locked.reserve(NOON + 9 * _MINUTE, _DEFAULTS).state
    assert replace(tried, version=locked.version) == locked
    assert _granted(tried, NOON + 10 * _MINUTE)


def test_a_lock_lasts_ten_minutes_to_the_second() -> None:
    """`B5`."""
    locked = _after([NOON] * 5)
    assert not _granted(locked, NOON + 10 * _MINUTE - _SECOND)
    assert _granted(locked, NOON + 10 * _MINUTE)


def test_after_a_lockout_the_whole_budget_is_back_within_the_window() -> None:
    locked = _after([NOON] * 5)
    later = NOON + 10 * _MINUTE
    again = locked.reserve(later, _DEFAULTS).state
    assert again.failures == (later,)
    assert again.locked_until is None


def test_attempts_leave_the_count_one_by_one_after_fifteen_minutes() -> None:
    """`B6`: the window slides; it isn't a period that restarts."""
    minutes = [0, 4, 8, 12]
    state = _after(NOON + minute * _MINUTE for minute in minutes)
    assert state.reserve(NOON + 15 * _MINUTE - _SECOND, _DEFAULTS).locks
    at_fifteen = state.reserve(NOON + 15 * _MINUTE, _DEFAULTS)
    assert not at_fifteen.locks
    assert at_fifteen.state.reserve(NOON + 18 * _MINUTE, _DEFAULTS).locks


def test_one_failure_every_four_minutes_never_locks_and_stops_at_a_hundred() -> None:
    """`B4`: a slow attacker stays below the limit of every window."""
    state, made = AttemptState(), list[tuple[bool, bool, bool]]()
    for number in range(102):
        reservation = state.reserve(NOON + number * 4 * _MINUTE, _DEFAULTS)
        made.append((reservation.granted, reservation.locks, reservation.stops))
        state = reservation.state
    checked, stopping, refused = (True, False, False), (True, False, True), (False, False, False)
    assert made == [checked] * 99 + [stopping] + [refused] * 2


def test_after_a_hundred_failures_waiting_does_not_help() -> None:
    """`B4`."""
    state = _after(NOON + timedelta(days=number) for number in range(100))
    assert state.consecutive == 100
    assert not _granted(state, NOON + timedelta(days=100_000))


def test_after_ninety_nine_failures_the_password_still_works() -> None:
    """`B4`."""
    state = _after(NOON + timedelta(days=number) for number in range(99))
    assert _granted(state, NOON + timedelta(days=99))


def test_with_a_budget_of_one_each_attempt_locks() -> None:
    one = replace(_DEFAULTS, attempts=1)
    assert AttemptState().reserve(NOON, one).locks
    assert not _granted(_after([NOON], one), NOON, one)


@pytest.mark.parametrize(
    ("failures", "after", "blocked_for"),
    [
        (99, timedelta(0), None),
        (100, timedelta(0), timedelta(minutes=15)),
        (100, 15 * _MINUTE - _SECOND, _SECOND),
        (100, 15 * _MINUTE, None),
        (101, _MINUTE, timedelta(minutes=14)),
        (-1, _MINUTE, None),
    ],
)
def test_a_source_waits_for_the_end_of_the_window_that_its_first_failure_began(
    failures: int, after: timedelta, blocked_for: timedelta | None
) -> None:
    """`G1`, `G6`."""
    until = SourceState(NOON, failures).blocked_until(NOON + after, _DEFAULTS)
    assert until == (NOON + after + blocked_for if blocked_for is not None else None)


def test_a_source_without_failures_is_not_limited() -> None:
    assert SourceState().blocked_until(NOON, _DEFAULTS) is None
    assert not SourceState().is_running(NOON, _DEFAULTS)


def test_a_source_that_fails_slowly_adds_no_more_than_one_lock_takes() -> None:
    """Four in each window would keep the email one mistake away from a lockout forever."""
    email, pair = AttemptState(), SourcePair()
    for number in range(40):
        tried = pair.reserve(email, NOON + number * 4 * _MINUTE, _DEFAULTS)
        email, pair = tried.at_email.state if tried.at_email else email, tried.pair
    assert email.consecutive == 5
    assert pair.own.consecutive == 35


@pytest.mark.parametrize(
    ("level", "lockout", "lasts"),
    [
        (0, 10 * _MINUTE, 20 * _MINUTE),
        (1, 10 * _MINUTE, 40 * _MINUTE),
        (6, 10 * _MINUTE, 1280 * _MINUTE),
        (7, 10 * _MINUTE, timedelta(days=1)),
        (10**9, 10 * _MINUTE, timedelta(days=1)),
        (10**9, timedelta(days=30), timedelta(days=30)),
        (10**9, _SECOND, timedelta(days=1)),
    ],
)
def test_each_lock_of_a_source_is_twice_as_long_up_to_a_day(
    level: int, lockout: timedelta, lasts: timedelta
) -> None:
    rules = replace(_DEFAULTS, attempts=1, lockout=lockout)
    tried = SourcePair(caused_lock=True, level=level).reserve(AttemptState(), NOON, rules)
    assert tried.pair.own.locked_until == NOON + lasts
    assert tried.pair.level == level + 1


class _Rules(LockMachine):
    """The rules alone, without a store."""

    def __init__(self) -> None:
        super().__init__()
        self.states: dict[str, AttemptState] = {}
        self.pairs: dict[str, SourcePair] = {}

    def attempt(self, subject: str, source: str) -> Reservation:
        state = self.states.get(subject, AttemptState())
        if subject != ADDRESS:
            made = state.reserve(self.now, RULES)
            self.states[subject] = made.state
            return made
        tried = self.pairs.get(source, SourcePair()).reserve(state, self.now, RULES)
        self.pairs[source] = tried.pair
        if tried.at_email is not None:
            self.states[subject] = tried.at_email.state
        return tried.made

    def succeed(self, subject: str, source: str) -> None:
        self.states.pop(subject, None)
        if subject == ADDRESS:
            self.pairs.pop(source)

    def lift(self, subjects: list[str], source: str) -> None:
        for subject in subjects:
            state = self.states.get(subject, AttemptState())
            self.states[subject] = replace(state, failures=(), locked_until=None)
        self._lift_pair(source)

    def clear(self, source: str) -> None:
        self.states.pop(ADDRESS, None)
        self._lift_pair(source)

    def _lift_pair(self, source: str) -> None:
        pair = self.pairs.get(source, SourcePair())
        self.pairs[source] = replace(pair, own=AttemptState())


@pytest.mark.requirement("B4", "B5", "B6")
def test_no_sequence_of_moves_reaches_a_forbidden_state() -> None:
    many = settings(max_examples=300, stateful_step_count=40, deadline=None)
    run_state_machine_as_test(_Rules, settings=many)
