"""The simulation's rules, and that no row of the service costs more than one unit to write."""

from __future__ import annotations

from benchmarks.scale.partitions import SPACE, Table
from benchmarks.scale.sizes import largest, size

_SPREAD = [SPACE * n // 1_000 for n in range(1_000)]


def test_a_table_takes_what_it_was_warmed_for() -> None:
    table = Table.warm(2_000)
    assert all(table.second(_SPREAD * 2).all == 0 for _ in range(300))


def test_a_single_item_never_gets_more_than_one_partitions_share() -> None:
    table = Table.warm(10_000)
    hot = [SPACE // 3] * 3_000
    throttled = [table.second([], hot).all for _ in range(900)]
    assert throttled[0] == 2_000
    assert throttled[-1] == 2_000
    assert len(table.partitions) > 10, "it is split around the item all the same"


def test_neighbours_of_a_hot_item_are_throttled_until_it_is_alone() -> None:
    table = Table.warm(1_000)
    hot, usual = [SPACE // 3] * 3_000, _SPREAD[::2]
    throttled = [table.second(usual, hot).usual for _ in range(1_800)]
    assert throttled[0] > 300
    assert throttled[-1] <= 5


def test_unused_capacity_is_kept_for_five_minutes() -> None:
    table = Table.warm(1_000)
    table.split_after = 10_000
    for _ in range(600):
        table.second([])
    burst = [table.second(_SPREAD * 3).all for _ in range(200)]
    assert burst[:150] == [0] * 150
    assert burst[-1] > 0


def test_a_busy_table_splits_until_it_copes() -> None:
    table = Table.warm(1_000)
    throttled = [table.second(_SPREAD * 2).all for _ in range(600)]
    assert throttled[0] == 1_000
    assert throttled[-1] == 0


def test_no_row_takes_more_than_one_unit_to_write() -> None:
    sizes = largest()
    assert {"users", "sessions", "api_keys", "audit_events", "limits", "links"} <= set(sizes)
    assert max(sizes.values()) <= 1_024


def test_a_rows_size_is_counted_by_the_guides_rule() -> None:
    row = {"a": {"S": "é"}, "bb": {"N": "-12"}, "c": {"M": {"d": {"S": "xyz"}}}}
    assert size(row) == (1 + 2) + (2 + 2) + (1 + 3 + 1 + 1 + 3)
