"""Holds every AWS call of the app's functions against the policy that each is deployed with.

The service under test runs each function under its name; whatever it then asks AWS for must stand
in that function's policy, and what a run of all flows never asked for must not stand there
(after_all_flows.py).
"""

from __future__ import annotations

import contextlib
import json
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.support.servers.children import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FUNCTIONS = ("api", "mail", "key_check", "sso_watch", "deletions")
STAGE = "prod"
# What Lambda and its event sources do in a function's name, and no call of ours shows.
BY_THE_PLATFORM = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
# Asked at a cold start on AWS, where the secrets are; the service under test gets them as settings.
AT_A_COLD_START = {
    "kms:Decrypt",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
}

_READS = ("Get", "Query", "Scan", "BatchGet", "TransactGet", "Describe", "List")
_TABLE = "dynamodb:*:*:table/"
_PARTS = {
    "ConditionCheck": "ConditionCheckItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
}


@dataclass(frozen=True, order=True)
class Permission:
    """One action on one thing: a table or an index by its bare name, or nothing more exact."""

    action: str
    on: str = ""

    def __str__(self) -> str:
        """Return it as a person says it."""
        return f"{self.action} on {self.on}" if self.on else self.action


# What the tests of this run have seen each function use.
used: dict[str, set[Permission]] = {name: set() for name in FUNCTIONS}

_acting: ContextVar[str | None] = ContextVar("acting", default=None)


@contextlib.contextmanager
def acting_as(function: str) -> Iterator[None]:
    """Run what follows as one of the app's functions."""
    token = _acting.set(function)
    try:
        yield
    finally:
        _acting.reset(token)


@dataclass
class Guard:
    """What was asked for and isn't allowed, and how many calls may have changed something."""

    prefix: str
    denied: set[str] = field(default_factory=set)
    writes: int = 0

    def see(self, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Hold one call against the policy of the function that makes it."""
        if not operation.startswith(_READS):
            self.writes += 1
        function = _acting.get()
        if function is None:
            return
        for permission in _needed(service, operation, parameters, self.prefix):
            used[function].add(permission)
            if permission not in allowed(function):
                self.denied.add(f"{function} may not {permission}")


@contextlib.contextmanager
def guarded(prefix: str) -> Iterator[Guard]:
    """Watch every AWS call; at the end, complain of those that AWS would have refused."""
    from botocore.client import BaseClient

    guard = Guard(prefix)
    call = BaseClient._make_api_call  # noqa: SLF001 - every AWS call passes here

    def seen(self: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        guard.see(self.meta.service_model.service_name, operation, parameters)
        return call(self, operation, parameters)

    with mock.patch.object(BaseClient, "_make_api_call", seen):
        yield guard
    assert not guard.denied, sorted(guard.denied)


def needless(function: str) -> list[Permission]:
    """Give what a function may do and nothing in this run needed."""
    unseen = BY_THE_PLATFORM | AT_A_COLD_START
    asked_for = {p for p in allowed(function) if p.action not in unseen}
    return sorted(asked_for - used[function])


@cache
def allowed(function: str, stage: str = STAGE) -> frozenset[Permission]:
    """Give what a function's policy allows, one thing at a time."""
    return frozenset(
        Permission(action, _bare(resource, stage))
        for statement in policy(function, stage)["Statement"]
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    )


def policy(function: str, stage: str = STAGE) -> dict[str, Any]:
    """Give the policy that the stage's configuration names for a function."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"][stage]
    chosen = config if function == "api" else config["lambda_functions"][function]
    text = (ROOT / ".chalice" / chosen["iam_policy_file"]).read_text()
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _needed(
    service: str, operation: str, parameters: Mapping[str, Any], prefix: str
) -> Iterator[Permission]:
    if service != "dynamodb":
        yield Permission(f"{service}:{operation}")
    elif "RequestItems" in parameters:
        for table in parameters["RequestItems"]:
            yield Permission(f"dynamodb:{operation}", table.removeprefix(prefix))
    elif "TransactItems" in parameters:
        for item in parameters["TransactItems"]:
            for kind, part in item.items():
                name = part["TableName"].removeprefix(prefix)
                yield Permission(f"dynamodb:{_PARTS[kind]}", name)
    else:
        name = parameters["TableName"].removeprefix(prefix)
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        yield Permission(f"dynamodb:{operation}", name + index)


def _bare(resource: str, stage: str) -> str:
    _, found, name = resource.partition(_TABLE)
    return name.removeprefix(f"thub-{stage}-") if found else ""


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
