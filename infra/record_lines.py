"""Records as JSON Lines: read one line at a time, each good or refused by its number."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.records import parse_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from chalicelib.domain.records import Record

# A record's data may have 16 KB; written with escapes, and with what stands around it, six times.
LINE_MAX_BYTES = 100_000


@dataclass(frozen=True)
class GoodLine:
    """A line that holds a record."""

    number: int
    account_id: str
    record: Record
    time_given: bool


@dataclass(frozen=True)
class BadLine:
    """A line that doesn't, and why."""

    number: int
    reason: str


def read_lines(
    source: IO[bytes], account_id: str | None, now: datetime, moved: Callable[[int], None]
) -> Iterator[GoodLine | BadLine]:
    """Read a file of any size in the space of one line; `moved` is told of the bytes read."""
    number = 0
    while raw := source.readline(LINE_MAX_BYTES + 1):
        number += 1
        moved(len(raw))
        if len(raw) > LINE_MAX_BYTES:
            moved(_skip_line(source, raw))
            yield BadLine(number, f"longer than {LINE_MAX_BYTES:,} bytes")
        elif text := raw.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"").strip():
            yield _line(number, text, account_id, now)


def _skip_line(source: IO[bytes], raw: bytes) -> int:
    skipped = 0
    while raw and not raw.endswith(b"\n"):
        raw = source.readline(LINE_MAX_BYTES)
        skipped += len(raw)
    return skipped


def _line(number: int, text: bytes, account_id: str | None, now: datetime) -> GoodLine | BadLine:
    try:
        fields = json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return BadLine(number, f"not JSON in UTF-8: {_in_a_line(error)}")
    if not isinstance(fields, dict):
        return BadLine(number, "not a JSON object")
    owner = fields.get("account_id", account_id)
    if not isinstance(owner, str) or not owner:
        return BadLine(number, "account_id: missing, and no --account was given")
    try:
        record = parse_record(fields, now)
    except InvalidValueError as error:
        return BadLine(number, f"{_in_a_line(error.param)}: {error.message}")
    return GoodLine(number, owner, record, "created_at" in fields)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        message = "a name stands there twice"
        raise ValueError(message)
    return fields


def _refuse(constant: str) -> None:
    message = f"{constant} is not a JSON number"
    raise ValueError(message)


def _in_a_line(words: object) -> str:
    # What a file says must not steer the terminal that it is shown on.
    return "".join(c if c.isprintable() else "?" for c in str(words))[:120]
