"""The suppression list, on every engine."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from chalicelib.domain.suppression import SuppressionEntry, SuppressionReason
from chalicelib.storage.dynamo.tables import SuppressionRow
from chalicelib.storage.mail.suppressions import Suppressions
from tests.support.personas.users import NOON
from tests.support.races.races import race

pytestmark = pytest.mark.usefixtures("connection")
_EMAIL = "robin@acme.test"
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_BOUNCE, _COMPLAINT, _DELAY = SuppressionReason


def _entry(reason: SuppressionReason, at: timedelta = timedelta(0)) -> SuppressionEntry:
    kept = timedelta(hours=1) if reason is _DELAY else 180 * _DAY
    return SuppressionEntry(reason, NOON + at, NOON + at + kept, f"{reason} words")


def test_an_email_that_nothing_is_known_of_is_not_suppressed() -> None:
    assert Suppressions().find(_EMAIL).entries == ()


@pytest.mark.parametrize("reason", SuppressionReason)
def test_a_reason_is_read_as_it_was_added_and_ends_at_its_time(reason: SuppressionReason) -> None:
    entry = _entry(reason)
    assert Suppressions().add(_EMAIL, entry)
    found = Suppressions().find(_EMAIL)
    assert found.entries == (entry,)
    assert found.in_force(entry.until - _MINUTE) == (entry,)
    assert found.in_force(entry.until) == ()


def test_reasons_stand_beside_each_other_the_strongest_first() -> None:
    for reason in reversed(SuppressionReason):
        assert Suppressions().add(_EMAIL, _entry(reason))
    assert [entry.reason for entry in Suppressions().find(_EMAIL).entries] == [*SuppressionReason]


def test_a_report_that_comes_again_or_late_changes_nothing() -> None:
    later = _entry(_BOUNCE, _MINUTE)
    assert Suppressions().add(_EMAIL, later)
    assert not Suppressions().add(_EMAIL, later)
    assert not Suppressions().add(_EMAIL, _entry(_BOUNCE))
    assert Suppressions().find(_EMAIL).entries == (later,)


def test_a_late_bounce_counts_although_a_later_delay_is_known() -> None:
    assert Suppressions().add(_EMAIL, _entry(_DELAY, _MINUTE))
    assert Suppressions().add(_EMAIL, _entry(_BOUNCE))


def test_a_report_of_before_an_email_was_allowed_again_changes_nothing() -> None:
    SuppressionRow(_EMAIL, removed_at=NOON + _MINUTE, ttl=NOON + 30 * _DAY).save()
    assert not Suppressions().add(_EMAIL, _entry(_BOUNCE))
    assert Suppressions().find(_EMAIL).entries == ()
    assert Suppressions().add(_EMAIL, _entry(_BOUNCE, 2 * _MINUTE))


@pytest.mark.parametrize("first", [_BOUNCE, _COMPLAINT])
def test_a_short_reason_never_shortens_the_life_of_the_row(first: SuppressionReason) -> None:
    entry = _entry(first)
    Suppressions().add(_EMAIL, entry)
    Suppressions().add(_EMAIL, _entry(_DELAY, _MINUTE))
    assert SuppressionRow.get(_EMAIL).ttl == entry.until
    Suppressions().add("kim@acme.test", _entry(_DELAY))
    Suppressions().add("kim@acme.test", entry)
    assert SuppressionRow.get("kim@acme.test").ttl == entry.until


def test_of_twenty_reports_at_once_each_reason_is_set_once() -> None:
    entries = [_entry(reason) for reason in SuppressionReason]
    added = race(lambda number: Suppressions().add(_EMAIL, entries[number % 3]))
    assert sum(map(bool, added)) == 3
    assert len(Suppressions().find(_EMAIL).entries) == 3


def test_all_are_listed() -> None:
    for number in range(30):
        Suppressions().add(f"user{number}@acme.test", _entry(_BOUNCE))
    assert {one.email for one in Suppressions().all()} == {f"user{n}@acme.test" for n in range(30)}


def test_a_complaints_words_may_be_replaced_by_a_later_one() -> None:
    Suppressions().add(_EMAIL, _entry(_COMPLAINT))
    later = dataclasses.replace(_entry(_COMPLAINT, _MINUTE), detail="fraud")
    assert Suppressions().add(_EMAIL, later)
    assert Suppressions().find(_EMAIL).entries == (later,)
