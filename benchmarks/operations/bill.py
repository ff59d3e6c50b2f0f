"""Counts what operations consume with Amazon's DynamoDB Local, and writes docs/costs.md."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figure
from benchmarks.operations.counting import counted
from benchmarks.operations.page import CHECK, named, page, unequal
from benchmarks.operations.prices import AS_OF, cost
from tests.support.servers.engines import EngineMissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.operations.counting import Operation

SIZES = (10, 1_000, 100_000)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "costs.md"
_OLD_COUNTERS = (
    "the removal of old counters of a rarely used key, which brings the average to about 1.03."
)
_OWN_LISTS = "lists that grow with the account's own data, such as its keys or its audit log."


def figures() -> list[Figure]:
    """Count all operations; returns none and prints a reason without DynamoDB Local."""
    try:
        found = counted(SIZES)
    except EngineMissingError as reason:
        sys.stderr.write(f"Operations are not counted: {reason}\n")
        return []
    PAGE.write_text(page(found), "utf-8")
    for name in unequal(found):
        sys.stderr.write(f"{name}: not the same with more users\n")
    few, many = found[SIZES[0]], found[SIZES[-1]]
    return [
        _compared("DynamoDB requests", _requests(many), _requests(few)),
        _compared("capacity units", _units(many), _units(few)),
        *_check(named(few, CHECK)),
    ]


def _compared(what: str, many: float, few: float) -> Figure:
    metric = f"{what} of all operations, {SIZES[-1]:,} users / {SIZES[0]} users"
    return Figure(metric, many, few, round(many / few, 4), 1, 1, _OWN_LISTS)


def _check(check: Operation) -> list[Figure]:
    requests, units = check.bill.requests, check.bill.write_units
    dollars = round(cost(check).without_gateway, 2)
    name = "dollars for a million key checks, without API Gateway"
    assumed = f"Lambda's own time, which is an assumption; prices of {AS_OF}."
    return [
        Figure("DynamoDB requests of a key check", requests, 1, requests, 1, 1, _OLD_COUNTERS),
        Figure("write units of a key check", units, 1, units, 0, 1.13, _OLD_COUNTERS),
        Figure(name, dollars, 0, dollars, 0, 1.07, assumed),
    ]


def _requests(operations: Sequence[Operation]) -> float:
    return sum(operation.bill.requests for operation in operations)


def _units(operations: Sequence[Operation]) -> float:
    return sum(operation.bill.read_units + operation.bill.write_units for operation in operations)
