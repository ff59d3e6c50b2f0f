"""Figures: what was measured, against what, and whether the goal is met."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True)
class Figure:
    """One line of the table; times are milliseconds of CPU, `ratio` is what the goal is about.

    `unseen` says what the figure does not show.
    """

    metric: str
    ours: float
    floor: float
    ratio: float
    low: float
    high: float
    unseen: str
    # Other products' cost, where they do the same.
    peers: Mapping[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Whether the ratio is within the goal."""
        return self.low <= self.ratio <= self.high

    @property
    def goal(self) -> str:
        """The goal in words."""
        return f"≤ {self.high}" if self.low == 0 else f"{self.low} to {self.high}"


@contextlib.contextmanager
def on_one_core() -> Iterator[None]:
    """Keep this process, and those that it starts meanwhile, on one core.

    To wake another core costs the caller CPU, and how much depends on what else the machine does;
    a small Lambda has one to itself. Where the system has no such call, nothing is kept.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def interleaved(
    subjects: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, list[float]]:
    """Run the subjects in turn, and return each one's CPU milliseconds, round by round.

    In turn, so that a machine that slows down slows all of them; this process's CPU time, so that
    others on the machine don't count.
    """
    taken: dict[str, list[float]] = {name: [] for name in subjects}
    names = list(subjects)
    for name in names:
        subjects[name]()
    for turn in range(rounds):
        # Each round begins with another one, so that none always follows the same neighbour.
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            began = time.process_time()
            subjects[name]()
            taken[name].append((time.process_time() - began) * 1000)
    return taken


def paired_ratio(ours: list[float], floor: list[float]) -> float:
    """Return the median of the ratios, round by round."""
    return statistics.median(a / b for a, b in zip(ours, floor, strict=True))
