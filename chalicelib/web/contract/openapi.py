"""`/api/v1/openapi.json`: the contract of `/api/v1`, written from the shapes its views use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import settings
from chalicelib.web.contract.operations import LIST_PARAMETERS, OPERATIONS, WORDS
from chalicelib.web.kit.blueprints import JsonApi

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.web.contract.operations import Operation

openapi_api = JsonApi(__name__)

_REFERENCE = "#/components/schemas/{name}"
_SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "key": [{"api_key": []}],
    "session": [{"session": []}],
    "nothing": [{}],
}
# What the calls are sorted by, in the document and on the page.
TAGS = {
    "key": "With an API key",
    "session": "In a session of the owner or an admin",
    "nothing": "By anybody",
}
_ABOUT = (
    "What software reads of an account with its API key, and how owners and admins manage the"
    " keys. Ids are opaque; times are RFC 3339 in UTC."
)


@openapi_api.route("/api/v1/openapi.json")
def show_openapi() -> dict[str, Any]:
    """Show the document; it needs no key."""
    return document()


def document() -> dict[str, Any]:
    """Write the document."""
    schemas = _schemas()
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": settings().product_name, "version": "1", "description": _ABOUT},
        "servers": [{"url": settings().public_url}],
        "tags": [{"name": name} for name in TAGS.values()],
        "paths": paths,
        "components": {
            "schemas": schemas["components"],
            "securitySchemes": _security_schemes(),
        },
    }


def _schemas() -> dict[str, Any]:
    import msgspec

    shapes = list(dict.fromkeys(shape for o in OPERATIONS for shape in o.shapes))
    found, components = msgspec.json.schema_components(shapes, ref_template=_REFERENCE)
    return {"by_shape": dict(zip(shapes, found, strict=True)), "components": components}


def _operation(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [TAGS[operation.proof]],
        "security": _SECURITY[operation.proof],
        "responses": _responses(operation, schemas["by_shape"]),
    }
    parameters = list(_parameters(operation))
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        content = _json(schemas["by_shape"][operation.body])
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameters(operation: Operation) -> Iterable[dict[str, Any]]:
    for name in operation.ids:
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    lists = LIST_PARAMETERS if operation.is_list else {}
    for name, schema in {**lists, **operation.filters}.items():
        yield {"name": name, "in": "query", "required": False, "schema": schema}


def _responses(operation: Operation, by_shape: dict[Any, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": operation.outcome}
    if operation.answer is not None:
        success["content"] = _json(by_shape[operation.answer])
    if operation.lines:
        success["content"]["application/x-ndjson"] = {"schema": {"type": "string"}}
    if operation.proof == "key":
        success["headers"] = _limit_headers()
    answers = {str(operation.status): success}
    for status in operation.refusals:
        answers[str(status)] = {
            "description": WORDS[status],
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
            "description": "A browser's session of the account's owner or an admin.",
        },
    }


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
