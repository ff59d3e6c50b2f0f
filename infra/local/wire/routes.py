"""Finds the resource of a path, as API Gateway does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LITERAL, _PARAMETER, _GREEDY = range(3)


class UnreadablePathError(ValueError):
    """The path or the query has a broken escape, or bytes that aren't UTF-8."""


@dataclass(frozen=True, slots=True)
class Match:
    """A resource and its decoded path parameters."""

    resource: str
    parameters: dict[str, str] | None


class Routes:
    """The declared resources, the most specific first."""

    def __init__(self, resources: list[str]) -> None:
        self._literal = {resource for resource in resources if "{" not in resource}
        with_parameters = [resource for resource in resources if "{" in resource]
        self._patterns = [
            (resource, _segments(resource)) for resource in sorted(with_parameters, key=_rank)
        ]

    def match(self, path: str) -> Match | None:
        """Find the resource of a raw path; raises UnreadablePathError."""
        # API Gateway ignores a trailing slash.
        if len(path) > 1 and path.endswith("/"):
            path = path[:-1]
        if path in self._literal:
            return Match(path, None)
        # Split before decoding: an escaped slash belongs to its segment.
        parts = [decode(part) for part in path.split("/")]
        plain = "/".join(parts)
        if plain in self._literal and "%2f" not in path.lower():
            return Match(plain, None)
        for resource, segments in self._patterns:
            parameters = _capture(segments, parts)
            if parameters is not None:
                return Match(resource, parameters)
        return None


def decode(escaped: str) -> str:
    """Undo percent escapes; raises UnreadablePathError."""
    if "%" not in escaped:
        return escaped
    if _BROKEN_ESCAPE.search(escaped):
        raise UnreadablePathError(escaped)
    try:
        return unquote_to_bytes(escaped).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadablePathError(escaped) from error


def parse_query(query: str) -> dict[str, list[str]] | None:
    """Read a query string, None if it has no parameters; raises UnreadablePathError."""
    found: dict[str, list[str]] = {}
    for pair in query.split("&"):
        if pair:
            name, _, value = pair.replace("+", " ").partition("=")
            found.setdefault(decode(name), []).append(decode(value))
    return found or None


def _rank(resource: str) -> list[tuple[int, str]]:
    return [(kind, name) for kind, name in _segments(resource)]


def _segments(resource: str) -> list[tuple[int, str]]:
    return [_segment(part) for part in resource.split("/")]


def _segment(part: str) -> tuple[int, str]:
    if not (part.startswith("{") and part.endswith("}")):
        return _LITERAL, part
    name = part[1:-1]
    return (_GREEDY, name[:-1]) if name.endswith("+") else (_PARAMETER, name)


def _capture(segments: list[tuple[int, str]], parts: list[str]) -> dict[str, str] | None:
    captured = {}
    for position, (kind, name) in enumerate(segments):
        if position >= len(parts):
            return None
        if kind == _GREEDY:
            captured[name] = "/".join(parts[position:])
            return captured if captured[name] else None
        if kind == _LITERAL and parts[position] != name:
            return None
        if kind == _PARAMETER:
            if not parts[position]:
                return None
            captured[name] = parts[position]
    return captured if len(segments) == len(parts) else None
