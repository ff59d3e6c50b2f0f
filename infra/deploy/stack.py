"""Creates and updates the stage's CloudFormation stack: tables, queues and alarms."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws import code_of
from infra.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.aws import Aws

Template = dict[str, Any]

_SECONDS = 1_800
_POLL_SECONDS = {True: 0.1, False: 3.0}
# Parameters that an operator sets keep their value; the others follow the template.
_OPERATORS_OWN = ("AlarmTopicArn", "LogDays", "RefusedPasswordsAlarm")
_FAILED = ("CREATE_FAILED", "UPDATE_FAILED")
# States that no update can leave, and what does.
_STUCK = {
    "ROLLBACK_COMPLETE": "It was never made whole, and holds nothing. Delete it first:"
    " aws cloudformation delete-stack --stack-name {name}",
    "ROLLBACK_FAILED": "Delete it first, and see what holds it:"
    " aws cloudformation delete-stack --stack-name {name}",
    "DELETE_FAILED": "Somebody was deleting it. Finish that first:"
    " aws cloudformation delete-stack --stack-name {name}",
    "UPDATE_ROLLBACK_FAILED": "Let CloudFormation finish going back first:"
    " aws cloudformation continue-update-rollback --stack-name {name}",
}


class Stack:
    """One stack of a stage."""

    def __init__(self, aws: Aws, name: str) -> None:
        self._client = aws.client("cloudformation")
        self._poll_seconds = _POLL_SECONDS[aws.emulated]
        self.name = name

    def apply(self, template: Template, parameters: dict[str, str], chosen: dict[str, str]) -> str:
        """Create or update the stack; raises CommandError. `chosen` are values set this time."""
        before = self._settled()
        if before and (way_out := _STUCK.get(before["StackStatus"])):
            message = f"Stack {self.name} is {before['StackStatus']}. {way_out}"
            raise CommandError(message.format(name=self.name))
        request = {
            "StackName": self.name,
            "TemplateBody": json.dumps(template, separators=(",", ":")),
            "Parameters": _parameters(template, parameters, chosen, before),
        }
        if before is None:
            # Without rollback, created resources stay and the next run continues from there.
            self._client.create_stack(**request, DisableRollback=True)
        elif not self._update(request, after_failure=before["StackStatus"] in _FAILED):
            return f"{self.name} is up to date"
        self._demand_complete()
        return f"{self.name} {'updated' if before else 'made'}"

    def outputs(self) -> dict[str, str]:
        """Return its outputs."""
        stack = self._read() or {}
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def parameters(self) -> dict[str, str]:
        """Return its parameters; empty if there is no stack."""
        stack = self._read() or {}
        return {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])}

    def delete(self) -> str:
        """Delete it and wait; raises CommandError with what prevents it."""
        if self._settled() is None:
            return f"there is no {self.name}"
        self._client.delete_stack(StackName=self.name)
        after = self._settled()
        if after is not None:
            message = f"Stack {self.name} is {after['StackStatus']}: {self._reasons()}"
            raise CommandError(message)
        return f"{self.name} deleted"

    def _update(self, request: dict[str, Any], *, after_failure: bool) -> bool:
        try:
            self._client.update_stack(
                **request, **({"DisableRollback": True} if after_failure else {})
            )
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return False
            raise
        return True

    def _demand_complete(self) -> None:
        after = self._settled() or {"StackStatus": "gone"}
        if after["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            message = f"Stack {self.name} is {after['StackStatus']}: {self._reasons()}"
            raise CommandError(message)

    def _settled(self) -> dict[str, Any] | None:
        return _wait(self._read, self._poll_seconds, self.name)

    def _read(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._client.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if code_of(error) == "ValidationError":
                return None
            raise
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found

    def _reasons(self) -> str:
        events = self._client.describe_stack_events(StackName=self.name)["StackEvents"]
        failed = [e for e in events if e["ResourceStatus"].endswith("_FAILED")]
        reasons = [f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in failed]
        return "; ".join(reasons[:5]) or "CloudFormation gives no reason"


def _parameters(
    template: Template,
    parameters: dict[str, str],
    chosen: dict[str, str],
    before: dict[str, Any] | None,
) -> list[dict[str, Any]]:
    known = template["Parameters"].keys()
    if unknown := chosen.keys() - known:
        message = f"infra/stack/resources.yaml has no parameter {', '.join(sorted(unknown))}."
        raise CommandError(message)
    had = {parameter["ParameterKey"] for parameter in (before or {}).get("Parameters", [])}
    kept = [name for name in _OPERATORS_OWN if name in had & known and name not in chosen]
    values = {n: v for n, v in {**parameters, **chosen}.items() if n not in kept}
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]
    return [*given, *({"ParameterKey": name, "UsePreviousValue": True} for name in kept)]


def _wait(
    read: Callable[[], dict[str, Any] | None], poll_seconds: float, name: str
) -> dict[str, Any] | None:
    deadline = time.monotonic() + _SECONDS
    while (stack := read()) and stack["StackStatus"].endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            message = f"Stack {name} is still {stack['StackStatus']} after half an hour."
            raise CommandError(message)
        time.sleep(poll_seconds)
    return stack
