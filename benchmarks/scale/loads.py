"""Simulated loads: ten million keys, of which few are busy, and additional callers."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from benchmarks.scale.partitions import SPACE, Table, Throttled

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = 10_000_000
CALLS_A_SECOND = 10_000
SECONDS = 600
# What a key's own limit allows in a second, if it is used evenly.
_ALLOWED = 2
_WARM, _NEW = 15_000, 4_000


@dataclass(frozen=True)
class Run:
    """The result of a load, second by second."""

    name: str
    throttled: tuple[Throttled, ...]
    partitions: int

    @property
    def worst(self) -> int:
        """The most calls that were throttled in a second."""
        return max(second.all for second in self.throttled)

    @property
    def at_last(self) -> Throttled:
        """How many a second were throttled in the last minute, when the table has settled."""
        minute = self.throttled[-60:]
        return Throttled(
            round(sum(second.all for second in minute) / len(minute)),
            round(sum(second.usual for second in minute) / len(minute)),
        )


def runs() -> Iterator[Run]:
    """Run every load for ten minutes; the results are repeatable."""
    hot, counter = [_place("one key")] * 3_000, [_place("one counter")] * CALLS_A_SECOND
    yield _run("10 million keys within their limits", Table.warm(_WARM), [])
    yield _run("the same on a new table that wasn't warmed", Table.warm(_NEW), [])
    yield _run("one key besides, 3,000 times a second", Table.warm(_WARM), hot)
    yield _run("one counter for all keys besides (not ours)", Table.warm(_WARM), counter)


def _run(name: str, table: Table, others: list[int]) -> Run:
    dice = random.Random(7)  # noqa: S311 - repeatable, and no secret
    throttled = tuple(table.second(_usual(dice), others) for _ in range(SECONDS))
    return Run(name, throttled, len(table.partitions))


def _usual(dice: random.Random) -> list[int]:
    """One second of callers: the n-th busiest key wants to call 1/n as often as the busiest."""
    wanted = Counter(int(KEYS ** dice.random()) for _ in range(CALLS_A_SECOND))
    # A caller within its limit sends no more than it allows; quiet keys fill up the total.
    calls = [key for key, times in wanted.items() for _ in range(min(times, _ALLOWED))]
    quiet = [dice.randrange(SPACE) for _ in range(CALLS_A_SECOND - len(calls))]
    return [_place(f"key {key}") for key in calls] + quiet


def _place(name: str) -> int:
    # DynamoDB's own hash isn't published; any hash that distributes as evenly can replace it.
    return int.from_bytes(sha256(name.encode()).digest()[:4], "big") % SPACE
