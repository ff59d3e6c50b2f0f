"""The OpenAPI document in the words of a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.web.contract.openapi import TAGS, document
from chalicelib.web.contract.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.web.contract.operations import Operation

_ANCHORS = {"key": "key", "session": "session", "nothing": "anybody"}
_LIMITS = (
    ("minLength", "at least {:,} characters"),
    ("maxLength", "at most {:,} characters"),
    ("minimum", "from {:,}"),
    ("maximum", "to {:,}"),
    ("pattern", "matches {}"),
    ("default", "{} where it's left out"),
)
# What a reader takes for granted: text that isn't empty, a number that begins at nothing.
_OBVIOUS: tuple[tuple[str, Any], ...] = (
    ("minLength", 1),
    ("minimum", 0),
    ("default", ""),
    ("default", None),
    ("default", []),
)


@dataclass(frozen=True)
class Field:
    """A line of a table: what it is called, what it is, what holds for it."""

    name: str
    kind: str
    shape: str | None
    notes: str
    required: bool


@dataclass(frozen=True)
class Call:
    """One operation: what it takes, and what it answers."""

    name: str
    method: str
    path: str
    summary: str
    parameters: list[Field]
    body: Field | None
    answers: list[tuple[str, str, Field | None]]


def groups() -> Iterator[tuple[str, str, list[Call]]]:
    """Give the calls by what their caller brings: an anchor, a heading, the calls."""
    paths = document()["paths"]
    for proof, heading in TAGS.items():
        calls = [_call(o, paths[o.path][o.method]) for o in OPERATIONS if o.proof == proof]
        yield _ANCHORS[proof], heading, calls


def shapes() -> list[tuple[str, str, str, list[Field], list[str]]]:
    """Give every shape: its anchor and name, what it is, its fields, the values it may have."""
    schemas: Mapping[str, Any] = document()["components"]["schemas"]
    return [
        (name, _title(name), _first_line(schema), _fields(schema), schema.get("enum", []))
        for name, schema in sorted(schemas.items())
    ]


def _call(operation: Operation, described: Mapping[str, Any]) -> Call:
    body = described.get("requestBody")
    return Call(
        operation.name,
        operation.method.upper(),
        operation.path,
        operation.summary,
        [_field(p["name"], p["schema"], p["required"]) for p in described.get("parameters", [])],
        _content(body) if body else None,
        [(status, a["description"], _content(a)) for status, a in described["responses"].items()],
    )


def _content(holder: Mapping[str, Any]) -> Field | None:
    content = holder.get("content", {}).get("application/json")
    return _field("", content["schema"], required=True) if content else None


def _fields(schema: Mapping[str, Any]) -> list[Field]:
    required = schema.get("required", [])
    return [_field(n, each, n in required) for n, each in schema.get("properties", {}).items()]


def _field(name: str, schema: Mapping[str, Any], required: bool) -> Field:  # noqa: FBT001 - a fact
    limits = [
        words.format(schema[key])
        for key, words in _LIMITS
        if key in schema and (key, schema[key]) not in _OBVIOUS
    ]
    notes = [_first_line(schema)] if schema.get("description") else []
    return Field(
        name, _kind(schema), _shape(schema), " ".join([*notes, "; ".join(limits)]).strip(), required
    )


def _kind(schema: Mapping[str, Any]) -> str:
    """Say a schema's type in words: `array of Workspace`, `string or null`, `"a" or "b"`."""
    if "$ref" in schema:
        return _name(schema["$ref"])
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"“{value}”" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "anything"))


def _shape(schema: Mapping[str, Any]) -> str | None:
    """Find the one shape that a schema refers to, for a link."""
    inside = [schema, schema.get("items", {}), *schema.get("anyOf", [])]
    found = [each["$ref"].rpartition("/")[2] for each in inside if "$ref" in each]
    return found[0] if found else None


def _name(reference: str) -> str:
    return _title(reference.rpartition("/")[2])


def _title(name: str) -> str:
    """Say `Page of Record` for `Page_Record_`."""
    return " of ".join(part for part in name.split("_") if part)


def _first_line(schema: Mapping[str, Any]) -> str:
    return str(schema.get("description", "")).partition("\n")[0].replace("`", "")
