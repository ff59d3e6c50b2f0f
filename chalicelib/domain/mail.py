"""Jobs that a request puts on the queue, and mails that the worker sends."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.mail_caps import Cap
from chalicelib.domain.origin import Client, RequestOrigin
from chalicelib.domain.tokens import derived_id, new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self


class Audit(Enum):
    """What the audit log records of a job."""

    NOTHING = "nothing"
    # The refused sign-in, and the lockout that it caused.
    FAILURE = "failure"
    # The event that the job's details name, if any.
    NAMED_EVENT = "named_event"


class JobKind(StrEnum):
    """Every kind of job, one row each; the worker decides what is sent.

    `sender` is the method that sends the mail, as `flow.method` of `bootstrap.Services`; empty for
    none. `cap` is the hourly cap of a mail that a user or stranger asks for. A notice has none:
    with one, a stranger could use it up before the notice that matters.
    """

    sender: str
    cap: Cap | None
    audit: Audit

    # Anyone can ask for these without a session, so they also count for their source.
    SIGN_UP_CONFIRMATION = "sign_up_confirmation", "sign_up.send_mail", Cap.SOURCE
    ACCOUNT_UNLOCK = "account_unlock", "account_unlock.send_mail", Cap.SOURCE
    PASSWORD_RESET = "password_reset", "password_reset.send_mail", Cap.SOURCE
    # Only the mail of a lockout is counted, and not by source: a lockout mails its user once, and
    # its attempts already have a limit for their source.
    SIGN_IN_FAILED = (
        "sign_in_failed",
        "account_unlock.send_mail_of_failure",
        Cap.ADDRESS,
        Audit.FAILURE,
    )
    EMAIL_CHANGE = "email_change", "email_change.send_mail", Cap.USER
    INVITATION = "invitation", "invitations.send_mail", Cap.INVITER
    NEW_SIGN_IN = "new_sign_in", "new_session.send_notice"
    PASSWORD_CHANGED = "password_changed", "password_reset.send_notice", None, Audit.NAMED_EVENT
    PASSWORD_REMOVED = "password_removed", "password_reset.send_notice_of_removal"
    EMAIL_CHANGE_ASKED = "email_change_asked", "email_change.send_word"
    EMAIL_CHANGED = "email_changed", "email_change.send_notice", None, Audit.NAMED_EVENT
    EMAIL_TAKEN_BACK = (
        "email_taken_back",
        "email_change.send_notice_of_undo",
        None,
        Audit.NAMED_EVENT,
    )
    API_KEY_LEAKED = "api_key_leaked", "api_keys.send_mail"
    OWNERSHIP_TRANSFERRED = "ownership_transferred", "members.send_notice"
    SSO_LINKED = "sso_linked", "sso_link_notice.send_notice"
    # What becomes of an operator's request to hand an account over.
    HANDOVER = "handover", "handovers.send_notice"
    # What becomes of an owner's request to delete the account.
    ACCOUNT_DELETION = "account_deletion", "account_deletion.send_notice"
    # No mail: only the audit logs of the user's accounts record it.
    PERSONAL_EVENT = "personal_event", "", None, Audit.NAMED_EVENT

    def __new__(
        cls, name: str, sender: str = "", cap: Cap | None = None, audit: Audit = Audit.NOTHING
    ) -> Self:
        """Make a kind whose value is its name alone, as in messages."""
        kind = str.__new__(cls, name)
        kind._value_ = name
        kind.sender, kind.cap, kind.audit = sender, cap, audit
        return kind


# Only operators' commands set this: their mails are never counted.
_BY_OPERATOR = {"by_operator": "yes"}
# Set by the worker alone, once it has checked the device.
_KNOWN_BROWSER = "known_browser"
_TEXTS = ("id", "kind", "email", "asked_at", "address", "user_agent", "request_id")


class MailRefusedError(Exception):
    """A mail that can never be sent; its text is a code, never an email."""


class MalformedMailRequestError(ValueError):
    """A message that isn't one of ours, or lacks a required field."""


@dataclass(frozen=True)
class SourceEntry:
    """The entry of a requested mail in the count of the source that asked for it, if any.

    A used link shows that the mail was wanted, so its entry is removed from the count.
    """

    count: str = ""
    message_id: str = ""

    @property
    def details(self) -> dict[str, str]:
        """Return the details for the message about a used link."""
        return {"source_count": self.count, "source_entry": self.message_id}

    @property
    def tags(self) -> dict[str, str]:
        """What a mail carries through SES and back, so that a bounce finds the place again."""
        return {"source": self.count, "message": self.message_id} if self.count else {}

    @classmethod
    def of_tags(cls, tags: Mapping[str, str]) -> SourceEntry:
        """Read it from what came back."""
        whole = "source" in tags and "message" in tags
        return cls(tags["source"], tags["message"]) if whole else cls()

    @classmethod
    def of(cls, details: Mapping[str, str]) -> SourceEntry:
        """Read it from a message's details."""
        return cls(details.get("source_count", ""), details.get("source_entry", ""))


