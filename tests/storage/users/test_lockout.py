"""Attempts are counted before a password is checked, exactly, on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import TooManyAttemptsError
from chalicelib.domain.origin import Client
from chalicelib.domain.sign_in.attempt_keys import AttemptKeyMaker
from chalicelib.domain.sign_in.counter_keys import AddressKeys
from chalicelib.domain.sign_in.link import LinkPurpose
from chalicelib.domain.sign_in.lockout import AttemptOrigin, AttemptRules, Reservation
from chalicelib.storage.users.credentials import Credentials, ResetCounts
from chalicelib.storage.users.links import Links
from chalicelib.storage.users.lockout import Attempts
from chalicelib.storage.users.password_gate import PasswordGate
from tests.support.personas.owners import a_user_in
from tests.support.personas.users import BROWSER, NOON, ROBIN, a_users_link
from tests.support.races.races import race, winners

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.sign_in.attempt_keys import AttemptKeys
    from chalicelib.storage.dynamo.connection import StoreConnection

_RULES = AttemptRules(
    attempts=5,
    window=timedelta(minutes=15),
    lockout=timedelta(minutes=10),
    consecutive=100,
    source_failures=12,
    source_window=timedelta(minutes=15),
)
_MAKER = AttemptKeyMaker(AddressKeys(b"k" * 32))


def _keys(source: str = BROWSER.address) -> AttemptKeys:
    return _MAKER.of(ROBIN, None, Client(source, "Test/1.0"))


@pytest.fixture
def attempts(connection: StoreConnection) -> Attempts:
    return Attempts(connection, _RULES, kept=timedelta(days=400))


def _try(attempts: Attempts, now: datetime = NOON, source: str = BROWSER.address) -> Reservation:
    return attempts.reserve(attempts.open(_keys(source), None), now, AttemptOrigin.NEW_BROWSER)


def _reset(connection: StoreConnection, now: datetime) -> None:
    link = a_users_link(a_user_in(connection), LinkPurpose.RESET_PASSWORD)
    Links().add(link)
    counts = ResetCounts(_keys().address, _keys().pair)
    Credentials(connection).reset_password(link, "new", counts, now, PasswordGate(link.email))


def test_five_attempts_are_granted_and_the_fifth_locks(attempts: Attempts) -> None:
    """`B6`."""
    made = [_try(attempts) for _ in range(7)]
    assert [one.granted for one in made] == [True] * 5 + [False] * 2
    assert [one.locks for one in made] == [False] * 4 + [True] + [False] * 2


def test_of_twenty_at_once_five_are_checked_and_one_locks(attempts: Attempts) -> None:
    """`B6`, `H13`: for any number of concurrent requests."""
    made = winners(race(lambda number: _try(attempts, source=f"192.0.2.{number}")))
    assert len(made) == 20
    assert sum(one.granted for one in made) == 5
    assert sum(one.locks for one in made) == 1


def test_of_twenty_at_once_from_one_source_five_are_checked_and_one_locks(
    connection: StoreConnection,
) -> None:
    """`B6`, `H13`: no other limit applies here."""
    attempts = Attempts(connection, replace(_RULES, source_failures=100), timedelta(days=400))
    made = winners(race(lambda _: _try(attempts)))
    assert len(made) == 20
    assert sum(one.granted for one in made) == 5
    assert sum(one.locks for one in made) == 1


def test_of_twenty_at_once_from_a_source_that_locked_before_five_are_checked(
    connection: StoreConnection,
) -> None:
    """`B6`, `H13`: they count for the source, and the email isn't locked for others."""
    attempts = Attempts(connection, replace(_RULES, source_failures=100), timedelta(days=400))
    for _ in range(5):
        _try(attempts)
    later = NOON + _RULES.lockout
    made = winners(race(lambda _: _try(attempts, later)))
    assert len(made) == 20
    assert sum(one.granted for one in made) == 5
    assert not any(one.locks for one in made)
    assert _try(attempts, later, source="198.51.100.1").granted


def test_a_lockout_by_others_applies_to_a_source_that_read_before_it(attempts: Attempts) -> None:
    """`B6`, `H13`: a lockout of the email applies to every new browser from the write on."""
    for _ in range(5):
        _try(attempts)
    later = NOON + _RULES.lockout
    stalled = attempts.open(_keys(), None)
    for _ in range(5):
        _try(attempts, later, source="198.51.100.1")
    assert not attempts.reserve(stalled, later, AttemptOrigin.NEW_BROWSER).granted


def test_a_lockout_ends_and_the_next_budget_is_whole(attempts: Attempts) -> None:
    """`B5`."""
    for _ in range(5):
        _try(attempts)
    assert not _try(attempts, NOON + _RULES.lockout - timedelta(seconds=1)).granted
    later = NOON + _RULES.lockout
    assert [_try(attempts, later).granted for _ in range(6)] == [True] * 5 + [False]


def test_success_clears_the_count(attempts: Attempts) -> None:
    """`B5`."""
    for _ in range(4):
        _try(attempts)
    ledger = attempts.open(_keys(), None)
    attempts.reserve(ledger, NOON, AttemptOrigin.NEW_BROWSER)
    attempts.forgive(ledger, NOON, AttemptOrigin.NEW_BROWSER)
    assert [_try(attempts).granted for _ in range(5)] == [True] * 5


@pytest.mark.parametrize("cleared_by", ["a success", "a reset"])
def test_an_outdated_read_of_a_cleared_count_decides_nothing(
    attempts: Attempts, connection: StoreConnection, cleared_by: str
) -> None:
    """`B6`, `H13`: a request that stalls until the new count is as long as the old one."""
    for _ in range(8):
        _try(attempts)
    later = NOON + _RULES.lockout
    stalled = attempts.open(_keys(), None)
    if cleared_by == "a success":
        attempts.forgive(attempts.open(_keys(), None), later, AttemptOrigin.NEW_BROWSER)
    else:
        _reset(connection, later)
    made = [_try(attempts, later, source="192.0.2.9") for _ in range(8)]
    assert sum(one.granted for one in made) == 5
    assert not attempts.reserve(stalled, later, AttemptOrigin.NEW_BROWSER).granted
    assert not _try(attempts, later).granted


def test_a_source_is_refused_after_its_limit_for_every_email(attempts: Attempts) -> None:
    """`G5`: and the refused attempt isn't counted for any email."""
    for number in range(_RULES.source_failures):
        _try(attempts, NOON + number * _RULES.lockout / 20)
    with pytest.raises(TooManyAttemptsError):
        _try(attempts, NOON + timedelta(minutes=14))
    assert not isinstance(_try(attempts, source="198.51.100.1"), Exception)


def test_a_source_never_gets_more_than_its_limit_by_racing(attempts: Attempts) -> None:
    """`G6`, `H13`."""
    outcomes = race(lambda _: _try(attempts), (TooManyAttemptsError,))
    assert len(winners(outcomes)) == _RULES.source_failures


def test_after_a_hundred_failures_in_a_row_waiting_does_not_help(
    connection: StoreConnection,
) -> None:
    """`B4`: the long count survives every lockout."""
    rules = AttemptRules(5, _RULES.window, _RULES.lockout, 10, 1_000, _RULES.source_window)
    patient = Attempts(connection, rules, kept=timedelta(days=400))
    made = [
        _try(patient, NOON + timedelta(days=number), f"192.0.2.{number}") for number in range(12)
    ]
    assert [one.granted for one in made] == [True] * 10 + [False] * 2
