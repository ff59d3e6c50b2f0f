"""Records as JSON Lines: each line good, or refused by its number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.keys.record import ID_PATTERN, parse_record
from infra.tools.json_lines import BadLine, JsonLine, in_a_line, read_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from chalicelib.domain.keys.record import Record

# A record's data may have 16 KB; written with escapes, and with what stands around it, six times.
LINE_MAX_BYTES = 100_000
_ID = re.compile(rf"{ID_PATTERN}\Z")


@dataclass(frozen=True)
class GoodLine:
    """A line that holds a record."""

    number: int
    account_id: str
    record: Record
    time_given: bool


def read_lines(
    source: IO[bytes], account_id: str | None, now: datetime, moved: Callable[[int], None]
) -> Iterator[GoodLine | BadLine]:
    """Read a file of any size in the space of one line; `moved` is told of the bytes read."""
    for line in read_objects(source, LINE_MAX_BYTES, moved):
        yield line if isinstance(line, BadLine) else _record(line, account_id, now)


def _record(line: JsonLine, account_id: str | None, now: datetime) -> GoodLine | BadLine:
    fields, number = line.fields, line.number
    owner = fields.get("account_id", account_id)
    if not isinstance(owner, str) or not owner:
        return BadLine(number, "account_id: missing, and no --account was given")
    if not _ID.match(owner):
        # DynamoDB refuses a longer key, and would end the load by it.
        return BadLine(number, "account_id: must be 1 to 100 letters, digits, _ or -")
    try:
        record = parse_record(fields, now)
    except InvalidValueError as error:
        return BadLine(number, f"{in_a_line(error.param)}: {error.message}")
    return GoodLine(number, owner, record, "created_at" in fields)
