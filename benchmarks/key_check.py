"""Compares the authorizer with its bare request and with the same check on the SDK and pynamodb.

All of them call the same canned DynamoDB over a socket. Only this process's CPU is counted.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import urlsplit

from benchmarks.canned_server import canned_dynamodb
from benchmarks.figures import Figure, interleaved, on_one_core, paired_ratio
from benchmarks.pynamodb_checks import PynamodbChecks
from chalicelib import bootstrap
from chalicelib.bootstrap.key_checks import build_key_check
from chalicelib.domain.clock import utc_now
from chalicelib.domain.keys.api_key import ApiKeySecret, minute_of
from chalicelib.services.keys.check import KeyCheckService
from chalicelib.settings import Settings
from chalicelib.storage.dynamo.connection import open_tables
from chalicelib.storage.keys.transport.signing import AwsCredentials, Signer
from chalicelib.web.authorizer import check_api_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_REGION = "eu-central-1"
_ROUNDS = 200
# A single call would be measured with the cold processor caches that the previous subject left.
_CALLS = 10
_GARBAGE_AT_ONCE = 200
_ARN = f"arn:aws:execute-api:{_REGION}:123456789012:abc123/api/GET/api/v1/records"
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example",
    # As long as a Lambda function's.
    "AWS_SESSION_TOKEN": "t" * 900,
    "AWS_REGION": _REGION,
}


@dataclass(frozen=True)
class Costs:
    """CPU milliseconds of one call, round by round."""

    taken: Mapping[str, list[float]]

    def median(self, subject: str) -> float:
        """Return the median of one call of a subject."""
        return statistics.median(self.taken[subject])

    def to(self, subject: str) -> float:
        """Return the ratio of our cost to another subject's."""
        return paired_ratio(self.taken["ours"], self.taken[subject])


def figures() -> list[Figure]:
    """Measure a valid key in four ways, and a malformed key alone."""
    good = ApiKeySecret.new().value
    with on_one_core():
        costs = measure(good)
    return [
        _figure(
            costs,
            "floor",
            "key check / hand-signed request on an open socket",
            4.5,
        ),
        _figure(costs, "sdk", "key check / the same handler on botocore", 0.13),
        _figure(costs, "pynamodb", "key check / the same handler on pynamodb", 0.12),
        _garbage(good),
    ]


def measure(good: str) -> Costs:
    """Let our handler check a valid key, on each transport in turn."""
    environ = {**os.environ, **KEYS}
    with canned_dynamodb(answer(good)) as url, mock.patch.dict(os.environ, KEYS):
        os.environ["AWS_ENDPOINT_URL"] = environ["AWS_ENDPOINT_URL"] = url
        open_tables("thub-", _REGION)
        checks = {
            "ours": built(environ),
            "sdk": built({**environ, "KEY_CHECK_TRANSPORT": "sdk"}),
            "pynamodb": KeyCheckService(PynamodbChecks(100), utc_now),  # type: ignore[arg-type]
        }
        subjects = {name: asking(good, check) for name, check in checks.items()}
        subjects["floor"] = _floor(url, good)
        for name, ask in subjects.items():
            if not ask():
                raise RuntimeError(name)
        taken = interleaved({name: _often(ask) for name, ask in subjects.items()}, _ROUNDS)
    bootstrap.use(None)
    return Costs({name: [each / _CALLS for each in times] for name, times in taken.items()})


def _figure(costs: Costs, subject: str, metric: str, goal: float) -> Figure:
    return Figure(
        metric,
        round(costs.median("ours"), 4),
        round(costs.median(subject), 4),
        round(costs.to(subject), 3),
        0,
        goal,
        "TLS, which costs all of them the same, and the time of DynamoDB's answer.",
    )


def _garbage(good: str) -> Figure:
    # One check is too short for the clock, so many are timed together.
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    ask = asking(wrong, built({**os.environ, **KEYS}))
    taken = interleaved({"garbage": lambda: [ask() for _ in range(_GARBAGE_AT_ONCE)]}, 50)
    each = statistics.median(taken["garbage"]) / _GARBAGE_AT_ONCE
    return Figure(
        "key check, wrong checksum: microseconds of CPU",
        round(each, 4),
        0,
        round(each * 1_000, 1),
        0,
        20,
        "what Lambda and API Gateway bill for the call.",
    )


def built(environ: Mapping[str, str]) -> KeyCheckService:
    """Build a check as the authorizer's function does."""
    return build_key_check(Settings.from_environ(environ), utc_now, environ)


def asking(key: str, check: KeyCheckService) -> Callable[[], object]:
    """Return a call of the shipped handler; the call returns None for a refusal."""
    event = {"type": "TOKEN", "authorizationToken": f"Bearer {key}", "methodArn": _ARN}

    def ask() -> object:
        bootstrap._key_check = check  # noqa: SLF001 - replaces the function's own check for each transport
        with contextlib.suppress(Exception):
            return check_api_key(event, {})
        return None

    return ask


def _often(ask: Callable[[], object]) -> Callable[[], None]:
    def often() -> None:
        for _ in range(_CALLS):
            ask()

    return often


def _floor(url: str, key: str) -> Callable[[], object]:
    """Sign and send one request, and ignore the answer's content."""
    place = urlsplit(url)
    connection = socket.create_connection((str(place.hostname), int(place.port or 0)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    signer = Signer(place.netloc, _REGION)
    credentials = AwsCredentials(*(value for value in list(KEYS.values())[:3]))
    recorded: list[Mapping[str, Any]] = []
    with contextlib.suppress(Exception):
        _Recorder(recorded).record(key)
    body = json.dumps(recorded[0]).encode()

    def ask() -> bytes:
        head = signer.head("DynamoDB_20120810.UpdateItem", body, credentials, time.time())
        connection.sendall(head + body)
        return connection.recv(65_536)

    return ask


@dataclass(frozen=True)
class _Recorder:
    """Records the request of a check, and gives no answer."""

    requests: list[Mapping[str, Any]]

    def record(self, key: str) -> None:
        from chalicelib.storage.keys.check import KeyChecks

        KeyChecks(self, "thub-api_keys", 100).use(ApiKeySecret.parse(key).digest, utc_now())

    def update(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.requests.append(request)
        return {}


def answer(good: str) -> dict[str, Any]:
    """Return DynamoDB's answer to the check of a valid key."""
    minute, _ = minute_of(datetime.now(UTC))
    # Later minutes too, because the measurement may run past the current one.
    counters = {f"m{minute + ahead}": {"N": "7"} for ahead in range(5)}
    row = {
        "digest": {"S": ApiKeySecret.parse(good).digest},
        "key_id": {"S": "key_" + "0" * 32},
        "account_id": {"S": "acc_" + "0" * 32},
        "name": {"S": "CI pipeline"},
        "created_at": {"S": "2026-11-24T12:00:00.000000+0000"},
        "last_used_at": {"S": "2026-11-24T12:00:00.000000+0000"},
    }
    return {"Attributes": {**row, **counters}}
