"""The SQS queue between a request and the worker that mails."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import UnavailableError

if TYPE_CHECKING:
    from chalicelib.domain.mail import Job

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobQueue:
    """Puts mail requests on the queue; `sqs` is a botocore client."""

    sqs: Any
    queue_url: str

    def put_notice(self, request: Job) -> None:
        """Hand over a notice of what has been done already; a failure is logged, not raised."""
        try:
            self.put(request)
        except UnavailableError:
            _log.exception("notice_lost", extra={"kind": request.kind})

    def put(self, request: Job) -> None:
        """Hand a request to the worker; raises UnavailableError when SQS doesn't take it."""
        try:
            self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=request.to_json())
        except (BotoCoreError, ClientError) as error:
            _log.exception("mail_queue_unavailable")
            raise UnavailableError from error
