"""How many messages the worker may act on, such as requested mails by email and hour."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib.domain.errors import UnavailableError
from chalicelib.storage.dynamo.tables import LimitRow
from chalicelib.storage.dynamo.transaction import write_one

if TYPE_CHECKING:
    from datetime import timedelta

# Of racing messages of one count each round admits one, until the count is full.
_SPARE_TRIES = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HourlyCaps:
    """Counts the messages of the last `window` for each key, by message id."""

    maximum: int
    window: timedelta
    counted: str = "mail"

    def admit(self, key: str, message_id: str, now: datetime) -> bool:
        """Count a message, and return whether it is within the cap.

        A message that was admitted before and is redelivered, because sending failed, is admitted
        again and not counted twice. The count is exact under races: a write requires the version
        that was read.
        """
        subject = f"{self.counted}#{key}"
        for _ in range(self.maximum + _SPARE_TRIES):
            entries, version = self._read(subject)
            recent = self._recent(entries, now)
            if message_id in recent:
                return True
            if len(recent) >= self.maximum:
                return False
            recent[message_id] = now.timestamp()
            if self._put(subject, recent, version, now):
                return True
        raise UnavailableError

    def hold(self, key: str, message_id: str, until: datetime, now: datetime) -> None:
        """Keep the place of a message until a time, though its window ends before.

        A message that has no place any more gets one, even where the count is full: it happened.
        """
        subject, counted_at = f"{self.counted}#{key}", (until - self.window).timestamp()
        for _ in range(_SPARE_TRIES):
            entries, version = self._read(subject)
            held = {**self._recent(entries, now), message_id: counted_at}
            if entries.get(message_id) == counted_at or self._put(subject, held, version, now):
                return
        raise UnavailableError

    def take_back(self, key: str, message_id: str, now: datetime) -> None:
        """Give back the place of a message; a failure is logged, since only a place is lost."""
        try:
            self._remove(f"{self.counted}#{key}", message_id, now)
        except UnavailableError:
            _log.warning("mail_count_kept", exc_info=True)

    def _remove(self, subject: str, message_id: str, now: datetime) -> None:
        for _ in range(_SPARE_TRIES):
            entries, version = self._read(subject)
            recent = self._recent(entries, now)
            if recent.pop(message_id, None) is None or self._put(subject, recent, version, now):
                return
        raise UnavailableError

    def _recent(self, entries: dict[str, float], now: datetime) -> dict[str, float]:
        since = (now - self.window).timestamp()
        return {key: at for key, at in entries.items() if at > since}

    def _read(self, subject: str) -> tuple[dict[str, float], int]:
        try:
            row = LimitRow.get(subject, consistent_read=True)
        except LimitRow.DoesNotExist:
            return {}, 0
        return row.entries or {}, int(row.version)

    def _put(self, subject: str, entries: dict[str, float], version: int, now: datetime) -> bool:
        unchanged = LimitRow.version == version if version else LimitRow.subject.does_not_exist()
        last = datetime.fromtimestamp(max(entries.values(), default=0), UTC)
        ends_at = max(now, last) + self.window
        row = LimitRow(subject, version=version + 1, entries=entries, ttl=ends_at)
        return write_one(lambda: row.save(condition=unchanged))
