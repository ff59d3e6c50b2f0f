"""Makes AWS, or what stands in for it, ready: the CloudFormation stack and the mail's sender."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from infra.local.mail_events import report_to
from infra.local.problems import LocalRunError
from infra.stack.resources import TEMPLATE

_STACK_SECONDS = 120.0
_POLL_SECONDS = 0.1


def client(service: str, endpoint: str, *, read_timeout: int = 30) -> Any:
    """Make a botocore client for the endpoint; region and credentials come from the environment."""
    import botocore.session
    from botocore.config import Config

    config = Config(connect_timeout=5, read_timeout=read_timeout, retries={"total_max_attempts": 2})
    return botocore.session.get_session().create_client(
        service, endpoint_url=endpoint, config=config
    )


@dataclass(frozen=True)
class Queue:
    """An SQS queue."""

    url: str
    arn: str


def make_ready(endpoint: str, name: str, parameters: dict[str, str], mail_from: str) -> Queue:
    """Make all that the app needs, and give the mail queue; raises LocalRunError."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        outputs = apply_stack(endpoint, name, parameters)
        verify_sender(endpoint, mail_from)
        report_to(client("ses", endpoint), mail_from, outputs["MailEventsTopicArn"])
        # Asked for anew: the stack's output may hold the address of an earlier run's emulator.
        queue = outputs["MailQueueArn"].rpartition(":")[2]
        url = client("sqs", endpoint).get_queue_url(QueueName=queue)["QueueUrl"]
    except (BotoCoreError, ClientError) as error:
        message = f"AWS at {endpoint} doesn't answer as it should: {error}"
        raise LocalRunError(message) from error
    return Queue(url, outputs["MailQueueArn"])


def apply_stack(endpoint: str, name: str, parameters: dict[str, str]) -> dict[str, str]:
    """Create or update the stack of resources.yaml, and give its outputs."""
    cloudformation = client("cloudformation", endpoint)
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
        raise LocalRunError(message)
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def verify_sender(endpoint: str, mail_from: str) -> None:
    """Let SES send mail from the address, as an operator confirms it once on AWS."""
    client("ses", endpoint).verify_email_identity(EmailAddress=parseaddr(mail_from)[1])


def _create_or_update(cloudformation: Any, request: dict[str, Any]) -> None:
    from botocore.exceptions import ClientError

    try:
        cloudformation.create_stack(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] != "AlreadyExistsException":
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
            raise LocalRunError(message)
        time.sleep(_POLL_SECONDS)
