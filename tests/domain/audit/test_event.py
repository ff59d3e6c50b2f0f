"""The names of audit events, and the filters of the log."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.audit.event import GROUP_LABELS, EventName, moment_text
from chalicelib.domain.audit.search import GROUPS, AuditFilter, parse_cursor, parse_event
from chalicelib.domain.audit.sentences import event_options
from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.tokens import derived_id
from tests.support.personas.users import NOON


def test_a_name_is_a_thing_a_dot_and_a_participle() -> None:
    """`H4`."""
    grammar = re.compile(r"[a-z]+(_[a-z]+)*\.(?:[a-z]+_)*(?:[a-z]+ed|left|reset|resent)\Z")
    assert [name for name in EventName if not grammar.match(name)] == []


def test_every_event_and_group_has_a_text_and_can_be_filtered() -> None:
    assert [name for name in EventName if not name.sentence] == []
    assert set(GROUP_LABELS) == set(GROUPS)
    offered = [value for value, _ in event_options()]
    assert sorted(offered) == sorted([*EventName, *GROUPS])
    assert [parse_event(value) for value in offered] == offered


def test_event_times_sort_as_text() -> None:
    times = [
        datetime(1, 1, 1, tzinfo=UTC),
        NOON,
        NOON + timedelta(microseconds=1),
        datetime.max.replace(tzinfo=UTC),
    ]
    assert sorted(map(moment_text, times)) == [moment_text(time) for time in times]


def test_a_day_of_a_filter_includes_all_of_it() -> None:
    wanted = AuditFilter.parse({"since": "2026-11-24", "until": "2026-11-24"})
    assert wanted.since == datetime(2026, 11, 24, tzinfo=UTC)
    assert wanted.until == datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "2026-11-24", "~", "2026-11-24T12:00:00.000000Z#evt_X"])
def test_a_cursor_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_cursor(text, "before")


def test_an_id_from_the_same_parts_is_the_same() -> None:
    assert derived_id("evt", "a", "b") == derived_id("evt", "a", "b")
    assert derived_id("evt", "a", "b") != derived_id("evt", "ab", "")
