"""Compares each state of a study with the first one, and with the goals."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.uniformity.statistics import Auc, smallest_visible

if TYPE_CHECKING:
    from benchmarks.uniformity.study import Times
    from tests.support.uniformity.states import State

RATIO = (0.98, 1.02)
AUC = (0.47, 0.53)


@dataclass(frozen=True)
class Compared:
    """One state's times in milliseconds, with ratio and AUC against the first state's."""

    state: str
    count: int
    wall: float
    cpu: float
    ratio: float
    by_wall: Auc
    by_cpu: Auc

    @property
    def met(self) -> bool:
        """Whether the medians and both intervals are within the goals."""
        return RATIO[0] <= self.ratio <= RATIO[1] and all(
            auc.is_within(*AUC) for auc in (self.by_wall, self.by_cpu)
        )

    @property
    def tells(self) -> bool:
        """Whether so many measurements could distinguish the states."""
        return self.by_wall.tells or self.by_cpu.tells


@dataclass(frozen=True)
class Study:
    """All states of one step under one condition, in milliseconds."""

    title: str
    lines: tuple[Compared, ...]
    smallest_wall: float
    smallest_cpu: float

    @classmethod
    def of(cls, title: str, times: dict[State, Times]) -> Study:
        """Compare each state with the first."""
        (first, floor), *others = times.items()
        pairs = [(first, floor), *others]
        lines = tuple(_compared(str(state), taken, floor) for state, taken in pairs)
        return cls(title, lines, smallest_visible(floor.wall), smallest_visible(floor.cpu))

    @property
    def met(self) -> bool:
        """Whether each state's figures are within the goals."""
        return all(line.met for line in self.lines[1:])


def _compared(state: str, taken: Times, floor: Times) -> Compared:
    return Compared(
        state=state,
        count=len(taken.wall),
        wall=statistics.median(taken.wall),
        cpu=statistics.median(taken.cpu),
        ratio=statistics.median(taken.wall) / statistics.median(floor.wall),
        by_wall=Auc.of(taken.wall, floor.wall),
        by_cpu=Auc.of(taken.cpu, floor.cpu),
    )
