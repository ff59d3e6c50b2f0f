"""Mail: what a request asks the worker to send, and what the worker hands to SES."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.domain.origin import Client, RequestOrigin
from chalicelib.domain.tokens import derived_id, new_id

if TYPE_CHECKING:
    from collections.abc import Mapping


class JobKind(StrEnum):
    """The mails that a request can ask for; the worker decides what is really sent."""

    SIGN_UP_CONFIRMATION = "sign_up_confirmation"
    SIGN_IN_FAILED = "sign_in_failed"
    NEW_SIGN_IN = "new_sign_in"
    ACCOUNT_UNLOCK = "account_unlock"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a mail, not a secret
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    PASSWORD_REMOVED = "password_removed"  # noqa: S105
    # No mail: the person did something that the audit trails of their accounts are told.
    PERSONAL_EVENT = "personal_event"
    EMAIL_CHANGE = "email_change"
    EMAIL_CHANGE_ASKED = "email_change_asked"
    EMAIL_CHANGED = "email_changed"
    EMAIL_TAKEN_BACK = "email_taken_back"
    API_KEY_LEAKED = "api_key_leaked"
    INVITATION = "invitation"
    OWNERSHIP_TRANSFERRED = "ownership_transferred"
    SSO_LINKED = "sso_linked"
    # What becomes of an operator's request to hand an account over.
    HANDOVER = "handover"


_NOTICES = frozenset(
    (
        JobKind.NEW_SIGN_IN,
        JobKind.PASSWORD_CHANGED,
        JobKind.PASSWORD_REMOVED,
        # Counted, it could be used up by requests for other addresses before the one that matters.
        JobKind.EMAIL_CHANGE_ASKED,
        JobKind.EMAIL_CHANGED,
        JobKind.EMAIL_TAKEN_BACK,
        JobKind.PERSONAL_EVENT,
        JobKind.API_KEY_LEAKED,
        JobKind.OWNERSHIP_TRANSFERRED,
        JobKind.SSO_LINKED,
        JobKind.HANDOVER,
    )
)


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
        return self.kind not in _NOTICES

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
