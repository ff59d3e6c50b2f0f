"""The cap on requested mails, on every engine."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.storage.audit.hourly_caps import HourlyCaps
from chalicelib.storage.dynamo.tables import LimitRow
from tests.support.personas.users import NOON
from tests.support.races.races import race

pytestmark = pytest.mark.usefixtures("connection")
_HOUR = timedelta(hours=1)


def test_five_mails_an_hour_to_one_address() -> None:
    """`B14`."""
    counts = HourlyCaps(maximum=5, window=_HOUR)
    admitted = [counts.admit("robin", f"message {number}", NOON) for number in range(7)]
    assert admitted == [True] * 5 + [False] * 2


def test_emails_are_counted_separately() -> None:
    counts = HourlyCaps(maximum=1, window=_HOUR)
    assert counts.admit("robin", "1", NOON)
    assert counts.admit("kim", "2", NOON)


def test_a_retried_message_is_admitted_again_without_counting_twice() -> None:
    counts = HourlyCaps(maximum=2, window=_HOUR)
    assert [counts.admit("robin", "same", NOON) for _ in range(5)] == [True] * 5
    assert counts.admit("robin", "other", NOON)


def test_an_hour_later_the_address_gets_mail_again() -> None:
    counts = HourlyCaps(maximum=1, window=_HOUR)
    assert counts.admit("robin", "1", NOON)
    assert not counts.admit("robin", "2", NOON + _HOUR - timedelta(seconds=1))
    assert counts.admit("robin", "3", NOON + _HOUR)


def test_twenty_at_once_get_no_more_than_the_cap() -> None:
    """`B14`, `H13`."""
    counts = HourlyCaps(maximum=5, window=_HOUR)
    outcomes = race(lambda number: counts.admit("robin", f"message {number}", NOON))
    assert outcomes.count(True) == 5


def test_an_entry_that_is_removed_frees_only_its_own_place() -> None:
    counts = HourlyCaps(maximum=2, window=_HOUR)
    assert counts.admit("source", "1", NOON)
    assert counts.admit("source", "2", NOON)
    for message_id in ("1", "1", "never there"):
        counts.take_back("source", message_id, NOON)
    assert [counts.admit("source", f"more {number}", NOON) for number in range(2)] == [True, False]


def test_twenty_entries_removed_at_once_free_twenty_places() -> None:
    """`H13`."""
    counts = HourlyCaps(maximum=20, window=_HOUR)
    assert all(counts.admit("source", f"message {number}", NOON) for number in range(20))
    race(lambda number: counts.take_back("source", f"message {number}", NOON))
    admitted = [counts.admit("source", f"more {number}", NOON) for number in range(21)]
    assert admitted == [True] * 20 + [False]


def test_forty_at_once_get_no_more_than_a_sources_twenty() -> None:
    """`B14`, `H13`: none of them is refused while there is room."""
    counts = HourlyCaps(maximum=20, window=_HOUR)
    outcomes = race(lambda number: counts.admit("source", f"{number}", NOON), callers=40)
    assert (outcomes.count(True), outcomes.count(False)) == (20, 20)


def test_a_held_place_outlasts_its_window_and_ends_at_its_time() -> None:
    counts, until = HourlyCaps(maximum=1, window=_HOUR), NOON + 24 * _HOUR
    assert counts.admit("robin", "1", NOON)
    counts.hold("robin", "1", until, NOON + _HOUR / 2)
    assert not counts.admit("robin", "2", until - timedelta(seconds=1))
    assert counts.admit("robin", "2", until)


def test_a_row_lives_as_long_as_its_last_place() -> None:
    counts, until = HourlyCaps(maximum=2, window=_HOUR), NOON + 24 * _HOUR
    counts.hold("robin", "1", until, NOON)
    assert counts.admit("robin", "2", NOON)
    assert LimitRow.get("mail#robin").ttl == until


def test_a_place_is_held_after_its_window_and_beyond_the_maximum_too() -> None:
    counts, until = HourlyCaps(maximum=1, window=_HOUR), NOON + 24 * _HOUR
    for message in ("1", "2", "3"):
        counts.hold("robin", message, until, NOON)
    assert not counts.admit("robin", "4", NOON + 2 * _HOUR)


def test_of_twenty_reports_at_once_each_holds_one_place_once() -> None:
    counts, until = HourlyCaps(maximum=20, window=_HOUR), NOON + 24 * _HOUR
    race(lambda number: counts.hold("robin", f"{number % 10}", until, NOON))
    row = LimitRow.get("mail#robin", consistent_read=True)
    assert (len(row.entries), int(row.version)) == (10, 10)
    counts.hold("robin", "3", until, NOON)
    assert int(LimitRow.get("mail#robin", consistent_read=True).version) == 10
