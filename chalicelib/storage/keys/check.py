"""The one request that checks an API key, over either transport (`updates`).

Without pynamodb: its import would cost the authorizer's cold start more than the check.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from chalicelib.domain.errors import InvalidApiKeyError, RateLimitedError, UnavailableError
from chalicelib.domain.keys.api_key import KeyUse, minute_of
from chalicelib.storage.keys.transport.transport import (
    ClockCorrectedError,
    UpdateRefusedError,
    UpdateUndecidedError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.storage.keys.transport.transport import Updates

_log = logging.getLogger(__name__)

# Counters stay for twelve minutes. AWS rejects a request whose time is off by more than five, so an
# instance with a fast clock and one with a slow clock can't remove a counter that the other still
# uses. A call that is stamped at the end of a minute also finds its count after the next minute's
# first call.
UPDATE = "SET last_used_at = :now ADD #minute :one REMOVE #old12, #old13, #old14, #old15"
CONDITION = (
    "attribute_exists(digest) AND attribute_not_exists(revoked_at)"
    " AND (attribute_not_exists(#minute) OR #minute < :limit)"
)
_REMOVED = range(12, 16)
_COUNTER = "m"
_COUNTER_NAME = re.compile(rf"{_COUNTER}[0-9]{{1,12}}")
# One that shows a wrong clock, the one after it, and one for a clock that is corrected meanwhile.
_TRIES = 3
# This many left-over counters, about 400 bytes, justify a write of their own to remove them.
_SWEPT_AT = 32


@dataclass(frozen=True)
class KeyChecks:
    """Proves that a key exists now, counts its use in its minute, and records when it was used."""

    updates: Updates
    table: str
    limit: int

    def use(self, digest: str, now: datetime) -> KeyUse:
        """Check a key in one conditional write, which is exact under concurrency (`G6`).

        Raises InvalidApiKeyError, RateLimitedError, and UnavailableError if DynamoDB didn't decide.
        """
        try:
            counted = self._count(digest, now)
            use = self._read(digest, counted)
        except UpdateUndecidedError as error:
            _log.exception("dynamodb_unavailable")
            raise UnavailableError from error
        self._sweep(digest, counted.row, counted.minute)
        return use

    def _count(self, digest: str, now: datetime) -> _Counted:
        """Count a call in its minute by DynamoDB's clock, so that all instances count alike.

        An answer can show that our clock is wrong, or less wrong than before. The call must then
        also find room in the right minute.
        """
        for _ in range(_TRIES):
            ahead = self.updates.ahead
            with suppress(ClockCorrectedError):
                counted = self._ask(digest, _at(now, ahead))
                if self.updates.ahead == ahead:
                    return counted
                if minute_of(_at(now, self.updates.ahead))[0] == counted.minute:
                    return counted
        message = "a clock that doesn't stand still"
        raise UpdateUndecidedError(message)

    def _ask(self, digest: str, at: datetime) -> _Counted:
        minute, seconds_left = minute_of(at)
        try:
            answer = self.updates.update(self._request(digest, minute, at))
        except UpdateRefusedError as error:
            return _Counted(minute, seconds_left, refused=True, row=error.row)
        return _Counted(minute, seconds_left, refused=False, row=answer.get("Attributes", {}))

    def _read(self, digest: str, counted: _Counted) -> KeyUse:
        try:
            if counted.row and _text(counted.row, "digest", "S") != digest:
                raise ValueError("digest")  # noqa: TRY301 - as what reads the rest does
            return self._refuse(counted) if counted.refused else self._use_of(counted)
        except ValueError as error:
            self.updates.close()
            message = f"a row that can't be read: {error}"
            raise UpdateUndecidedError(message) from error

    def _use_of(self, counted: _Counted) -> KeyUse:
        number = _text(counted.row, f"{_COUNTER}{counted.minute}", "N")
        if not number.isascii() or not number.isdecimal() or not 1 <= int(number) <= self.limit:
            message = "its count"
            raise ValueError(message)
        return KeyUse(
            account_id=_text(counted.row, "account_id", "S"),
            key_id=_text(counted.row, "key_id", "S"),
            limit=self.limit,
            remaining=self.limit - int(number),
            seconds_left=counted.seconds_left,
        )

    def _refuse(self, counted: _Counted) -> NoReturn:
        if not counted.row or "revoked_at" in counted.row:
            _log.info("api_key_unknown")
            raise InvalidApiKeyError
        _log.info("api_key_limited", extra={"key_id": _text(counted.row, "key_id", "S")})
        raise RateLimitedError(self.limit, counted.seconds_left)

    def _request(self, digest: str, minute: int, now: datetime) -> dict[str, Any]:
        names = {f"#old{age}": f"{_COUNTER}{minute - age}" for age in _REMOVED}
        return {
            "TableName": self.table,
            "Key": {"digest": {"S": digest}},
            "UpdateExpression": UPDATE,
            "ConditionExpression": CONDITION,
            "ExpressionAttributeNames": {"#minute": f"{_COUNTER}{minute}", **names},
            "ExpressionAttributeValues": {
                ":now": {"S": written(now)},
                ":one": {"N": "1"},
                ":limit": {"N": str(self.limit)},
            },
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _sweep(self, digest: str, row: Mapping[str, Any], minute: int) -> None:
        # A key that is used every ten minutes leaves a counter each time, which no later call can
        # name. The answer lists them; without removal they would fill the row.
        if len(row) < _SWEPT_AT:
            return
        # Also removes counters that a clock far ahead has left.
        counters = [name for name in row if _COUNTER_NAME.fullmatch(name)]
        old = [name for name in counters if abs(int(name[1:]) - minute) >= _REMOVED.start]
        if len(old) < _SWEPT_AT:
            return
        try:
            self.updates.update(
                {
                    "TableName": self.table,
                    "Key": {"digest": {"S": digest}},
                    "UpdateExpression": f"REMOVE {', '.join(old)}",
                    # An update without a condition would create a deleted key again.
                    "ConditionExpression": "attribute_exists(digest)",
                }
            )
        except (UpdateRefusedError, UpdateUndecidedError):
            _log.info("old_counters_kept", exc_info=True)


class _Counted(NamedTuple):
    """The result of an update, and the minute in which it counted."""

    minute: int
    seconds_left: int
    refused: bool
    row: Mapping[str, Any]


def _at(now: datetime, ahead: float) -> datetime:
    return now - timedelta(seconds=ahead) if ahead else now


def _text(row: Mapping[str, Any], name: str, kind: str) -> str:
    typed = row.get(name)
    text = typed.get(kind) if isinstance(typed, dict) else None
    if not isinstance(text, str) or not text:
        raise ValueError(name)
    return text


def written(now: datetime) -> str:
    """Write a time as the table's other times are written; strftime takes ten times as long."""
    return f"{now.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}+0000"
