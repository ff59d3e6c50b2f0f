"""Creates what the app needs in the emulator: the CloudFormation stack and the verified sender."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from botocore.exceptions import ClientError

from infra.aws import AWS_ERRORS, client, code_of
from infra.errors import CommandError
from infra.local.mail_events import report_to
from infra.stack.resources import TEMPLATE

_STACK_SECONDS = 120.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Queue:
    """An SQS queue."""

    url: str
    arn: str


def make_ready(endpoint: str, name: str, parameters: dict[str, str], mail_from: str) -> Queue:
    """Create everything that the app needs and return the mail queue; raises CommandError."""
    try:
        outputs = apply_stack(endpoint, name, parameters)
        verify_sender(endpoint, mail_from)
        report_to(client("ses", endpoint=endpoint), mail_from, outputs["MailEventsTopicArn"])
        # The stack's output may hold the URL of an earlier run's emulator, so SQS is asked.
        queue = outputs["MailQueueArn"].rpartition(":")[2]
        url = client("sqs", endpoint=endpoint).get_queue_url(QueueName=queue)["QueueUrl"]
    except AWS_ERRORS as error:
        message = f"AWS at {endpoint} doesn't answer as it should: {error}"
        raise CommandError(message) from error
    return Queue(url, outputs["MailQueueArn"])


def apply_stack(endpoint: str, name: str, parameters: dict[str, str]) -> dict[str, str]:
    """Create or update the stack of resources.yaml and return its outputs."""
    cloudformation = client("cloudformation", endpoint=endpoint)
    request = {
        "StackName": name,
        "TemplateBody": TEMPLATE.read_text(encoding="utf-8"),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
    }
    _create_or_update(cloudformation, request)
    stack = _settled(cloudformation, name)
    if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        reason = stack.get("StackStatusReason") or stack["StackStatus"]
        message = f"The AWS resources could not be made: {reason}"
        raise CommandError(message)
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def verify_sender(endpoint: str, mail_from: str) -> None:
    """Verify the sender in SES, as an operator does once on AWS."""
    client("ses", endpoint=endpoint).verify_email_identity(EmailAddress=parseaddr(mail_from)[1])


def _create_or_update(cloudformation: Any, request: dict[str, Any]) -> None:
    try:
        cloudformation.create_stack(**request)
    except ClientError as error:
        if code_of(error) != "AlreadyExistsException":
            raise
    else:
        return
    try:
        cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise


def _settled(cloudformation: Any, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + _STACK_SECONDS
    while True:
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        if time.monotonic() > deadline:
            message = f"The AWS resources were not ready after {_STACK_SECONDS:g} seconds."
            raise CommandError(message)
        time.sleep(_POLL_SECONDS)
