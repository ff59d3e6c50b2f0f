"""The one request that checks an API key, by either way to DynamoDB (`updates`).

pynamodb stays out: its import would cost the authorizer's cold start more than the check.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

from chalicelib.domain.api_keys import KeyUse, minute_of
from chalicelib.domain.errors import InvalidApiKeyError, RateLimitedError, UnavailableError
from chalicelib.storage.updates import UpdateRefusedError, UpdateUndecidedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.domain.errors import DomainError
    from chalicelib.storage.updates import Updates

_log = logging.getLogger(__name__)

# A call stamped at the end of one minute can arrive after the next minute's first call, so the
# minute before stays: without its count the late call would find a fresh allowance.
UPDATE = "SET last_used_at = :now ADD #minute :one REMOVE #old2, #old3, #old4, #old5"
CONDITION = (
    "attribute_exists(digest) AND attribute_not_exists(revoked_at)"
    " AND (attribute_not_exists(#minute) OR #minute < :limit)"
)
_REMOVED = range(2, 6)
_COUNTER = "m"
# So many forgotten counters, about 400 bytes, make it worth a write of its own to drop them.
_SWEPT_AT = 32


@dataclass(frozen=True)
class KeyChecks:
    """Proves that a key exists now, counts its use in its minute, and notes when it was used."""

    updates: Updates
    table: str
    limit: int

    def use(self, digest: str, now: datetime) -> KeyUse:
        """Check a key in one conditional write, exact however many race (`G6`).

        Raises InvalidApiKeyError, RateLimitedError, and UnavailableError when DynamoDB didn't
        decide.
        """
        minute, seconds_left = minute_of(now)
        try:
            answer = self.updates.update(self._request(digest, minute, now))
        except UpdateRefusedError as error:
            raise self._refusal(error.row, seconds_left) from error
        except UpdateUndecidedError as error:
            _log.exception("dynamodb_unavailable")
            raise UnavailableError from error
        row = answer["Attributes"]
        self._sweep(digest, row, minute)
        return KeyUse(
            account_id=row["account_id"]["S"],
            key_id=row["key_id"]["S"],
            limit=self.limit,
            remaining=self.limit - int(row[f"{_COUNTER}{minute}"]["N"]),
            seconds_left=seconds_left,
        )

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

    def _refusal(self, row: Mapping[str, Any], seconds_left: int) -> DomainError:
        if not row or "revoked_at" in row:
            _log.info("api_key_unknown")
            return InvalidApiKeyError()
        _log.info("api_key_limited", extra={"key_id": row["key_id"]["S"]})
        return RateLimitedError(self.limit, seconds_left)

    def _sweep(self, digest: str, row: Mapping[str, Any], minute: int) -> None:
        # A key that is used every ten minutes leaves a counter each time, which no later call can
        # name. The answer shows them; left alone they would fill the row.
        if len(row) < _SWEPT_AT:
            return
        old = [name for name in row if name[0] == _COUNTER and name[1:].isdigit()]
        old = [name for name in old if int(name[1:]) < minute - 1]
        if len(old) < _SWEPT_AT:
            return
        try:
            self.updates.update(
                {
                    "TableName": self.table,
                    "Key": {"digest": {"S": digest}},
                    "UpdateExpression": f"REMOVE {', '.join(old)}",
                    # An update without a condition would bring a deleted key back.
                    "ConditionExpression": "attribute_exists(digest)",
                }
            )
        except (UpdateRefusedError, UpdateUndecidedError):
            _log.info("old_counters_kept", exc_info=True)


def written(now: datetime) -> str:
    """Write a time as the table's other times are written; strftime takes ten times as long."""
    return f"{now.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}+0000"
