"""What the authorizer costs over the one request that it makes, and what garbage costs."""

from __future__ import annotations

import contextlib
import os
import statistics
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks.canned import answer_with
from benchmarks.figures import Figure, interleaved, paired_ratio
from chalicelib import bootstrap
from chalicelib.domain.api_keys import ApiKeySecret, minute_of
from chalicelib.storage.key_checks import CONDITION, UPDATE
from chalicelib.web.authorizer import check_api_key

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS = 1_500
_GARBAGE_AT_ONCE = 200
_ARN = "arn:aws:execute-api:eu-central-1:123456789012:abc123/api/GET/api/v1/records"


def figures() -> list[Figure]:
    """Measure a good key against a bare update, and a malformed one by itself."""
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")  # noqa: S106
    os.environ["AWS_REGION"] = "eu-central-1"
    bootstrap.use(None)
    answer_with(bootstrap.key_check().checks.client, _answer())
    good = ApiKeySecret.new().value
    taken = interleaved({"check": _asking(good), "update": _bare_update(good)}, _ROUNDS)
    return [
        Figure(
            "API key: event in, policy out / bare UpdateItem",
            round(statistics.median(taken["check"]), 3),
            round(statistics.median(taken["update"]), 3),
            round(paired_ratio(taken["check"], taken["update"]), 3),
            0,
            1.15,
            "What DynamoDB takes to answer, and the cold start; the client leaves botocore's check"
            " of parameters out, the bare one has it.",
        ),
        _garbage(good),
    ]


def _garbage(good: str) -> Figure:
    # One takes less than the clock can tell, so many are timed together.
    ask = _asking(good[:-1] + ("0" if good[-1] != "0" else "1"))
    taken = interleaved({"garbage": lambda: [ask() for _ in range(_GARBAGE_AT_ONCE)]}, 50)
    each = statistics.median(taken["garbage"]) / _GARBAGE_AT_ONCE
    return Figure(
        "a key with a wrong checksum: microseconds of CPU",
        round(each, 4),
        0,
        round(each * 1_000, 1),
        0,
        20,
        "What Lambda and API Gateway bill for the call.",
    )


def _asking(key: str) -> Callable[[], object]:
    event = {"type": "TOKEN", "authorizationToken": f"Bearer {key}", "methodArn": _ARN}

    def ask() -> object:
        with contextlib.suppress(Exception):
            return check_api_key(event, {})
        return None

    return ask


def _bare_update(key: str) -> Callable[[], object]:
    from botocore.session import get_session

    client = get_session().create_client("dynamodb", region_name="eu-central-1")
    answer_with(client, _answer())
    digest = ApiKeySecret.parse(key).digest
    minute, _ = minute_of(datetime.now(UTC))
    names = {f"#old{age}": f"m{minute - age}" for age in range(2, 6)}

    def update() -> object:
        return client.update_item(
            TableName="thub-api_keys",
            Key={"digest": {"S": digest}},
            UpdateExpression=UPDATE,
            ConditionExpression=CONDITION,
            ExpressionAttributeNames={"#minute": f"m{minute}", **names},
            ExpressionAttributeValues={
                ":now": {"S": "2026-11-24T12:00:00.000000+0000"},
                ":one": {"N": "1"},
                ":limit": {"N": "100"},
            },
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    return update


def _answer() -> dict[str, Any]:
    minute, _ = minute_of(datetime.now(UTC))
    # The minutes to come as well: the measuring may go on into the next.
    counters = {f"m{minute + ahead}": {"N": "7"} for ahead in range(5)}
    row = {
        "digest": {"S": "x" * 43},
        "key_id": {"S": "key_" + "0" * 32},
        "account_id": {"S": "acc_" + "0" * 32},
        "name": {"S": "CI pipeline"},
        "created_at": {"S": "2026-11-24T12:00:00.000000+0000"},
        "last_used_at": {"S": "2026-11-24T12:00:00.000000+0000"},
    }
    return {"Attributes": {**row, **counters}}
