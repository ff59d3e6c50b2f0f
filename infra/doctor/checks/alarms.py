"""Checks that the alarms exist, are quiet and notify somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws import code_of
from infra.stack.resources import template

if TYPE_CHECKING:
    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Checking

_KIND = "AWS::CloudWatch::Alarm"
_AT_ONCE = 100


def check(examined: ExaminedStage) -> Checking:
    """Check every alarm of resources.yaml in the stack that created this stage's tables."""
    wanted = [name for name, entry in template()["Resources"].items() if entry["Type"] == _KIND]
    made = _made(examined)
    there = _read(examined, list(made.values()))
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


def _made(examined: ExaminedStage) -> dict[str, str]:
    """Return the stack's alarms by logical id; a pipeline may have given the stack another name."""
    client, stack = examined.client("cloudformation"), examined.stage.stack
    try:
        of_tables = client.describe_stack_resources(PhysicalResourceId=examined.stage.tables[0])
        stack = of_tables["StackResources"][0]["StackName"]
    except ClientError as error:
        if code_of(error) != "ValidationError":
            raise
    pages = examined.pages("cloudformation", "list_stack_resources", StackName=stack)
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in pages
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == _KIND and resource.get("PhysicalResourceId")
    }


def _read(examined: ExaminedStage, names: list[str]) -> dict[str, dict[str, Any]]:
    # Without names, CloudWatch would return every alarm of the account.
    if not names:
        return {}
    answer = examined.client("cloudwatch").describe_alarms(
        AlarmNames=names[:_AT_ONCE], MaxRecords=_AT_ONCE
    )
    return {alarm["AlarmName"]: alarm for alarm in answer["MetricAlarms"]}
