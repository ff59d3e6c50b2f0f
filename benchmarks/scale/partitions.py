"""A table of DynamoDB on demand, as far as its published rules tell: who is throttled, and when.

A partition takes 1,000 write units a second and keeps up to 300 seconds of unused capacity for
bursts. One that is busy for a while is split in two, but an item never is, so a single item never
gets more than one partition's share. Amazon doesn't say how soon a split comes: two minutes here.

Source: "Burst and adaptive capacity" in the DynamoDB Developer Guide.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNITS_A_SECOND = 1_000
BURST_SECONDS = 300
# Where an item lies: a 32-bit hash of its key.
SPACE = 2**32


@dataclass
class Partition:
    """A part of the hash space, and what it has left to give."""

    first: int
    end: int
    saved: float = 0
    busy_seconds: int = 0


class Throttled(NamedTuple):
    """How many calls of a second were throttled, and how many of these were the usual ones."""

    all: int
    usual: int


@dataclass
class Table:
    """Partitions side by side; `split_after` is how many busy seconds it takes to split one."""

    partitions: list[Partition]
    split_after: int = 120

    @classmethod
    def warm(cls, units: int) -> Table:
        """Make one that can take so many write units a second when they are spread well."""
        number = -(-units // UNITS_A_SECOND)
        edges = [SPACE * part // number for part in range(number + 1)]
        return cls([Partition(first, end) for first, end in pairwise(edges)])

    def second(self, usual: Sequence[int], others: Sequence[int] = ()) -> Throttled:
        """Take a second's writes, each by its item's hash; who was throttled."""
        firsts = [partition.first for partition in self.partitions]
        wanted, bystanders = _by_partition(firsts, usual), 0.0
        crowd = wanted + _by_partition(firsts, others)
        throttled = 0.0
        for index, partition in enumerate(self.partitions):
            refused = _spend(partition, crowd[index])
            throttled += refused
            # Whoever shares a partition shares what it refuses.
            bystanders += refused * wanted[index] / max(crowd[index], 1)
        self._split_the_busy()
        return Throttled(round(throttled), round(bystanders))

    def _split_the_busy(self) -> None:
        halves: list[Partition] = []
        for partition in self.partitions:
            too_narrow = partition.end - partition.first <= 1
            if partition.busy_seconds < self.split_after or too_narrow:
                halves.append(partition)
                continue
            middle = (partition.first + partition.end) // 2
            halves += [
                Partition(partition.first, middle, partition.saved),
                Partition(middle, partition.end, partition.saved),
            ]
        self.partitions = halves


def _by_partition(firsts: Sequence[int], places: Iterable[int]) -> Counter[int]:
    return Counter(bisect_right(firsts, place) - 1 for place in places)


def _spend(partition: Partition, wanted: int) -> float:
    """Give out what there is; unused capacity is kept for later, up to five minutes of it."""
    has = partition.saved + UNITS_A_SECOND
    given = min(wanted, has)
    partition.saved = min(has - given, UNITS_A_SECOND * BURST_SECONDS)
    partition.busy_seconds = partition.busy_seconds + 1 if wanted >= UNITS_A_SECOND else 0
    return wanted - given
