"""The OpenAPI document as the reference page shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.web.contract.openapi import TAGS, api_calls, document, tag_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chalice import Chalice

    from chalicelib.web.kit.declarations import ApiCall

_ANCHORS: Sequence[str] = ("key", "session", "signed-in", "anybody")
_LIMITS = (
    ("minLength", "at least {:,} characters"),
    ("maxLength", "at most {:,} characters"),
    ("minimum", "from {:,}"),
    ("maximum", "to {:,}"),
    ("pattern", "matches {}"),
    ("default", "{} where it's left out"),
)
# What readers expect anyway, such as a text that isn't empty.
_OBVIOUS: tuple[tuple[str, Any], ...] = (
    ("minLength", 1),
    ("minimum", 0),
    ("default", ""),
    ("default", None),
    ("default", []),
)


@dataclass(frozen=True)
class Field:
    """A row of a table: a field's name, its type and its limits."""

    name: str
    kind: str
    shape: str | None
    notes: str
    required: bool


@dataclass(frozen=True)
class Call:
    """One call: what it takes, and what it answers."""

    name: str
    method: str
    path: str
    summary: str
    parameters: list[Field]
    body: Field | None
    answers: list[tuple[str, str, Field | None]]


def groups(app: Chalice) -> Iterator[tuple[str, str, list[Call]]]:
    """Return the calls by what their caller brings: an anchor, a heading, the calls."""
    paths, calls = document(app)["paths"], api_calls(app)
    for anchor, heading in zip(_ANCHORS, TAGS, strict=True):
        group = [call for call in calls if tag_of(call) == heading]
        yield anchor, heading, [_call(each, paths[each.path]) for each in group]


def shapes(app: Chalice) -> list[tuple[str, str, str, list[Field], list[str]]]:
    """Return every shape: its anchor and name, what it is, its fields, the values it may have."""
    schemas: Mapping[str, Any] = document(app)["components"]["schemas"]
    return [
        (name, _title(name), _first_line(schema), _fields(schema), schema.get("enum", []))
        for name, schema in sorted(schemas.items())
    ]


def _call(call: ApiCall, of_path: Mapping[str, Any]) -> Call:
    described = of_path[call.method.lower()]
    body = described.get("requestBody")
    return Call(
        call.name,
        call.method,
        call.path,
        call.summary,
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
    """Return a schema's type in words: `list of Workspace`, `string or null`, `“a” or “b”`."""
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
    """Return the shape that a schema refers to, for a link."""
    inside = [schema, schema.get("items", {}), *schema.get("anyOf", [])]
    found = [each["$ref"].rpartition("/")[2] for each in inside if "$ref" in each]
    return found[0] if found else None


def _name(reference: str) -> str:
    return _title(reference.rpartition("/")[2])


def _title(name: str) -> str:
    """Return `Page of Record` for `Page_Record_`."""
    return " of ".join(part for part in name.split("_") if part)


def _first_line(schema: Mapping[str, Any]) -> str:
    return str(schema.get("description", "")).partition("\n")[0].replace("`", "")
