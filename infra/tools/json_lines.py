"""JSON Lines out of a file of any size: one object at a time, or why a line holds none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class JsonLine:
    """A line that holds an object."""

    number: int
    fields: dict[str, Any]


@dataclass(frozen=True)
class BadLine:
    """A line that can't be used, and why."""

    number: int
    reason: str


def read_objects(
    source: IO[bytes], max_bytes: int, moved: Callable[[int], None]
) -> Iterator[JsonLine | BadLine]:
    """Read a file in the space of one line; `moved` is told of the bytes read."""
    number = 0
    while raw := source.readline(max_bytes + 1):
        number += 1
        moved(len(raw))
        if len(raw) > max_bytes:
            moved(_skip_line(source, raw, max_bytes))
            yield BadLine(number, f"longer than {max_bytes:,} bytes")
        elif text := raw.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"").strip():
            yield _line(number, text)


def in_a_line(words: object) -> str:
    """Show what a file says, which must not steer the terminal that it is shown on."""
    return "".join(c if c.isprintable() else "?" for c in str(words))[:120]


def _skip_line(source: IO[bytes], raw: bytes, max_bytes: int) -> int:
    skipped = 0
    while raw and not raw.endswith(b"\n"):
        raw = source.readline(max_bytes)
        skipped += len(raw)
    return skipped


def _line(number: int, text: bytes) -> JsonLine | BadLine:
    try:
        fields = json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return BadLine(number, f"not JSON in UTF-8: {_without_text(error)}")
    if not isinstance(fields, dict):
        return BadLine(number, "not a JSON object")
    return JsonLine(number, fields)


def _without_text(error: Exception) -> str:
    # A UnicodeDecodeError shows bytes of the line, and a line may hold a hash.
    return error.reason if isinstance(error, UnicodeDecodeError) else in_a_line(error)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        message = "a name stands there twice"
        raise ValueError(message)
    return fields


def _refuse(constant: str) -> None:
    message = f"{constant} is not a JSON number"
    raise ValueError(message)
