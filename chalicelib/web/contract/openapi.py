"""`/api/v1/openapi.json`: the JSON contract, written from what the calls declare."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_origin

from chalicelib.bootstrap import settings
from chalicelib.domain.lists import LIMIT_DEFAULT, LIMIT_MAX, PAGE_MAX
from chalicelib.web.contract.refusals import refusals
from chalicelib.web.contract.shapes.common import ErrorAnswer, Page
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.declarations import ApiCall, declared_routes
from chalicelib.web.kit.routing.json_api import JsonApi

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chalice import Chalice

openapi_api = JsonApi(__name__)

_REFERENCE = "#/components/schemas/{name}"
# The endings tell our classes apart. The document has one name for each thing.
_ENDING = re.compile(r"(?:Answer|Body)(?![A-Za-z])")
_LIST_PARAMETERS: Mapping[str, Any] = {
    "page": {"type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": 1},
    "limit": {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
}
_KEY, _ADMIN, _SIGNED_IN, _ANYONE = (
    "With an API key",
    "In a session of the owner or an admin",
    "In a session of anybody who is signed in",
    "By anybody",
)
# The groups of calls, in the document and on the page.
TAGS = (_KEY, _ADMIN, _SIGNED_IN, _ANYONE)
_TAG_OF = {
    Access.API_KEY: _KEY,
    Access.ADMIN: _ADMIN,
    Access.OWNER: _ADMIN,
    Access.MEMBER: _SIGNED_IN,
    Access.SIGNED_IN: _SIGNED_IN,
    Access.ANYONE: _ANYONE,
}
_SECURITY: dict[str, list[dict[str, list[str]]]] = {
    _KEY: [{"api_key": []}],
    _ADMIN: [{"session": []}],
    _SIGNED_IN: [{"session": []}],
    _ANYONE: [{}],
}
_ABOUT = (
    "What software reads of an account with its API key, how owners and admins manage the account,"
    " and how users sign in. Ids are opaque; times are RFC 3339 in UTC."
)


@openapi_api.call(
    "GET /api/v1/openapi.json",
    access=Access.ANYONE,
    summary="This document",
    outcome="The document.",
    answer=dict[str, Any],
)
def show_openapi() -> dict[str, Any]:
    """Show the document; it needs no key."""
    return document(openapi_api.current_app)


def document(app: Chalice) -> dict[str, Any]:
    """Write the document of an app's calls."""
    calls = api_calls(app)
    by_shape, components = _schemas(calls)
    paths: dict[str, Any] = {}
    for call in calls:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call, by_shape)
    return {
        "openapi": "3.1.0",
        "info": {"title": settings().product_name, "version": "1", "description": _ABOUT},
        "servers": [{"url": settings().public_url}],
        "tags": [{"name": name} for name in TAGS],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _security_schemes()},
    }


def api_calls(app: Chalice) -> Sequence[ApiCall]:
    """Return the calls that the document describes."""
    return [route for route in declared_routes(app) if isinstance(route, ApiCall)]


def tag_of(call: ApiCall) -> str:
    """Return the group that a call belongs to."""
    return _TAG_OF[call.access]


def is_list(call: ApiCall) -> bool:
    """Check whether a call answers with pages of a list."""
    return get_origin(call.answer) is Page


def _schemas(calls: Sequence[ApiCall]) -> tuple[Mapping[Any, Any], Mapping[str, Any]]:
    """Return the schema of each shape, and the components that they refer to."""
    import msgspec

    used = (shape for call in calls for shape in (call.body, call.answer) if shape is not None)
    shapes = [*dict.fromkeys(used), ErrorAnswer]
    found, components = msgspec.json.schema_components(shapes, ref_template=_REFERENCE)
    named = {_ENDING.sub("", name): _renamed(schema) for name, schema in components.items()}
    return dict(zip(shapes, map(_renamed, found), strict=True)), named


def _renamed(schema: Any) -> Any:
    """Return a schema in which shapes have their public names."""
    if isinstance(schema, list):
        return [_renamed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _ENDING.sub("", value)
        if key in ("$ref", "title") and isinstance(value, str)
        else _renamed(value)
        for key, value in schema.items()
    }


def _operation(call: ApiCall, by_shape: Mapping[Any, Any]) -> dict[str, Any]:
    tag = tag_of(call)
    described: dict[str, Any] = {
        "operationId": call.name,
        "summary": call.summary,
        "tags": [tag],
        "security": _SECURITY[tag],
        "responses": _responses(call, by_shape),
    }
    parameters = list(_parameters(call))
    if parameters:
        described["parameters"] = parameters
    if call.body is not None:
        described["requestBody"] = {"required": True, "content": _json(by_shape[call.body])}
    return described


def _parameters(call: ApiCall) -> Iterable[dict[str, Any]]:
    for name in call.path_parameters:
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    lists = _LIST_PARAMETERS if is_list(call) else {}
    for name, schema in {**lists, **call.filters}.items():
        yield {"name": name, "in": "query", "required": False, "schema": schema}


def _responses(call: ApiCall, by_shape: Mapping[Any, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": call.outcome}
    if call.answer is not None:
        success["content"] = _json(by_shape[call.answer])
    if call.also is not None:
        success["content"][call.also] = {"schema": {"type": "string"}}
    if call.access is Access.API_KEY:
        success["headers"] = _limit_headers()
    answers = {str(int(call.status)): success}
    for status, words in refusals(call).items():
        answers[str(status)] = {
            "description": words,
            "content": _json({"$ref": _REFERENCE.format(name="Error")}),
        }
    return dict(sorted(answers.items()))


def _limit_headers() -> dict[str, Any]:
    text = {"schema": {"type": "string"}, "required": True}
    return {
        "RateLimit-Policy": {"description": "The key's allowance and its window.", **text},
        "RateLimit": {"description": "What is left of it, and for how many seconds.", **text},
    }


def _security_schemes() -> dict[str, Any]:
    return {
        "api_key": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key: thub_ and 32 letters and digits.",
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "thub_session" if settings().is_local else "__Host-thub_session",
            "description": "A browser's session; under /api/v1 the owner's or an admin's.",
        },
    }


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
