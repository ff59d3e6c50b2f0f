"""Metrics: which event of the log counts as what; CloudWatch reads them out of the log lines.

The form is CloudWatch's embedded metric format: a line that is logged anyway says which of its
members are metrics. No request more, and nothing to import. The one dimension is the stage's table
prefix: whose sign-in it was stands in the audit trail, not in a metric (`H5`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging

NAMESPACE = "TerminusHub/Authentication"
DIMENSION = "TablePrefix"

PASSWORDS_ACCEPTED = "PasswordsAccepted"
PASSWORDS_REFUSED = "PasswordsRefused"
LOCKS = "Locks"
SSO_ACCEPTED = "SsoAccepted"
SSO_REFUSED = "SsoRefused"
KEY_CHECKS_ALLOWED = "KeyChecksAllowed"
KEY_CHECKS_LIMITED = "KeyChecksLimited"
KEY_CHECKS_REFUSED = "KeyChecksRefused"
KEY_CHECKS_UNAVAILABLE = "KeyChecksUnavailable"
MAILS_HANDLED = "MailsHandled"
MAILS_CAPPED = "MailsCapped"
MAILS_FAILED = "MailsFailed"
MAILS_LOST = "MailsLost"
MAILS_DROPPED = "MailsDropped"
MAILS_BOUNCED = "MailsBounced"
MAILS_DELAYED = "MailsDelayed"
MAILS_COMPLAINED = "MailsComplained"
MAILS_SUPPRESSED = "MailsSuppressed"
REQUESTS_FAILED = "RequestsFailed"

# From here on an answer says that the fault is ours.
_FAILED = 500

# By the event, and by the method of a proof. Beside these, a request's line counts what failed.
COUNTED = {
    ("authentication_succeeded", "password"): PASSWORDS_ACCEPTED,
    ("authentication_succeeded", "sso"): SSO_ACCEPTED,
    ("authentication_succeeded", "api_key"): KEY_CHECKS_ALLOWED,
    ("authentication_failed", "password"): PASSWORDS_REFUSED,
    ("authentication_failed", "api_key"): KEY_CHECKS_REFUSED,
    ("sso_response_refused", None): SSO_REFUSED,
    ("api_key_limited", None): KEY_CHECKS_LIMITED,
    ("api_key_unchecked", None): KEY_CHECKS_UNAVAILABLE,
    ("mail_handled", None): MAILS_HANDLED,
    ("mail_capped", None): MAILS_CAPPED,
    ("mail_failed", None): MAILS_FAILED,
    ("notice_lost", None): MAILS_LOST,
    ("mail_dropped", None): MAILS_DROPPED,
    ("mail_rejected", None): MAILS_DROPPED,
    ("mail_bounced", None): MAILS_BOUNCED,
    ("mail_delayed", None): MAILS_DELAYED,
    ("mail_complained", None): MAILS_COMPLAINED,
    ("mail_suppressed", None): MAILS_SUPPRESSED,
}


def counted(record: logging.LogRecord) -> dict[str, int]:
    """Give the metrics that a record counts, each with its value."""
    if not (record.name or "").startswith("chalicelib."):
        return {}
    event = record.getMessage()
    if event == "request":
        return {REQUESTS_FAILED: 1} if getattr(record, "status", 0) >= _FAILED else {}
    name = COUNTED.get((event, getattr(record, "method", None)))
    if name is None:
        return {}
    # Of every refused password alike, so that no answer takes longer by a metric.
    locks = {LOCKS: int(bool(record.locks))} if hasattr(record, "locks") else {}
    return {name: 1, **locks}


def embedded(record: logging.LogRecord, stage: str) -> dict[str, Any]:
    """Give what turns a record's line into metrics; nothing for a record that counts none."""
    values = counted(record)
    if not values:
        return {}
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in values],
    }
    told = {"Timestamp": int(record.created * 1000), "CloudWatchMetrics": [directive]}
    return {**values, DIMENSION: stage, "_aws": told}
