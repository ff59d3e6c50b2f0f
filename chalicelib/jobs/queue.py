"""The job queue's worker: does the jobs of requests, and reads SES's reports on sent mails."""

from __future__ import annotations

import logging
import os
from operator import attrgetter
from typing import TYPE_CHECKING

from chalice import Blueprint

from chalicelib.bootstrap import services
from chalicelib.bootstrap.lasting_errors import lasting_reason
from chalicelib.domain.audit.mail_caps import MailCappedError
from chalicelib.domain.mail import Job, MalformedMailRequestError
from chalicelib.jobs.mail_events import NotAMailEventError, take_mail_event

if TYPE_CHECKING:
    from chalice.app import SQSEvent

    from chalicelib.bootstrap import Services

_log = logging.getLogger(__name__)

mail_worker = Blueprint(__name__)


# SES sends 14 mails a second for an account that has just left its sandbox, and a worker about six.
# Two is the minimum that Lambda accepts.
_MOST_WORKERS = 2


# One message at a time: a failing one is retried alone, and no other mail is sent twice.
@mail_worker.on_sqs_message(
    queue=os.environ.get("MAIL_QUEUE_NAME", "thub-mail"),
    batch_size=1,
    name="mail",
    maximum_concurrency=_MOST_WORKERS,
)
def deliver_mail(event: SQSEvent) -> None:
    """Do the jobs; an error makes SQS deliver the message again.

    An error that a retry can't fix is logged and counted, and its message is dropped.
    """
    for record in event:
        try:
            request = Job.from_json(record.body)
        except MalformedMailRequestError:
            _take_other(record.body)
            continue
        _deliver(request, services())


def _take_other(body: str) -> None:
    """Take what isn't a job: SES's reports come back on the same queue."""
    try:
        take_mail_event(body)
    except NotAMailEventError as error:
        _log.error("mail_dropped", extra={"reason": error.reason})


def _deliver(request: Job, ready: Services) -> None:
    asked = {"kind": request.kind, "asked_by": request.request_id}
    try:
        if ready.dropped_mails.drops(request):
            _log.info("mail_of_deleted", extra=asked)
            return
        # Write the audit events before the mail cap is applied. SQS may redeliver; event ids come
        # from the message id, so a second delivery changes nothing.
        ready.personal_events.record(request)
        ready.mail_cap.take_back(request)
        for due in filter(None, (request, request.asks_for_link)):
            _send(due, ready)
    except Exception as error:
        reason = lasting_reason(error)
        if reason is None:
            # Lambda logs the error itself; this line names the request.
            _log.warning("mail_failed", extra=asked)
            raise
        # Without the error's message, which may contain the email.
        _log.error("mail_dropped", extra={**asked, "reason": reason})


def _send(request: Job, ready: Services) -> None:
    asked = {"kind": request.kind, "asked_by": request.request_id}
    try:
        admitted = ready.mail_cap.admit(request)
        if request.kind.sender:
            attrgetter(request.kind.sender)(ready)(admitted)
        _log.info("mail_handled", extra=asked)
    except MailCappedError as capped:
        _log.info("mail_capped", extra={**asked, "cap": capped.cap})
