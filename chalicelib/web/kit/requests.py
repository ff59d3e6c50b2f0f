"""Reading a request: who sends it, its body, its form; refusing what can't be read (`H11`)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl

from chalicelib.bootstrap import settings
from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.origin import Client, RequestOrigin
from chalicelib.web.kit.errors import RequestError, TooLargeError, json_pointer

if TYPE_CHECKING:
    import msgspec
    from chalice.app import Request

    _Body = TypeVar("_Body", bound=msgspec.Struct)

BODY_MAX_BYTES = 256 * 1024
_USER_AGENT_MAX = 400
# A member's form has a field for each workspace of the account.
_FORM_FIELDS_MAX = 250
_REPLACEMENT = "\ufffd".encode()


def client_of(request: Request) -> Client:
    """Say where a request comes from: what the gateway saw, or a proxy that we trust (`G5`)."""
    identity = request.context.get("identity") or {}
    source_ip = str(identity.get("sourceIp") or "")
    address = settings().trusted_proxies.client_address(source_ip, request.headers)
    agent = request.headers.get("user-agent") or ""
    printable = "".join(c for c in agent if c.isascii() and c.isprintable())
    return Client(address, printable[:_USER_AGENT_MAX])


def request_id_of(request: Request) -> str:
    """Return the gateway's id of a request."""
    return str(request.context.get("requestId") or "")


def origin_of(request: Request) -> RequestOrigin:
    """Say who asks for a mail."""
    return RequestOrigin(client_of(request), request_id_of(request))


def read_body(request: Request, shape: type[_Body]) -> _Body:
    """Read a JSON body into a msgspec struct.

    Raises RequestError for what can't be read or lacks a parameter, InvalidValueError for values
    of the wrong type and parameters that don't exist.
    """
    import msgspec

    fields = _json_object(_raw(request))
    known = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    for name, field in known.items():
        if field.required and name not in fields:
            message = f"The parameter {name} is missing."
            raise RequestError(message, param=name)
    for name in fields:
        if name not in known:
            raise InvalidValueError("There is no such parameter.", param=name[:100])
    try:
        return msgspec.convert(fields, shape, strict=True)
    except msgspec.ValidationError as error:
        raise _wrong_value(str(error)) from error


def read_form(request: Request) -> dict[str, str]:
    """Read an urlencoded form; raises RequestError for duplicates and what isn't UTF-8."""
    raw = _raw(request)
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_FORM_FIELDS_MAX,
        )
    except ValueError as error:
        raise RequestError("The form can't be read.") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise RequestError("The form gives a field twice.")
    return form


def query_parameter(request: Request, name: str) -> str:
    """Return a parameter of the query, empty where it's missing or given twice."""
    values = request.query_params
    given: list[str] = values.getlist(name) if values and name in values else []
    return given[0] if len(given) == 1 else ""


def media_type(header: str) -> tuple[str, str]:
    """Read a Content-Type: the type and the charset in lower case, empty where it names none."""
    kind, *parameters = header.lower().split(";")
    named = dict(parameter.strip().partition("=")[::2] for parameter in parameters)
    return kind.strip(), named.get("charset", "").strip('"')


def _raw(request: Request) -> bytes:
    body = request.raw_body or b""
    raw = body.encode() if isinstance(body, str) else body
    if len(raw) > BODY_MAX_BYTES:
        raise TooLargeError
    if _REPLACEMENT in raw:
        # The gateway puts it where bytes weren't UTF-8; two passwords could become one by that.
        raise RequestError("The body isn't UTF-8.")
    return raw


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
        # An unpaired surrogate can be written in JSON, but no text has one.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise RequestError("The body must be a JSON object in UTF-8.") from error
    if not isinstance(value, dict):
        raise RequestError("The body must be a JSON object in UTF-8.")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise RequestError("The body gives a parameter twice.")
    return fields


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _wrong_value(said: str) -> InvalidValueError:
    words, _, place = said.partition(" - at `")
    pointer = json_pointer(place.rstrip("`"))
    wrong = InvalidValueError(f"{words}.", param=pointer.split("/")[1] if pointer else None)
    if pointer.count("/") > 1:
        wrong.path = pointer
    return wrong


_ID = re.compile(r"[A-Za-z0-9_-]{1,100}\Z")


def is_id(text: str) -> bool:
    """Whether a text of the path can be one of our ids at all."""
    return bool(_ID.match(text))
