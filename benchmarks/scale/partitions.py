"""Simulates an on-demand DynamoDB table by its published rules: what is throttled, and when.

A partition takes 1,000 write units a second and saves up to 300 seconds of unused capacity for
bursts. A busy partition is split in two, but an item never is, so a single item never gets more
than one partition's share. Amazon doesn't publish when a split happens; here it is two minutes.

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
# The position of an item is a 32-bit hash of its key.
SPACE = 2**32


@dataclass
class Partition:
    """A part of the hash space, with its saved capacity."""

    first: int
    end: int
    saved: float = 0
    busy_seconds: int = 0


class Throttled(NamedTuple):
    """How many calls of a second were throttled, in total and of the usual ones."""

    all: int
    usual: int


@dataclass
class Table:
    """All partitions; a partition is split after `split_after` busy seconds."""

    partitions: list[Partition]
    split_after: int = 120

    @classmethod
    def warm(cls, units: int) -> Table:
        """Create a table for so many evenly distributed write units a second."""
        number = -(-units // UNITS_A_SECOND)
        edges = [SPACE * part // number for part in range(number + 1)]
        return cls([Partition(first, end) for first, end in pairwise(edges)])

    def second(self, usual: Sequence[int], others: Sequence[int] = ()) -> Throttled:
        """Process a second's writes, each given by its item's hash; returns what was throttled."""
        firsts = [partition.first for partition in self.partitions]
        wanted, bystanders = _by_partition(firsts, usual), 0.0
        crowd = wanted + _by_partition(firsts, others)
        throttled = 0.0
        for index, partition in enumerate(self.partitions):
            refused = _spend(partition, crowd[index])
            throttled += refused
            # All callers of a partition share its refusals in proportion to their calls.
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
    """Spend capacity and return what was refused; saves five minutes of unused capacity."""
    has = partition.saved + UNITS_A_SECOND
    given = min(wanted, has)
    partition.saved = min(has - given, UNITS_A_SECOND * BURST_SECONDS)
    partition.busy_seconds = partition.busy_seconds + 1 if wanted >= UNITS_A_SECOND else 0
    return wanted - given
