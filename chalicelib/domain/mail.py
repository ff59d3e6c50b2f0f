"""Mail: what a request asks the worker to send, and what the worker hands to SES."""

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
    """What the audit log has of a job."""

    NOTHING = "nothing"
    # The refused sign-in, and the lock that it led to.
    FAILURE = "failure"
    # The event that the job's details name, if any.
    NAMED_EVENT = "named_event"


class JobKind(StrEnum):
    """What a request can ask the worker for, one row each; the worker decides what is sent.

    `sender` is the method that sends the mail, as `flow.method` of `bootstrap.Services`; empty for
    none. `cap` is the count of a mail that a user or stranger asks for; a notice has none, because
    requests for others could fill the count before the notice that matters.
    """

    sender: str
    cap: Cap | None
    audit: Audit

    # Anybody can ask for these without a session, so their source is counted too.
    SIGN_UP_CONFIRMATION = "sign_up_confirmation", "sign_up.send_mail", Cap.SOURCE
    ACCOUNT_UNLOCK = "account_unlock", "account_unlock.send_mail", Cap.SOURCE
    PASSWORD_RESET = "password_reset", "password_reset.send_mail", Cap.SOURCE
    # Only the mail of a lock is counted, and not by source: a lock mails its user once, and its
    # attempts have a limit for their source already.
    SIGN_IN_FAILED = (
        "sign_in_failed",
        "account_unlock.send_mail_of_failure",
        Cap.ADDRESS,
        Audit.FAILURE,
    )
    EMAIL_CHANGE = "email_change", "email_change.send_mail", Cap.USER
    INVITATION = "invitation", "invitations.send_mail", Cap.INVITER
    NEW_SIGN_IN = "new_sign_in", "sign_in.send_notice"
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
    SSO_LINKED = "sso_linked", "single_sign_on.send_notice"
    # What becomes of an operator's request to hand an account over.
    HANDOVER = "handover", "handovers.send_notice"
    # What becomes of an owner's request to delete the account.
    ACCOUNT_DELETION = "account_deletion", "account_deletion.send_notice"
    # No mail: only the audit logs of the user's accounts record it.
    PERSONAL_EVENT = "personal_event", "", None, Audit.NAMED_EVENT

    def __new__(
        cls, name: str, sender: str = "", cap: Cap | None = None, audit: Audit = Audit.NOTHING
    ) -> Self:
        """Make a kind whose value is its name alone, as messages have it."""
        kind = str.__new__(cls, name)
        kind._value_ = name
        kind.sender, kind.cap, kind.audit = sender, cap, audit
        return kind


# Set by the operators' commands alone: their mails are never counted.
_BY_OPERATOR = {"by_operator": "yes"}
_TEXTS = ("id", "kind", "email", "asked_at", "address", "user_agent", "request_id")


class MailRefusedError(Exception):
    """A mail that can never be sent; its text is a code, never an address."""


class MalformedMailRequestError(ValueError):
    """A message that is none of ours, or lacks what every one has."""


@dataclass(frozen=True)
class SourceEntry:
    """The place of a requested mail in the count of the source that asked for it, if it has one.

    Whoever uses the mailed link has shown that the mail was wanted: its place is given back.
    """

    count: str = ""
    message_id: str = ""

    @property
    def details(self) -> dict[str, str]:
        """What the message about a used link tells the worker."""
        return {"source_count": self.count, "source_entry": self.message_id}

    @classmethod
    def of(cls, details: Mapping[str, str]) -> SourceEntry:
        """Read it from a message."""
        return cls(details.get("source_count", ""), details.get("source_entry", ""))


@dataclass(frozen=True)
class Job:
    """One message on the mail queue: no secret, and nothing that only a known address has."""

    id: str
    kind: JobKind
    email: str
    asked_at: datetime
    address: str
    user_agent: str
    request_id: str
    details: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """Write it as the queue carries it."""
        return json.dumps({**asdict(self), "asked_at": self.asked_at.isoformat()})

    @classmethod
    def from_json(cls, body: str) -> Job:
        """Read it off the queue; raises MalformedMailRequestError.

        A kind or a field that this version doesn't know raises ValueError or TypeError: during a
        deployment the newer worker knows it, so the message has to come again.
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
        """Write the message for the queue."""
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
        """Whether it falls under an hourly cap: a mail that a user or stranger asked for.

        Notices and the mails of operators' commands don't.
        """
        if self.details.get("by_operator"):
            return False
        if self.kind is JobKind.SIGN_IN_FAILED:
            return bool(self.details.get("locks")) and not self.details.get("stops")
        return self.kind.cap is not None

    @property
    def source(self) -> SourceEntry:
        """Its place in the count of the source that asked."""
        return SourceEntry.of(self.details)

    @property
    def asks_for_link(self) -> Job | None:
        """The request that a sign-in with a waiting sign-up's password also makes: a fresh link.

        It counts as a mail of a sign-up. Its id follows from this one's, so that a message that
        comes again asks for no second mail.
        """
        if self.kind is not JobKind.SIGN_IN_FAILED or not self.details.get("unconfirmed"):
            return None
        made = derived_id("msg", self.id, JobKind.SIGN_UP_CONFIRMATION)
        return replace(self, id=made, kind=JobKind.SIGN_UP_CONFIRMATION, details={})

    @property
    def origin(self) -> RequestOrigin:
        """The request that asked."""
        return RequestOrigin(Client(self.address, self.user_agent), self.request_id)

    @property
    def asked(self) -> dict[str, object]:
        """What a mail tells of who asked for it: when, and from where."""
        return {
            "asked_at": self.asked_at,
            "address": self.address,
            "client": self.user_agent,
        }


def _check_texts(fields: dict[str, Any]) -> None:
    texts = [fields[name] for name in _TEXTS]
    if not all(isinstance(text, str) for text in (*texts, *fields["details"].values())):
        raise TypeError


def by_operator() -> Mapping[str, str]:
    """Return the details of a mail that an operator asks for."""
    return dict(_BY_OPERATOR)


@dataclass(frozen=True)
class Mail:
    """A mail by its template's name and what the template tells."""

    to: str
    template: str
    context: Mapping[str, Any] = field(repr=False)
