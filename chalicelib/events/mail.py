"""The mail queue's worker: what a request asked for is looked up, made and sent here."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from chalice import Blueprint

from chalicelib.bootstrap import services
from chalicelib.domain.mail import MailKind, MailRequest

if TYPE_CHECKING:
    from chalice.app import SQSEvent

_log = logging.getLogger(__name__)

mail_worker = Blueprint(__name__)


# One message at a time: a failing one is retried alone, and nobody else's mail is sent twice.
@mail_worker.on_sqs_message(
    queue=os.environ.get("MAIL_QUEUE_NAME", "thub-mail"), batch_size=1, name="mail"
)
def deliver_mail(event: SQSEvent) -> None:
    """Send the mails that were asked for; an error makes SQS deliver the message again."""
    ready = services()
    senders = {
        MailKind.SIGN_UP_CONFIRMATION: ready.sign_up.send_mail,
        MailKind.SIGN_IN_FAILED: ready.account_unlock.send_mail_of_failure,
        MailKind.NEW_SIGN_IN: ready.sign_in.send_notice,
        MailKind.ACCOUNT_UNLOCK: ready.account_unlock.send_mail,
        MailKind.PASSWORD_RESET: ready.password_reset.send_mail,
        MailKind.PASSWORD_CHANGED: ready.password_reset.send_notice,
        MailKind.PASSWORD_REMOVED: ready.password_reset.send_notice_of_removal,
        MailKind.PERSONAL_EVENT: _send_nothing,
        MailKind.EMAIL_CHANGE: ready.profile.send_mail,
        MailKind.EMAIL_CHANGED: ready.email_confirmation.send_notice,
        MailKind.API_KEY_LEAKED: ready.api_keys.send_mail,
        MailKind.INVITATION: ready.invitations.send_mail,
        MailKind.OWNERSHIP_TRANSFERRED: ready.members.send_notice,
        MailKind.HANDOVER: ready.handovers.send_notice,
    }
    for record in event:
        request = MailRequest.from_json(record.body)
        asked = {"kind": request.kind, "asked_by": request.request_id}
        try:
            # First, and whether or not a mail goes out: a message that comes again is told of once.
            ready.personal_events.tell(request)
            if not request.is_counted or ready.mail_cap.admits(request):
                senders[request.kind](request)
                _log.info("mail_handled", extra=asked)
        except Exception:
            # Lambda logs the error itself; this line says which request's mail it was.
            _log.warning("mail_failed", extra=asked)
            raise


def _send_nothing(_: MailRequest) -> None:
    """Of some messages the audit trail alone hears."""
