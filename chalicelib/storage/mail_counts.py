"""How many messages the worker may act on, such as mails asked for by address and hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pynamodb.exceptions import PutError

from chalicelib.domain.errors import UnavailableError
from chalicelib.storage.tables import LimitRow

if TYPE_CHECKING:
    from datetime import datetime, timedelta

_TRIES = 20


@dataclass(frozen=True)
class MailCounts:
    """What was done in the last `window` for each key, known by the message that asked."""

    maximum: int
    window: timedelta
    counted: str = "mail"

    def admit(self, key: str, message_id: str, now: datetime) -> bool:
        """Count a message; says whether it is within the cap.

        A message that was admitted before, and comes again because sending failed, is admitted
        again without being counted twice. Exact under races: the row is put only as it was read.
        """
        subject = f"{self.counted}#{key}"
        for _ in range(_TRIES):
            entries, version = self._read(subject)
            since = (now - self.window).timestamp()
            recent = {key: at for key, at in entries.items() if at > since}
            if message_id in recent:
                return True
            if len(recent) >= self.maximum:
                return False
            recent[message_id] = now.timestamp()
            if self._put(subject, recent, version, now):
                return True
        raise UnavailableError

    def _read(self, subject: str) -> tuple[dict[str, float], int]:
        try:
            row = LimitRow.get(subject, consistent_read=True)
        except LimitRow.DoesNotExist:
            return {}, 0
        return row.entries or {}, int(row.version)

    def _put(self, subject: str, entries: dict[str, float], version: int, now: datetime) -> bool:
        unchanged = LimitRow.version == version if version else LimitRow.subject.does_not_exist()
        row = LimitRow(subject, version=version + 1, entries=entries, ttl=now + self.window)
        try:
            row.save(condition=unchanged)
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
            return False
        return True
