"""Looking into an audit trail: what is looked for, and where one stands in it."""

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

# The first halves of the names, with their dot: what a group of events is asked for by.
GROUPS = tuple(dict.fromkeys(f"{name.value.partition('.')[0]}." for name in EventName))
ACTOR_MAX = 320
CURSOR_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z#evt_[0-9a-f]{32}"
_CURSOR = re.compile(rf"{CURSOR_PATTERN}\Z", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)


@dataclass(frozen=True)
class AuditFilter:
    """What is looked for; `until` is the first moment that isn't.

    `event` is a name or a group such as `member.`; `actor` an id or a name, exactly as it stands.
    """

    event: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> AuditFilter:
        """Read what is looked for, each part if it is given; raises InvalidValueError."""
        return cls(
            event=parse_event(given["event"]) if "event" in given else "",
            actor=parse_actor(given["actor"]) if "actor" in given else "",
            since=parse_since(given["since"]) if "since" in given else None,
            until=parse_until(given["until"]) if "until" in given else None,
        )

    @property
    def takes_all(self) -> bool:
        """Whether every event of its time fits."""
        return not self.event and not self.actor


@dataclass(frozen=True)
class AuditPage:
    """Events in a row, newest first, and from where it goes on in each direction.

    A stretch can be short, or empty, and still go on: how much is read at once is bounded.
    """

    events: tuple[AuditEvent, ...]
    newer: str | None = None
    older: str | None = None


@dataclass(frozen=True)
class NextCursor:
    """An export ends here for this time; there is more before this place."""

    before: str


def parse_event(text: str) -> str:
    """Take an event's name or a group's; raises InvalidValueError."""
    if text not in list(EventName) and text not in GROUPS:
        raise InvalidValueError("Give an event's name, or a group such as member.", param="event")
    return text


def parse_actor(text: str) -> str:
    """Take an id, a name or an email address; raises InvalidValueError."""
    if not text or len(text) > ACTOR_MAX or not text.isprintable():
        message = f"Give an id, a name or an email address of at most {ACTOR_MAX} characters."
        raise InvalidValueError(message, param="actor")
    return text


def parse_since(text: str) -> datetime:
    """Take a day from its beginning on, in UTC; raises InvalidValueError."""
    return _day(text, "since")


def parse_until(text: str) -> datetime:
    """Take a day to its end, in UTC; raises InvalidValueError."""
    day = _day(text, "until")
    # The last day that there is has no next one.
    return day + timedelta(days=1) if day.date() < date.max else datetime.max.replace(tzinfo=UTC)


def parse_cursor(text: str, param: str) -> str:
    """Take a place in a trail, as we gave it out; raises InvalidValueError."""
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
