"""The SQS queue between requests and the worker."""

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
    """Puts jobs on the queue; `sqs` is a botocore client."""

    sqs: Any
    queue_url: str

    def put_notice(self, request: Job) -> None:
        """Queue a notice of something already done; a failure is logged, not raised."""
        try:
            self.put(request)
        except UnavailableError:
            _log.exception("notice_lost", extra={"kind": request.kind})

    def put(self, request: Job) -> None:
        """Queue a job; raises UnavailableError if SQS doesn't accept it."""
        try:
            self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=request.to_json())
        except (BotoCoreError, ClientError) as error:
            _log.exception("mail_queue_unavailable")
            raise UnavailableError from error
