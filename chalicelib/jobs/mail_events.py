"""SES's reports about sent mails, as its event publishing and its notifications write them.

The formats are those of "Contents of event data that Amazon SES publishes to Amazon SNS" in the SES
developer guide. A report is dropped unless it has that form, so that none of them comes again.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Annotated

import msgspec

from chalicelib.bootstrap import services
from chalicelib.bootstrap.lasting_errors import lasting_reason
from chalicelib.domain.email_address import EmailAddress, InvalidEmailError
from chalicelib.domain.mail import SourceEntry
from chalicelib.domain.suppression import FeedbackKind, MailFeedback

_log = logging.getLogger(__name__)

# SES publishes this once, as plain text, when the event destination is made.
_CONNECTED = "Successfully validated SNS topic for Amazon SES event publishing."
_PERMANENT, _TEMPORARY = "Permanent", ("Transient", "Undetermined")
# Temporary bounces that are about the mail, not the mailbox.
_OF_THE_MAIL = frozenset(("MessageTooLarge", "ContentRejected", "AttachmentRejected"))
# Feedback types of RFC 5965 and RFC 6591 that nobody complains with.
_NO_COMPLAINT = frozenset(("not-spam", "auth-failure"))
# Words of SES's own, and far longer than any of them is.
_WORD_MOST = 60

_Time = Annotated[datetime, msgspec.Meta(tz=True)]


class NotAMailEventError(Exception):
    """A message that is no report of SES, or none that this product asks for."""

    def __init__(self, reason: str) -> None:
        """Keep the code that the log has of it."""
        super().__init__(reason)
        self.reason = reason


class _Bounce(msgspec.Struct, rename="camel"):
    bounce_type: str
    timestamp: _Time
    bounce_sub_type: str = ""


class _Complaint(msgspec.Struct, rename="camel"):
    timestamp: _Time
    complaint_feedback_type: str | None = None
    complaint_sub_type: str | None = None


class _Reject(msgspec.Struct):
    reason: str = ""


class _Mail(msgspec.Struct, rename="camel"):
    timestamp: _Time
    destination: list[str]
    tags: dict[str, list[str]] = {}


class _Event(msgspec.Struct, rename="camel"):
    mail: _Mail
    # The notifications of an identity, which the local emulator sends, have the second name.
    event_type: str = ""
    notification_type: str = ""
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None
    reject: _Reject | None = None


def take_mail_event(body: str) -> None:
    """Hand a report to its service; raises NotAMailEventError."""
    if body.strip() == _CONNECTED:
        _log.info("mail_events_connected")
        return
    try:
        services().mail_feedback.take(read_mail_event(body))
    except Exception as error:
        reason = lasting_reason(error)
        if reason is None:
            raise
        raise NotAMailEventError(reason) from error


def read_mail_event(body: str) -> MailFeedback:
    """Read a report; raises NotAMailEventError."""
    try:
        event = msgspec.json.decode(body, type=_Event)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NotAMailEventError("malformed") from error
    kind, at, detail = _meaning(event)
    return MailFeedback(kind, _recipient(event.mail), at, detail, _source(event.mail))


def _meaning(event: _Event) -> tuple[FeedbackKind, datetime, str]:
    name = event.event_type or event.notification_type
    if name == "Bounce" and event.bounce:
        return _of_bounce(event.bounce)
    if name == "Complaint" and event.complaint:
        return _of_complaint(event.complaint)
    if name == "Reject" and event.reject:
        return FeedbackKind.REJECT, event.mail.timestamp, _words(event.reject.reason)
    raise NotAMailEventError("unexpected_event")


def _of_bounce(bounce: _Bounce) -> tuple[FeedbackKind, datetime, str]:
    detail = _words(bounce.bounce_type, bounce.bounce_sub_type)
    if bounce.bounce_type == _PERMANENT:
        return FeedbackKind.BOUNCE, bounce.timestamp, detail
    if bounce.bounce_type not in _TEMPORARY:
        raise NotAMailEventError("unexpected_event")
    of_the_mail = bounce.bounce_sub_type in _OF_THE_MAIL
    return FeedbackKind.REMARK if of_the_mail else FeedbackKind.DELAY, bounce.timestamp, detail


def _of_complaint(complaint: _Complaint) -> tuple[FeedbackKind, datetime, str]:
    feedback = complaint.complaint_feedback_type or ""
    kind = FeedbackKind.REMARK if feedback in _NO_COMPLAINT else FeedbackKind.COMPLAINT
    return kind, complaint.timestamp, _words(feedback, complaint.complaint_sub_type or "")


def _recipient(mail: _Mail) -> str:
    """Return the one email that the mail was sent to.

    Never the recipient that the report itself names: SES takes that one from the delivery status
    notification, which the mailbox's own server writes. An attacker who runs a mail server could
    sign up there, answer with a bounce that names another email, and stop that email's mails.
    """
    if len(mail.destination) != 1:
        raise NotAMailEventError("unexpected_event")
    try:
        return EmailAddress.parse(mail.destination[0]).value
    except (InvalidEmailError, UnicodeError) as error:
        raise NotAMailEventError("malformed") from error


def _source(mail: _Mail) -> SourceEntry:
    return SourceEntry.of_tags({name: values[0] for name, values in mail.tags.items() if values})


def _words(*words: str) -> str:
    """Join what SES calls it; unprintable or endless words are none of SES's."""
    joined = " ".join(word for word in words if word)
    return joined[:_WORD_MOST] if joined and joined.isprintable() else "none"
