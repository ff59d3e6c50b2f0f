"""What a key's check consumes and costs, read off Amazon's own DynamoDB Local."""

from __future__ import annotations

import sys

from benchmarks.figures import Figure
from benchmarks.operations.counting import counted
from benchmarks.operations.page import CHECK, named
from benchmarks.operations.prices import AS_OF, cost
from tests.support.engines import EngineMissingError

_USERS = 10


def figures() -> list[Figure]:
    """Count one check; nothing, with a printed reason, where that DynamoDB can't be had."""
    try:
        check = named(counted((_USERS,))[_USERS], CHECK)
    except EngineMissingError as reason:
        sys.stderr.write(f"A key's check is not counted: {reason}\n")
        return []
    requests, units = check.bill.requests, check.bill.write_units
    dollars = round(cost(check).without_gateway, 2)
    others = (
        "what old counters of a key that is seldom used cost when they are swept: at most 1.13."
    )
    assumed = f"Lambda's own time, which is assumed; prices of {AS_OF}."
    return [
        Figure("DynamoDB requests of a key's check", requests, 1, requests, 1, 1, others),
        Figure("write units of a key's check", units, 1, units, 0, 1.13, others),
        Figure(
            "dollars for a million checks, without the gateway",
            dollars,
            0,
            dollars,
            0,
            1.07,
            assumed,
        ),
    ]
