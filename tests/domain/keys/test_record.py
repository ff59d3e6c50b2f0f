"""What an operator may load as a record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.keys.record import DATA_MAX_BYTES, Record, RecordStatus, parse_record
from tests.support.personas.users import NOON

_LEAST: dict[str, Any] = {"id": "r-1", "terminus_id": "T 1", "workspace_id": "wsp_1"}
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


def test_a_record_needs_only_its_required_fields() -> None:
    record = parse_record(_LEAST, NOON)
    assert record == Record("r-1", "T 1", "wsp_1", RecordStatus.ACTIVE, "{}", NOON)


def test_a_time_is_kept_in_utc() -> None:
    record = parse_record(_LEAST | {"created_at": "2026-03-01T09:30:00+02:00"}, NOON)
    assert record.created_at == datetime(2026, 3, 1, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", ""),
        ("id", "a/b"),
        ("id", "a.b"),
        ("id", "x" * 101),
        ("id", 1),
        ("workspace_id", None),
        ("terminus_id", ""),
        ("terminus_id", "x" * 201),
        ("terminus_id", "a\nb"),
        ("status", "deleted"),
        ("status", ["active"]),
        ("data", [1]),
        ("data", {"text": "x" * DATA_MAX_BYTES}),
        ("data", {"n": float("inf")}),
        ("data", {"half": "\ud800"}),
        ("created_at", "2026-02-30T00:00:00Z"),
        ("created_at", "2026-01-01"),
        ("created_at", "2026-01-01T00:00:00"),
        ("created_at", "0001-01-01T00:00:00+23:00"),
        ("created_at", 1_700_000_000),
        ("colour", "red"),
    ],
)
def test_an_error_names_the_invalid_field(field: str, value: object) -> None:
    with pytest.raises(InvalidValueError) as refusal:
        parse_record(_LEAST | {field: value}, NOON)
    assert refusal.value.param == field


@given(st.dictionaries(st.sampled_from([*_LEAST, "status", "data", "created_at"]), _json))
def test_any_input_is_a_record_or_refused(changes: dict[str, Any]) -> None:
    try:
        record = parse_record(_LEAST | changes, NOON)
    except InvalidValueError as refusal:
        assert refusal.param in {*_LEAST, *changes}  # noqa: PT017 - one of two allowed results
    else:
        assert json.loads(record.content) == record.data
