"""Time is an argument; this is where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time as an aware UTC value."""
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """Write a time as `2026-11-24T09:30:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_words(duration: timedelta) -> str:
    """Say a duration in its largest unit, rounded down: "24 hours", "1 hour", "90 seconds"."""
    seconds = int(duration.total_seconds())
    # Days only from two on: "24 hours" says better when a link ends than "1 day".
    units = (("day", 86_400, 172_800), ("hour", 3_600, 3_600), ("minute", 60, 60))
    for unit, length, least in units:
        if seconds >= least:
            return _plural(seconds // length, unit)
    return _plural(seconds, "second")


def _plural(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
