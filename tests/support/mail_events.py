"""SES's reports about sent mails, in the form that its developer guide gives."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chalicelib import bootstrap
from chalicelib.jobs.mail_events import read_mail_event
from tests.support.personas.users import NOON

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tests.support.service import Service

PERMANENT = ("General", "NoEmail", "Suppressed", "OnAccountSuppressionList")
MAILBOX = (
    ("Transient", "General"),
    ("Transient", "MailboxFull"),
    ("Transient", "CustomTimeoutExceeded"),
    ("Undetermined", "Undetermined"),
)
OF_THE_MAIL = ("MessageTooLarge", "ContentRejected", "AttachmentRejected")
COMPLAINTS = ("abuse", "fraud", "other", "virus", None)
NO_COMPLAINTS = ("not-spam", "auth-failure")


def bounce(
    email: str,
    of: str = "Permanent",
    sub: str = "NoEmail",
    *,
    at: datetime = NOON,
    tags: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Build the report of a bounce."""
    content = {
        "bounceType": of,
        "bounceSubType": sub,
        "bouncedRecipients": [
            {
                "emailAddress": email,
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 user unknown",
            }
        ],
        "timestamp": _time(at),
        "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
        "reportingMTA": "dsn; mta.example.com",
    }
    return {"eventType": "Bounce", "bounce": content, "mail": _mail(email, at, tags)}


def complaint(
    email: str, feedback: str | None = "abuse", sub: str | None = None, at: datetime = NOON
) -> dict[str, Any]:
    """Build the report of a complaint."""
    content: dict[str, Any] = {
        "complainedRecipients": [{"emailAddress": email}],
        "timestamp": _time(at),
        "feedbackId": "01000157c44f053b-61b59c11-9236-11e6-8f96-7be8aexample-000000",
        "complaintSubType": sub,
    }
    if feedback is not None:
        content |= {"complaintFeedbackType": feedback, "userAgent": "ISP", "arrivalDate": _time(at)}
    return {"eventType": "Complaint", "complaint": content, "mail": _mail(email, at, {})}


def reject(email: str, at: datetime = NOON) -> dict[str, Any]:
    """Build the report of a mail in which SES found a virus."""
    content = {"reason": "Bad content"}
    return {"eventType": "Reject", "reject": content, "mail": _mail(email, at, {})}


def text(event: Mapping[str, Any]) -> str:
    """Write a report as it is published."""
    return json.dumps(event)


def deliver(service: Service, event: Mapping[str, Any] | str) -> None:
    """Put a report on the queue as SNS does, and let the worker run."""
    body = event if isinstance(event, str) else text(event)
    url = service.settings.mail_queue_url
    service.engine.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    service.work()


def suppress(email: str) -> None:
    """Let an email be suppressed by a bounce, without the worker."""
    bootstrap.services().mail_feedback.take(read_mail_event(text(bounce(email))))


def _mail(email: str, at: datetime, tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "timestamp": _time(at),
        "source": "Terminus Hub <no-reply@hub.test>",
        "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/hub.test",
        "sendingAccountId": "123456789012",
        "messageId": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
        "destination": [email],
        "headersTruncated": False,
        "headers": [{"name": "To", "value": email}, {"name": "Subject", "value": "Hello"}],
        "commonHeaders": {"to": [email], "subject": "Hello"},
        "tags": {
            "ses:configuration-set": ["thub-prod-mail"],
            "ses:caller-identity": ["mail"],
            **{name: [value] for name, value in tags.items()},
        },
    }


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
