"""Chalice's record of what it deployed, stored in AWS for the next deployment.

Chalice writes its record at the end. After an interrupted run, resources exist that no record
names, and Chalice would create some of them twice; so they are looked up in AWS.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws import code_of

if TYPE_CHECKING:
    from infra.aws import Aws
    from infra.stack.stages import Stage

Entry = dict[str, Any]

_VERSION = {"schema_version": "2.0", "backend": "api"}


def read_record(stage: Stage, aws: Aws) -> Entry:
    """Return the record in Chalice's form, completed by what exists in AWS."""
    entries = {entry["name"]: entry for entry in _kept(stage, aws)}
    for entry in (_rest_api(stage, aws), _mail_events(stage, aws)):
        if entry is not None:
            entries.setdefault(entry["name"], entry)
    return {"resources": list(entries.values()), **_VERSION}


def keep_record(stage: Stage, aws: Aws, record: Entry) -> None:
    """Store the record in Parameter Store; it holds no secret."""
    aws.client("ssm").put_parameter(
        Name=stage.record_parameter,
        Value=json.dumps(record, separators=(",", ":")),
        Type="String",
        Overwrite=True,
    )


def forget_record(stage: Stage, aws: Aws) -> None:
    """Delete the record."""
    aws.client("ssm").delete_parameters(Names=[stage.record_parameter])


def rest_api_id(record: Entry) -> str | None:
    """Return the API's id; None if there is no API."""
    return next((e["rest_api_id"] for e in record["resources"] if "rest_api_id" in e), None)


def _kept(stage: Stage, aws: Aws) -> list[Entry]:
    try:
        found = aws.client("ssm").get_parameter(Name=stage.record_parameter)
    except ClientError as error:
        if code_of(error) == "ParameterNotFound":
            return []
        raise
    resources: list[Entry] = json.loads(found["Parameter"]["Value"])["resources"]
    return resources


def _rest_api(stage: Stage, aws: Aws) -> Entry | None:
    # Every stage's API has the same name, but the function's policy names the API that calls it.
    gateway = aws.client("apigateway")
    for api_id in _callers(stage, aws):
        try:
            gateway.get_rest_api(restApiId=api_id)
        except ClientError as error:
            if code_of(error) != "NotFoundException":
                raise
        else:
            host = f"{api_id}.execute-api.{aws.region}.amazonaws.com"
            return {
                "name": "rest_api",
                "resource_type": "rest_api",
                "rest_api_id": api_id,
                "rest_api_url": f"https://{host}/{stage.gateway_stage}/",
            }
    return None


def _callers(stage: Stage, aws: Aws) -> list[str]:
    try:
        policy = aws.client("lambda").get_policy(FunctionName=stage.function_name("api"))["Policy"]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return []
        raise
    return re.findall(r"arn:[a-z-]+:execute-api:[^:]+:[0-9]+:([a-z0-9]+)/", policy)


def _mail_events(stage: Stage, aws: Aws) -> Entry | None:
    try:
        found = aws.client("lambda").list_event_source_mappings(
            FunctionName=stage.function_name("mail")
        )["EventSourceMappings"]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise
    for mapping in found:
        queue = mapping["EventSourceArn"].rpartition(":")[2]
        if queue == stage.mail_queue:
            return {
                "name": "mail-sqs-event-source",
                "resource_type": "sqs_event",
                "queue_arn": mapping["EventSourceArn"],
                "event_uuid": mapping["UUID"],
                "queue": queue,
                "lambda_arn": mapping["FunctionArn"],
            }
    return None
