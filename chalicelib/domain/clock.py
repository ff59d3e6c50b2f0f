"""The clock, and times as text."""

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
    """Write a duration in its largest unit, rounded down: "24 hours", "1 hour", "90 seconds"."""
    return _plural(*largest_unit(duration))


def largest_unit(duration: timedelta) -> tuple[int, str]:
    """Return a duration in its largest unit, as a count and the unit's name."""
    seconds = int(duration.total_seconds())
    # Days only from two on: "24 hours" says more precisely when a link expires than "1 day".
    units = (("day", 86_400, 172_800), ("hour", 3_600, 3_600), ("minute", 60, 60))
    for unit, length, least in units:
        if seconds >= least:
            return seconds // length, unit
    return seconds, "second"


def ago(moment: datetime, now: datetime) -> str:
    """Write how long ago a time was; from a week on, the date."""
    past = now - moment
    if past < timedelta(minutes=1):
        return "just now"
    if past < timedelta(days=7):
        return f"{in_words(past)} ago"
    return moment.astimezone(UTC).strftime("%-d %B %Y")


def exact(moment: datetime) -> str:
    """Write a time for people and programs: `2026-11-24 09:30:00Z`, which HTML takes as well."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _plural(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
