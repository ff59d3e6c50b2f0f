"""Reads a request: its origin, body and form; refuses what can't be read (conformance H11)."""

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
# Enough for a member's form, which has a field for each workspace of the account.
_FORM_FIELDS_MAX = 250
_REPLACEMENT = "\ufffd".encode()


def client_of(request: Request) -> Client:
    """Return a request's client; the IP address is from the gateway or a trusted proxy (G5)."""
    identity = request.context.get("identity") or {}
    source_ip = str(identity.get("sourceIp") or "")
    address = settings().trusted_proxies.client_address(source_ip, request.headers)
    agent = request.headers.get("user-agent") or ""
    printable = "".join(c for c in agent if c.isascii() and c.isprintable())
    return Client(address, printable[:_USER_AGENT_MAX])


def request_id_of(request: Request) -> str:
    """Return the request id that the gateway assigned."""
    return str(request.context.get("requestId") or "")


def origin_of(request: Request) -> RequestOrigin:
    """Return a request's origin, for audit events and mails."""
    return RequestOrigin(client_of(request), request_id_of(request))


def read_body(request: Request, shape: type[_Body]) -> _Body:
    """Read a JSON body into a msgspec struct.

    Raises RequestError if the body can't be read or a parameter is missing, and InvalidValueError
    for a value of the wrong type or an unknown parameter.
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
    """Read an urlencoded form; raises RequestError for duplicate fields and invalid UTF-8."""
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
        # The gateway puts it in place of invalid bytes, which could make two passwords equal.
        raise RequestError("The body isn't UTF-8.")
    return raw


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
        # JSON can escape an unpaired surrogate, which UTF-8 can't encode.
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
    """Check whether a text from the path has the form of our ids."""
    return bool(_ID.match(text))
