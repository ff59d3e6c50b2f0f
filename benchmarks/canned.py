"""AWS clients with prepared answers, so that an emulator's time doesn't count.

The SDK does all of its work, including signing and parsing. Only the socket is replaced.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

Rows = dict[str, dict[str, Any]]


class _Raw:
    """A body that botocore can stream."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        return [self._body]


def answer_dynamodb(client: Any, rows: Mapping[str, Rows]) -> None:
    """Answer a client's requests: reads by `rows` (table, then key), writes with success."""
    # Cached, because serialising an existing row would add time that a missing row doesn't take.
    prepared: dict[bytes, bytes] = {}

    def send(request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        make = {"BatchGetItem": _batch, "GetItem": _item}.get(operation)
        if make is None:
            return _response(request.url, b"{}")
        asked = request.body
        if asked not in prepared:
            prepared[asked] = json.dumps(make(json.loads(asked), rows)).encode()
        return _response(request.url, prepared[asked])

    client.meta.events.register("before-send.dynamodb", send)


def answer_sqs(client: Any) -> None:
    """Accept every message."""

    def send(request: Any, **_: Any) -> AWSResponse:
        return _response(request.url, b'{"MessageId": "m-1"}')

    client.meta.events.register("before-send.sqs", send)


def answer_with(client: Any, body: Mapping[str, Any]) -> None:
    """Answer every DynamoDB request with one body."""

    def send(request: Any, **_: Any) -> AWSResponse:
        return _response(request.url, json.dumps(dict(body)).encode())

    client.meta.events.register("before-send.dynamodb", send)


def _batch(request: dict[str, Any], rows: Mapping[str, Rows]) -> dict[str, Any]:
    found: dict[str, list[Any]] = {}
    for table, wanted in request["RequestItems"].items():
        keys = ("#".join(part["S"] for part in key.values()) for key in wanted["Keys"])
        found[table] = [rows[table][key] for key in keys if key in rows.get(table, {})]
    return {"Responses": found, "UnprocessedKeys": {}}


def _item(request: dict[str, Any], rows: Mapping[str, Rows]) -> dict[str, Any]:
    key = next(iter(request["Key"].values()))["S"]
    found = rows.get(request["TableName"], {}).get(key)
    return {} if found is None else {"Item": found}


def _response(url: str, body: bytes) -> AWSResponse:
    headers = {"content-type": "application/x-amz-json-1.0"}
    return AWSResponse(url, 200, headers, _Raw(body))
