"""Adds other users with accounts, keys and sessions, which must not change an operation's cost."""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.support.personas.users import NOON

if TYPE_CHECKING:
    from collections.abc import Iterator

_BATCH = 25
# DynamoDB Local only reads the access key id. Signing with botocore would take most of the time.
_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
    "Authorization": (
        "AWS4-HMAC-SHA256 Credential=test/20261124/eu-west-1/dynamodb/aws4_request,"
        " SignedHeaders=host, Signature=0"
    ),
}
_TIME = NOON.strftime("%Y-%m-%dT%H:%M:%S.%f%z")
_TTL = str(int((NOON + timedelta(days=30)).timestamp()))


def grow(client: Any, prefix: str, account_id: str, have: int, want: int) -> None:
    """Add users, each in the measured account, with a session and with a key elsewhere."""
    if want <= have:
        return
    endpoint = urlsplit(client.meta.endpoint_url)
    connection = HTTPConnection(str(endpoint.hostname), endpoint.port)
    batch: dict[str, list[dict[str, Any]]] = {}
    for number in range(have, want):
        for table, row in _rows(account_id, number):
            batch.setdefault(prefix + table, []).append({"PutRequest": {"Item": row}})
            if sum(map(len, batch.values())) == _BATCH:
                _put(connection, batch)
                batch = {}
    if batch:
        _put(connection, batch)
    connection.close()
    _count_members(client, prefix, account_id, want - have)


def _put(connection: HTTPConnection, batch: dict[str, list[dict[str, Any]]]) -> None:
    while batch:
        body = json.dumps({"RequestItems": batch})
        connection.request("POST", "/", body, _HEADERS)
        answer = connection.getresponse()
        content = json.loads(answer.read())
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(content)
        batch = content["UnprocessedItems"]


def _count_members(client: Any, prefix: str, account_id: str, more: int) -> None:
    client.update_item(
        TableName=f"{prefix}accounts",
        Key={"account_id": {"S": account_id}, "part": {"S": "account"}},
        UpdateExpression="ADD member_count :more",
        ExpressionAttributeValues={":more": {"N": str(more)}},
    )


def _rows(account_id: str, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    user_id, email, digest = f"usr_{number:024}", f"p{number}@crowd.test", f"{number:064}"
    membership = {
        "name": {"S": "Acme"},
        "role": {"S": "member"},
        "status": {"S": "active"},
        "grant": {"S": f"grt_{number:024}"},
        "version": {"N": "1"},
        "workspaces": {"M": {}},
    }
    yield (
        "users",
        {
            "user_id": {"S": user_id},
            "email": {"S": email},
            "name": {"S": f"Person {number}"},
            "created_at": {"S": _TIME},
            "credentials_version": {"N": "1"},
            "password_hash": {"S": "x" * 97},
            "memberships": {"M": {account_id: {"M": membership}}},
        },
    )
    yield "emails", {"email": {"S": email}, "user_id": {"S": user_id}}
    member = {"account_id": {"S": account_id}, "part": {"S": f"member#{user_id}"}}
    yield "accounts", member
    yield (
        "sessions",
        {
            "digest": {"S": digest},
            "user_id": {"S": user_id},
            "account_id": {"S": account_id},
            "grant": {"S": f"grt_{number:024}"},
            "method": {"S": "password"},
            "credentials_version": {"N": "1"},
            "started_at": {"S": _TIME},
            "last_seen_at": {"S": _TIME},
            "proved_at": {"S": _TIME},
            "address": {"S": "192.0.2.7"},
            "user_agent": {"S": "Mozilla/5.0"},
            "ttl": {"N": _TTL},
        },
    )
    yield (
        "api_keys",
        {
            "digest": {"S": digest},
            "key_id": {"S": f"key_{number:024}"},
            "account_id": {"S": f"acc_{number:024}"},
            "name": {"S": "CI"},
            "created_at": {"S": _TIME},
        },
    )
