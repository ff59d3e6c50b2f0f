"""Compares two samples of times: Mann-Whitney's AUC, and the smallest visible difference.

SciPy isn't used because it only provides the U statistic, without the interval.
"""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

_NORMAL = statistics.NormalDist()
# A two-sided interval of 95 %, and a power of 80 %.
_Z95 = _NORMAL.inv_cdf(0.975)
_Z80 = _NORMAL.inv_cdf(0.8)
_HALVINGS = 40


@dataclass(frozen=True)
class Auc:
    """The probability that a time of one sample exceeds one of the other; 0.5 means no difference.

    Ties count half. The interval is DeLong's, which doesn't assume a distribution.
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, longer: list[float], than: list[float]) -> Auc:
        """Compare two samples of at least two times each."""
        ours, theirs = _chances(longer, than), [1 - c for c in _chances(than, longer)]
        value = statistics.fmean(ours)
        error = _standard_error(ours, theirs)
        return cls(value, value - _Z95 * error, value + _Z95 * error)

    def is_within(self, low: float, high: float) -> bool:
        """Whether the whole interval is within the bounds."""
        return low < self.low and self.high < high

    @property
    def tells(self) -> bool:
        """Whether the interval excludes 0.5, so that the times distinguish the samples."""
        return not self.low <= 0.5 <= self.high  # noqa: PLR2004 - no difference


def smallest_visible(sample: list[float]) -> float:
    """Return the shift that a comparison of this size would find four times in five."""
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
    """Return for each time the share of the other sample that is shorter; ties count half."""
    ordered, size = sorted(than), len(than)
    return [
        (bisect_left(ordered, time) + bisect_right(ordered, time)) / (2 * size) for time in longer
    ]


def _standard_error(ours: list[float], theirs: list[float]) -> float:
    return math.sqrt(
        statistics.variance(ours) / len(ours) + statistics.variance(theirs) / len(theirs)
    )
