"""Searching an audit log: filters and cursors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.audit.event import AuditEvent

# The first halves of the names, with their dot. A filter takes one for all events of a group.
GROUPS = tuple(dict.fromkeys(f"{name.value.partition('.')[0]}." for name in EventName))
ACTOR_MAX = 320
CURSOR_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z#evt_[0-9a-f]{32}"
_CURSOR = re.compile(rf"{CURSOR_PATTERN}\Z", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)


@dataclass(frozen=True)
class AuditFilter:
    """A filter; `until` is the first time that is no longer included.

    `event` is a name or a group such as `member.`; `actor` is an id or a name and must match
    exactly.
    """

    event: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> AuditFilter:
        """Read the filter, with each part that is given; raises InvalidValueError."""
        return cls(
            event=parse_event(given["event"]) if "event" in given else "",
            actor=parse_actor(given["actor"]) if "actor" in given else "",
            since=parse_since(given["since"]) if "since" in given else None,
            until=parse_until(given["until"]) if "until" in given else None,
        )

    @property
    def takes_all(self) -> bool:
        """Check whether every event in its time range matches."""
        return not self.event and not self.actor


@dataclass(frozen=True)
class AuditPage:
    """Events in order, newest first, with the cursors of the pages on either side.

    A page can be short or empty and still have a next one, because each request reads a bounded
    number of events.
    """

    events: tuple[AuditEvent, ...]
    newer: str | None = None
    older: str | None = None


@dataclass(frozen=True)
class NextCursor:
    """An export ends here because of its size; older events come before this cursor."""

    before: str


def parse_event(text: str) -> str:
    """Check an event's name or a group; raises InvalidValueError."""
    if text not in list(EventName) and text not in GROUPS:
        raise InvalidValueError("Give an event's name, or a group such as member.", param="event")
    return text


def parse_actor(text: str) -> str:
    """Check an id, a name or an email; raises InvalidValueError."""
    if not text or len(text) > ACTOR_MAX or not text.isprintable():
        message = f"Give an id, a name or an email address of at most {ACTOR_MAX} characters."
        raise InvalidValueError(message, param="actor")
    return text


def parse_since(text: str) -> datetime:
    """Return the start of a day in UTC; raises InvalidValueError."""
    return _day(text, "since")


def parse_until(text: str) -> datetime:
    """Return the end of a day in UTC; raises InvalidValueError."""
    day = _day(text, "until")
    # Python's last date has no next day.
    return day + timedelta(days=1) if day.date() < date.max else datetime.max.replace(tzinfo=UTC)


def parse_cursor(text: str, param: str) -> str:
    """Check a cursor's form; raises InvalidValueError."""
    if not _CURSOR.match(text):
        raise InvalidValueError("Give the cursor as it stood in the link.", param=param)
    return text


def _day(text: str, param: str) -> datetime:
    wrong = InvalidValueError("Give a day such as 2026-11-24.", param=param)
    if not _DAY.match(text):
        raise wrong
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise wrong from error