@dataclass(frozen=True)
class MailRequest:
    """Who asked for a mail, as far as it decides whether the mail is sent."""

    # Somebody other than the recipient may have asked: not a notice, not a known browser's mail.
    by_others: bool = False
    source: SourceEntry = field(default_factory=SourceEntry)


@dataclass(frozen=True)
class Job:
    """One message on the queue, without secrets and without data that only a known email has."""

    id: str
    kind: JobKind
    email: str
    asked_at: datetime
    address: str
    user_agent: str
    request_id: str
    details: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """Write it as a queue message."""
        return json.dumps({**asdict(self), "asked_at": self.asked_at.isoformat()})

    @classmethod
    def from_json(cls, body: str) -> Job:
        """Read a queue message; raises MalformedMailRequestError.

        A kind or field that this version doesn't know raises ValueError or TypeError. During a
        deployment the newer worker knows it, so SQS must deliver the message again.
        """
        try:
            fields = dict(json.loads(body))
            kind, asked_at = str(fields["kind"]), datetime.fromisoformat(fields["asked_at"])
            _check_texts(fields)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise MalformedMailRequestError from error
        return cls(**{**fields, "kind": JobKind(kind), "asked_at": asked_at})

    @classmethod
    def asked_by(
        cls,
        origin: RequestOrigin,
        kind: JobKind,
        email: str,
        now: datetime,
        details: Mapping[str, str],
    ) -> Job:
        """Make a job from the request that asks for it."""
        return cls(
            id=new_id("msg"),
            kind=kind,
            email=email,
            asked_at=now,
            address=origin.client.address,
            user_agent=origin.client.user_agent,
            request_id=origin.request_id,
            details=details,
        )

    @property
    def is_counted(self) -> bool:
        """Check whether an hourly cap applies: to mails that a user or stranger asks for.

        Notices and the mails of operators' commands aren't counted.
        """
        if self.details.get("by_operator"):
            return False
        if self.kind is JobKind.SIGN_IN_FAILED:
            return bool(self.details.get("locks")) and not self.details.get("stops")
        return self.kind.cap is not None

    @property
    def source(self) -> SourceEntry:
        """Return its entry in the count of the source that asked."""
        return SourceEntry.of(self.details)

    @property
    def asks_for_link(self) -> Job | None:
        """Return the job for a new confirmation link, for a waiting sign-up's password.

        It counts as a sign-up's mail. Its id is derived from this job's, so a redelivered message
        sends no second mail.
        """
        if self.kind is not JobKind.SIGN_IN_FAILED or not self.details.get("unconfirmed"):
            return None
        made = derived_id("msg", self.id, JobKind.SIGN_UP_CONFIRMATION)
        return replace(self, id=made, kind=JobKind.SIGN_UP_CONFIRMATION, details={})

    @property
    def origin(self) -> RequestOrigin:
        """Return the origin of the request that asked."""
        return RequestOrigin(Client(self.address, self.user_agent), self.request_id)

    @property
    def asked(self) -> dict[str, object]:
        """Return what a mail says about the request, when and from where, and its `MailRequest`."""
        by_others = self.is_counted and not self.details.get(_KNOWN_BROWSER)
        return {
            "asked_at": self.asked_at,
            "address": self.address,
            "client": self.user_agent,
            "request": MailRequest(by_others, self.source),
        }

    @property
    def from_known_browser(self) -> Job:
        """The same, after the worker has found that a known browser of the user asked."""
        return replace(self, details={**self.details, _KNOWN_BROWSER: "yes"})


def _check_texts(fields: dict[str, Any]) -> None:
    texts = [fields[name] for name in _TEXTS]
    if not all(isinstance(text, str) for text in (*texts, *fields["details"].values())):
        raise TypeError


def by_operator() -> Mapping[str, str]:
    """Return the details of a mail that an operator asks for."""
    return dict(_BY_OPERATOR)


@dataclass(frozen=True)
class Mail:
    """A mail: its recipient, the name of its texts, and the values in them."""

    to: str
    template: str
    context: Mapping[str, Any] = field(repr=False)

    @property
    def request(self) -> MailRequest:
        """Who asked for it; a mail whose job says nothing is a notice."""
        request: MailRequest = self.context.get("request", MailRequest())
        return request
