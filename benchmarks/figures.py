"""Figures: what was measured, compared with what, and whether the goal is met."""

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
    """One row of the table; times are milliseconds of CPU, and the goal is for `ratio`.

    `unseen` says what the figure doesn't show.
    """

    metric: str
    ours: float
    floor: float
    ratio: float
    low: float
    high: float
    unseen: str
    # The cost of the same operation in other products.
    peers: Mapping[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Whether the ratio meets the goal."""
        return self.low <= self.ratio <= self.high

    @property
    def goal(self) -> str:
        """The goal as text."""
        return f"≤ {self.high}" if self.low == 0 else f"{self.low} to {self.high}"


@contextlib.contextmanager
def on_one_core() -> Iterator[None]:
    """Keep this process, and those that it starts meanwhile, on one core.

    Waking another core costs the caller CPU, in an amount that depends on the machine's other
    load, and a small Lambda function has only one core. Does nothing on systems without the call.
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

    They run in turn so that a slower machine slows all of them. Only this process's CPU time is
    counted, so other processes don't matter.
    """
    taken: dict[str, list[float]] = {name: [] for name in subjects}
    names = list(subjects)
    for name in names:
        subjects[name]()
    for turn in range(rounds):
        # Each round begins with another subject, so that none always follows the same one.
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            began = time.process_time()
            subjects[name]()
            taken[name].append((time.process_time() - began) * 1000)
    return taken


def paired_ratio(ours: list[float], floor: list[float]) -> float:
    """Return the median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(ours, floor, strict=True))
