"""Metrics: which log events count as what; CloudWatch reads them from the log lines.

The form is CloudWatch's embedded metric format: a line that is logged anyway says which of its
members are metrics. It takes no further request and no import. The only dimension is the stage's
table prefix: whose sign-in it was is in the audit log, not in a metric (`H5`).
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

# From this status on, the error is ours.
_FAILED = 500

# By the event, and by the method of a proof. A request's line also counts failures.
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
    """Return the metrics that a record counts, with their values."""
    if not (record.name or "").startswith("chalicelib."):
        return {}
    event = record.getMessage()
    if event == "request":
        return {REQUESTS_FAILED: 1} if getattr(record, "status", 0) >= _FAILED else {}
    name = COUNTED.get((event, getattr(record, "method", None)))
    if name is None:
        return {}
    # Counted for every refused password alike, so that a metric makes no answer slower.
    locks = {LOCKS: int(bool(record.locks))} if hasattr(record, "locks") else {}
    return {name: 1, **locks}


def embedded(record: logging.LogRecord, stage: str) -> dict[str, Any]:
    """Return the members that make a record's line a metric; empty if it counts none."""
    values = counted(record)
    if not values:
        return {}
    directive = {
        "Namespace": NAMESPACE,
        "Dimensions": [[DIMENSION]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in values],
    }
    metadata = {"Timestamp": int(record.created * 1000), "CloudWatchMetrics": [directive]}
    return {**values, DIMENSION: stage, "_aws": metadata}
