"""Records: the account's contents that the public API returns."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import InvalidValueError

if TYPE_CHECKING:
    from collections.abc import Mapping

# A page of 10,000 must fit into one answer, and 100 writes into one transaction.
DATA_MAX_BYTES = 16 * 1024
TERMINUS_ID_MAX = 200
ID_PATTERN = "[A-Za-z0-9_-]{1,100}"

_ID = re.compile(rf"{ID_PATTERN}\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_FIELDS = frozenset(
    ("account_id", "id", "terminus_id", "workspace_id", "status", "data", "created_at")
)


class RecordStatus(StrEnum):
    """Whether a record is in use."""

    ACTIVE = "active"
    ARCHIVED = "archived"


@dataclass(frozen=True)
class Record:
    """One record; `content` is its data as JSON text."""

    id: str
    terminus_id: str
    workspace_id: str
    status: RecordStatus
    content: str
    created_at: datetime

    @property
    def data(self) -> dict[str, Any]:
        """Return the data as it was loaded."""
        data: dict[str, Any] = json.loads(self.content)
        return data


@dataclass(frozen=True)
class RecordFilter:
    """A filter of a list of records; None matches all."""

    workspace_id: str | None = None
    status: RecordStatus | None = None

    @property
    def is_open(self) -> bool:
        """Check whether it matches every record."""
        return self.workspace_id is None and self.status is None


def parse_record(fields: Mapping[str, Any], now: datetime) -> Record:
    """Check a record that an operator loads; raises InvalidValueError, which names the field."""
    for name in fields:
        if name not in _FIELDS:
            raise InvalidValueError("there is no such field", param=name[:100])
    return Record(
        id=_id(fields, "id"),
        terminus_id=_terminus_id(fields),
        workspace_id=_id(fields, "workspace_id"),
        status=_status(fields.get("status", RecordStatus.ACTIVE.value)),
        content=_content(fields.get("data", {})),
        created_at=_time(fields["created_at"]) if "created_at" in fields else now,
    )


def _id(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not _ID.match(value):
        message = "must be 1 to 100 letters, digits, _ or -"
        raise InvalidValueError(message, param=name)
    return value


def _terminus_id(fields: Mapping[str, Any]) -> str:
    value = fields.get("terminus_id")
    if not isinstance(value, str) or not 1 <= len(value) <= TERMINUS_ID_MAX:
        message = f"must be text of 1 to {TERMINUS_ID_MAX} characters"
        raise InvalidValueError(message, param="terminus_id")
    if not value.isprintable():
        raise InvalidValueError("must be printable", param="terminus_id")
    return value


def _status(value: object) -> RecordStatus:
    if not isinstance(value, str) or value not in list(RecordStatus):
        raise InvalidValueError("must be active or archived", param="status")
    return RecordStatus(value)


def _content(value: object) -> str:
    if not isinstance(value, dict):
        raise InvalidValueError("must be an object", param="data")
    try:
        content = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        size = len(content.encode())
    except (ValueError, RecursionError) as error:
        raise InvalidValueError("can't be written as JSON", param="data") from error
    if size > DATA_MAX_BYTES:
        message = f"is larger than {DATA_MAX_BYTES:,} bytes"
        raise InvalidValueError(message, param="data")
    return content


def _time(value: object) -> datetime:
    refusal = InvalidValueError("must be a time such as 2026-11-24T09:30:00Z", param="created_at")
    if not isinstance(value, str) or not _TIME.match(value):
        raise refusal
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refusal from error
