"""The SQS queue between a request and the worker that mails."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.mail import MailKind, MailRequest

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MailQueue:
    """Puts mail requests on the queue; `sqs` is a botocore client."""

    sqs: Any
    queue_url: str

    def put(self, request: MailRequest) -> None:
        """Hand a request to the worker; raises UnavailableError when SQS doesn't take it."""
        try:
            self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=to_json(request))
        except (BotoCoreError, ClientError) as error:
            _log.exception("mail_queue_unavailable")
            raise UnavailableError from error


def to_json(request: MailRequest) -> str:
    """Write a request as the queue carries it."""
    return json.dumps({**asdict(request), "asked_at": request.asked_at.isoformat()})


def from_json(body: str) -> MailRequest:
    """Read a request off the queue; raises ValueError or KeyError for anything else."""
    fields = json.loads(body)
    fields["kind"] = MailKind(fields["kind"])
    fields["asked_at"] = datetime.fromisoformat(fields["asked_at"])
    return MailRequest(**fields)
