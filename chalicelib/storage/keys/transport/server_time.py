"""How far this machine's clock is from DynamoDB's, by the `Date` of its answers.

A key's calls are counted by the minute. An instance with a wrong clock would count them in a minute
of its own and let more through. Decision 0107 says how the error is bounded.
"""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime

_log = logging.getLogger(__name__)

# The last year that Python can add to: beyond 9999 every later check would fail.
_DATE = re.compile(r"[a-z]{3}, (\d\d) ([a-z]{3}) (2\d{3}) (\d\d):(\d\d):(\d\d) gmt", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_STALE_SECONDS = 2
# Time servers correct less than this all the time.
_LOGGED_SECONDS = 5


class ServerTime:
    """Learns from each answer; `ahead` is how many seconds this machine's clock is ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0
        # A Date is the same for all answers of a second, and takes longer to parse than to compare.
        self._read: tuple[str, float | None] = "", None

    def learn(self, date: str, sent: float, received: float) -> None:
        """Use an answer's Date, and our times of its request and its arrival.

        DynamoDB's clock showed `date` at some moment between the two: cut to a second, and up to a
        second old, since servers write a Date only once a second. That bounds our clock's error on
        both sides. The known error changes only as far as it must, so a right clock is never
        corrected. A Date that can't be parsed is ignored.
        """
        read = self._read
        if read[0] != date:
            read = self._read = date, _seconds(date.lower())
        theirs = read[1]
        if theirs is None:
            return
        before = self.ahead
        self.ahead = min(max(before, sent - theirs - _STALE_SECONDS), received - theirs)
        if abs(self.ahead - before) >= _LOGGED_SECONDS:
            _log.warning("clock_corrected", extra={"seconds": round(-self.ahead)})


def _seconds(date: str) -> float | None:
    found = _DATE.fullmatch(date)
    if found is None or found[2] not in _MONTHS:
        return None
    month = _MONTHS.index(found[2]) + 1
    day, year, hour, minute, second = (int(part) for part in found.group(1, 3, 4, 5, 6))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
