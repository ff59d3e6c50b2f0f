"""The mail queue's worker: what a request asked for is looked up, made and sent here."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from chalice import Blueprint

from chalicelib.bootstrap import services
from chalicelib.bootstrap.lasting_errors import lasting_reason
from chalicelib.domain.audit.mail_caps import MailCappedError
from chalicelib.domain.mail import Job, JobKind, MalformedMailRequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice.app import SQSEvent

    from chalicelib.bootstrap import Services

_log = logging.getLogger(__name__)

mail_worker = Blueprint(__name__)


# One message at a time: a failing one is retried alone, and nobody else's mail is sent twice.
@mail_worker.on_sqs_message(
    queue=os.environ.get("MAIL_QUEUE_NAME", "thub-mail"), batch_size=1, name="mail"
)
def deliver_mail(event: SQSEvent) -> None:
    """Send the mails that were asked for; an error makes SQS deliver the message again.

    An error that can't get better by that is logged and counted, and its message is dropped.
    """
    for record in event:
        try:
            request = Job.from_json(record.body)
        except MalformedMailRequestError:
            _log.error("mail_dropped", extra={"reason": "malformed"})
            continue
        _deliver(request, services())


def _deliver(request: Job, ready: Services) -> None:
    asked = {"kind": request.kind, "asked_by": request.request_id}
    try:
        # First, and whether or not a mail goes out: a message that comes again is told of once.
        ready.personal_events.tell(request)
        ready.mail_cap.take_back(request)
        for due in filter(None, (request, request.asks_for_link)):
            _send(due, ready)
    except Exception as error:
        reason = lasting_reason(error)
        if reason is None:
            # Lambda logs the error itself; this line says which request's mail it was.
            _log.warning("mail_failed", extra=asked)
            raise
        # Without the error's own words, which may name the address.
        _log.error("mail_dropped", extra={**asked, "reason": reason})


def _send(request: Job, ready: Services) -> None:
    asked = {"kind": request.kind, "asked_by": request.request_id}
    try:
        _senders(ready)[request.kind](ready.mail_cap.admit(request))
        _log.info("mail_handled", extra=asked)
    except MailCappedError as capped:
        _log.info("mail_capped", extra={**asked, "cap": capped.cap})


def _senders(ready: Services) -> dict[JobKind, Callable[[Job], None]]:
    return {
        JobKind.SIGN_UP_CONFIRMATION: ready.sign_up.send_mail,
        JobKind.SIGN_IN_FAILED: ready.account_unlock.send_mail_of_failure,
        JobKind.NEW_SIGN_IN: ready.sign_in.send_notice,
        JobKind.ACCOUNT_UNLOCK: ready.account_unlock.send_mail,
        JobKind.PASSWORD_RESET: ready.password_reset.send_mail,
        JobKind.PASSWORD_CHANGED: ready.password_reset.send_notice,
        JobKind.PASSWORD_REMOVED: ready.password_reset.send_notice_of_removal,
        JobKind.PERSONAL_EVENT: _send_nothing,
        JobKind.EMAIL_CHANGE: ready.email_change.send_mail,
        JobKind.EMAIL_CHANGE_ASKED: ready.email_change.send_word,
        JobKind.EMAIL_CHANGED: ready.email_change.send_notice,
        JobKind.EMAIL_TAKEN_BACK: ready.email_change.send_notice_of_undo,
        JobKind.API_KEY_LEAKED: ready.api_keys.send_mail,
        JobKind.INVITATION: ready.invitations.send_mail,
        JobKind.OWNERSHIP_TRANSFERRED: ready.members.send_notice,
        JobKind.SSO_LINKED: ready.single_sign_on.send_notice,
        JobKind.HANDOVER: ready.handovers.send_notice,
    }


def _send_nothing(_: Job) -> None:
    """Of some messages the audit trail alone hears."""
