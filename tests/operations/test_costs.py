"""What an operation consumes is counted, the same with more users, and priced as the page says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.operations.counting import counted
from benchmarks.operations.page import CHECK, PAGE, SIGN_IN, named, page, unequal
from benchmarks.operations.prices import cost
from tests.support.servers.children import ROOT
from tests.support.servers.engines import EngineMissingError

if TYPE_CHECKING:
    from benchmarks.operations.counting import Operation

_COLUMNS = 14


@pytest.fixture(scope="module")
def found() -> dict[int, list[Operation]]:
    # As many members as a page shows, at least.
    try:
        return counted((12, 60))
    except EngineMissingError as reason:
        pytest.skip(f"not counted: {reason}")


def test_more_users_make_nothing_dearer(found: dict[int, list[Operation]]) -> None:
    assert unequal(found) == []


def test_a_check_of_a_key_is_one_request_and_one_write_unit(
    found: dict[int, list[Operation]],
) -> None:
    """`G6`: and a refused one the same; one that can't be a key costs none."""
    for name, requests in ((CHECK, 1), ("API key, refused", 1), ("API key, malformed", 0)):
        bill = named(found[12], name).bill
        assert (bill.requests, bill.write_units, bill.read_units) == (requests, requests, 0)
    assert cost(named(found[12], CHECK)).without_gateway <= 1.07


def test_the_page_says_what_is_counted_today(found: dict[int, list[Operation]]) -> None:
    """Made anew by `python -m benchmarks.operations`; the log's bytes vary with ids and times."""
    rows, today = _rows((ROOT / "docs" / "costs.md").read_text("utf-8")), _rows(page(found))
    assert rows == today
    assert {SIGN_IN, PAGE, CHECK} <= set(rows)


def _rows(text: str) -> dict[str, list[str]]:
    cells = [row.split("|") for row in text.splitlines()]
    return {row[1].strip(): row[2:9] for row in cells if len(row) == _COLUMNS}
