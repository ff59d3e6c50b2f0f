"""The alarms: there, quiet, and heard by somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws import code_of
from infra.stack.resources import template

if TYPE_CHECKING:
    from infra.doctor.findings import Checking
    from infra.doctor.subject import Subject

_KIND = "AWS::CloudWatch::Alarm"
_AT_ONCE = 100


def check(subject: Subject) -> Checking:
    """Look at every alarm of resources.yaml in the stack that made this stage's tables."""
    wanted = [name for name, entry in template()["Resources"].items() if entry["Type"] == _KIND]
    made = _made(subject)
    there = _read(subject, list(made.values()))
    unheard = []
    for logical in wanted:
        alarm = there.get(made.get(logical, ""))
        if alarm is None:
            yield f"Alarm {logical} is missing, so nobody hears of its trouble. Deploy the stage."
        elif alarm["StateValue"] == "ALARM":
            yield f"Alarm {logical} rings: {alarm.get('AlarmDescription', '').rstrip('.')}."
        if alarm is not None and not (alarm.get("ActionsEnabled") and alarm.get("AlarmActions")):
            unheard.append(logical)
    if unheard:
        yield (
            f"Nobody is told when {', '.join(unheard)} rings."
            " Give the stack an SNS topic as AlarmTopicArn."
        )
    return f"All {len(wanted)} are there and quiet, and an SNS topic is told of each."


def _made(subject: Subject) -> dict[str, str]:
    """Give the stack's alarms by logical id; the operator's pipeline may have named the stack."""
    client, stack = subject.client("cloudformation"), subject.stage.stack
    try:
        of_tables = client.describe_stack_resources(PhysicalResourceId=subject.stage.tables[0])
        stack = of_tables["StackResources"][0]["StackName"]
    except ClientError as error:
        if code_of(error) != "ValidationError":
            raise
    pages = subject.pages("cloudformation", "list_stack_resources", StackName=stack)
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == _KIND and resource.get("PhysicalResourceId")
    }


def _read(subject: Subject, names: list[str]) -> dict[str, dict[str, Any]]:
    # Names that are given are all looked for; none given would mean every alarm of the account.
    if not names:
        return {}
    answer = subject.client("cloudwatch").describe_alarms(
        AlarmNames=names[:_AT_ONCE], MaxRecords=_AT_ONCE
    )
    return {alarm["AlarmName"]: alarm for alarm in answer["MetricAlarms"]}
