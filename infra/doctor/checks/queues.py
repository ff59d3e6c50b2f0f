"""Checks the mail queue and its dead letters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.aws import code_of
from infra.doctor.findings import UncheckedError

if TYPE_CHECKING:
    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Checking

# Each worker instance sends about one mail a second; more than this is a backlog.
_MOST_WAITING = 200
_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


def check(examined: ExaminedStage) -> Checking:
    """Check the mail queue's depth and where failing mails go."""
    name, parked = examined.stage.mail_queue, examined.stage.dead_letters
    queue = _read(examined, name)
    if queue is None:
        yield f"Queue {name} is missing, so no mail goes out. Deploy the stage."
        return ""
    waiting = int(queue["ApproximateNumberOfMessages"])
    if waiting > _MOST_WAITING:
        yield (
            f"{waiting:,} mails wait in {name}. Look for mail_failed in the log of"
            f" {examined.stage.function_name('mail')}, and whether SES has paused the account."
        )
    target = json.loads(queue.get("RedrivePolicy", "{}")).get("deadLetterTargetArn", "")
    if not target.endswith(f":{parked}"):
        yield f"A mail that keeps failing in {name} is lost, not parked. Deploy the stage."
    timeout = examined.functions.get("mail", {}).get("Timeout", 0)
    if int(queue["VisibilityTimeout"]) < timeout:
        yield (
            f"A mail of {name} comes again after {queue['VisibilityTimeout']} seconds, while the"
            f" worker may take {timeout}: people get it twice. Deploy the stage."
        )
    return f"{waiting} mails wait; one that keeps failing is parked."


def check_dead_letters(examined: ExaminedStage) -> Checking:
    """See that no mail is parked."""
    name = examined.stage.dead_letters
    queue = _read(examined, name)
    if queue is None:
        message = f"there is no queue {name}."
        raise UncheckedError(message)
    if parked := int(queue["ApproximateNumberOfMessages"]):
        mails = "1 mail is" if parked == 1 else f"{parked:,} mails are"
        yield (
            f"{mails} parked in {name} after failing every time. Look for mail_failed in the"
            f" log of {examined.stage.function_name('mail')}, mend that, then start a redrive."
        )
    return "No mail is parked."


def _read(examined: ExaminedStage, name: str) -> dict[str, str] | None:
    client = examined.client("sqs")
    try:
        url = client.get_queue_url(QueueName=name)["QueueUrl"]
    except ClientError as error:
        if code_of(error) not in _GONE:
            raise
        return None
    answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    found: dict[str, str] = answer["Attributes"]
    return found
