"""Writes docs/costs.md: what was counted, at what prices, and what a month comes to."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.operations.prices import AS_OF, HASH_SECONDS, PRICES, SECONDS, Cost, cost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.operations.counting import Operation

MONTHS = (1_000, 100_000, 10_000_000)
SIGN_IN, CHECK, PAGE, CALL = (
    "sign-in with its pages, known browser",
    "API key, checked",
    "the page of workspaces",
    "a call with a key",
)
_PAGES_PER_SIGN_IN = 10

_HEAD = """# What it costs

Written by `python -m benchmarks.operations`. Every operation was made as its user makes it, against
Amazon's own DynamoDB Local, which says of each request what it consumes; the mail worker's part is
included. With {few} and with {many} other users, sessions and keys, all in one account where that
is possible, each operation consumed {verdict}.

Messages are those put on the queue, mails those handed to SES, hashes those of passwords, at 46 MiB
each. Dollars are for a million times, at the prices below; API Gateway and the mails stand in
columns of their own.

| operation | DynamoDB requests | read units | write units | messages | mails | functions | hashes \
| log bytes | $ | $ gateway | $ mails |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""

_MONTHS = """
## A month

A sign-in is the form, its two steps and the page after it in a browser that has been here before,
and then {pages} more pages. A call with a key is the check and the answer that it opens.

| in a month | sign-ins, {pages} pages each | of that gateway | calls with a key | of that gateway |
|---|---|---|---|---|
"""

_FIXED = """
Beside that, in each stage and whether or not anybody comes:

- 15 alarms and 19 metrics: at most $7.20, less what is left of CloudWatch's free ten of each;
- the mail queue: Lambda asks it for messages all the time, about 650,000 calls a month with five
  pollers, which is inside SQS's free million and $0.26 beyond it;
- storage: $0.25 a GB and $0.20 more for its point-in-time recovery. A user with a session is under
  2 KB, a million of them about $0.90 a month;
- nothing else: no instance, no address, no provisioned capacity.
"""


def page(found: Mapping[int, Sequence[Operation]]) -> str:
    """Write it from the counts by size."""
    sizes = sorted(found)
    operations = found[sizes[0]]
    same = unequal(found) == []
    verdict = "the same" if same else f"the same but for {', '.join(unequal(found))}"
    head = _HEAD.format(few=f"{sizes[0]:,}", many=f"{sizes[-1]:,}", verdict=verdict)
    prices = "\n".join(_price_rows())
    return "".join(
        [
            head,
            *(f"{_row(operation)}\n" for operation in operations),
            _MONTHS.format(pages=_PAGES_PER_SIGN_IN),
            *(f"{_month(number, operations)}\n" for number in MONTHS),
            _FIXED,
            f"\n## Prices\n\nList prices of {AS_OF}.\n\n| what | $ a million |\n|---|---|\n",
            f"{prices}\n\n{_assumptions()}",
        ]
    )


def unequal(found: Mapping[int, Sequence[Operation]]) -> list[str]:
    """Name the operations that consume more, or less, when there are more users."""
    return sorted(
        {
            first.name
            for of_one_kind in zip(*found.values(), strict=True)
            for first, other in pairwise(of_one_kind)
            if (first.bill, first.invocations, first.hashes)
            != (other.bill, other.invocations, other.hashes)
        }
    )


def named(operations: Sequence[Operation], name: str) -> Operation:
    """Find an operation."""
    return next(operation for operation in operations if operation.name == name)


def _row(operation: Operation) -> str:
    bill, priced = operation.bill, cost(operation)
    functions = ", ".join(
        f"{times} {name}" for name, times in operation.invocations.items() if times
    )
    cells = [
        operation.name,
        bill.requests,
        f"{bill.read_units:g}",
        f"{bill.write_units:g}",
        bill.messages,
        bill.mails,
        functions,
        operation.hashes,
        operation.log_bytes,
        f"{priced.without_gateway:.2f}",
        f"{priced.gateway:.2f}",
        f"{priced.mails:.0f}",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def _month(number: int, operations: Sequence[Operation]) -> str:
    sign_in = [cost(named(operations, SIGN_IN))] + [
        cost(named(operations, PAGE))
    ] * _PAGES_PER_SIGN_IN
    call = [cost(named(operations, CALL))]
    cells = [f"{number:,}"]
    for parts in (sign_in, call):
        cells += [_dollars(_sum(parts), number), _dollars(sum(p.gateway for p in parts), number)]
    return f"| {' | '.join(cells)} |"


def _sum(parts: Sequence[Cost]) -> float:
    return sum(part.whole for part in parts)


def _dollars(per_million: float, number: int) -> str:
    return f"${per_million * number / 1_000_000:,.2f}"


def _price_rows() -> list[str]:
    return [f"| {price.what} | {price.per_million:.4g} |" for price in PRICES]


def _assumptions() -> str:
    api, check, mail = (f"{SECONDS[name] * 1_000:.0f} ms" for name in ("api", "key_check", "mail"))
    return (
        f"Lambda's seconds are assumed, not measured: {api} a request, {check} a check of a key,\n"
        f"{mail} a mail, and {HASH_SECONDS * 1_000:.0f} ms more where a password is hashed,\n"
        "at the memory that `.chalice/config.json` gives each function. Cold starts, data that\n"
        "leaves AWS, taxes and support aren't in it.\n"
    )
