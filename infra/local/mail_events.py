"""Lets bounces and complaints come back in a local run."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any

# SES's own mailbox simulator: what is mailed to `bounce@` there bounces.
_REPORTED = ("Bounce", "Complaint")


def report_to(ses: Any, mail_from: str, topic_arn: str) -> None:
    """Have SES report the sender's mails to the topic.

    The emulator doesn't publish the events of configuration sets. It does send the notifications
    of an identity, which the worker reads as well.
    """
    for kind in _REPORTED:
        ses.set_identity_notification_topic(
            Identity=parseaddr(mail_from)[1], NotificationType=kind, SnsTopic=topic_arn
        )
