"""Comparing two samples of times: medians, Mann-Whitney's AUC, and what could have been seen.

Written out here: SciPy gives the U statistic alone, and the interval would still be ours to make.
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

_NORMAL = statistics.NormalDist()
# Two-sided 95 %, and a difference that is found four times in five.
_Z95 = _NORMAL.inv_cdf(0.975)
_Z80 = _NORMAL.inv_cdf(0.8)
_HALVINGS = 40


@dataclass(frozen=True)
class Auc:
    """The chance that a time of one sample is longer than one of the other, ties half; 0.5: none.

    The interval is DeLong's: it holds whatever the shape of the times.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, longer: list[float], than: list[float]) -> Auc:
        """Compare two samples of two times or more."""
        ours, theirs = _chances(longer, than), [1 - c for c in _chances(than, longer)]
        value = statistics.fmean(ours)
        error = _standard_error(ours, theirs)
        return cls(value, value - _Z95 * error, value + _Z95 * error)

    def is_within(self, low: float, high: float) -> bool:
        """Whether the whole interval is."""
        return low < self.low and self.high < high

    @property
    def tells(self) -> bool:
        """Whether the interval leaves out 0.5: the two can be told apart by their times."""
        return not self.low <= 0.5 <= self.high  # noqa: PLR2004 - no difference


def smallest_visible(sample: list[float]) -> float:
    """Return the shift of a sample that a comparison of its size would find four times in five."""
    size = len(sample)
    away = (_Z95 + _Z80) * math.sqrt((2 * size + 1) / (12 * size * size))
    low, high = 0.0, 2 * (max(sample) - min(sample)) + 1e-9
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        shifted = [time + middle for time in sample]
        if statistics.fmean(_chances(shifted, sample)) - 0.5 < away:
            low = middle
        else:
            high = middle
    return high


def _chances(longer: list[float], than: list[float]) -> list[float]:
    """Return, for each time, the part of the other sample that is shorter, ties half."""
    ordered, size = sorted(than), len(than)
    return [
        (bisect_left(ordered, time) + bisect_right(ordered, time)) / (2 * size) for time in longer
    ]


def _standard_error(ours: list[float], theirs: list[float]) -> float:
    return math.sqrt(
        statistics.variance(ours) / len(ours) + statistics.variance(theirs) / len(theirs)
    )
