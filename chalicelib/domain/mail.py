"""Mail: what a request asks the worker to send, and what the worker hands to SES."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.domain.sessions import Client
from chalicelib.domain.tokens import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping


class MailKind(StrEnum):
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
    EMAIL_CHANGED = "email_changed"
    API_KEY_LEAKED = "api_key_leaked"
    INVITATION = "invitation"
    OWNERSHIP_TRANSFERRED = "ownership_transferred"
    # What becomes of an operator's request to hand an account over.
    HANDOVER = "handover"


_NOTICES = frozenset(
    (
        MailKind.NEW_SIGN_IN,
        MailKind.PASSWORD_CHANGED,
        MailKind.PASSWORD_REMOVED,
        MailKind.EMAIL_CHANGED,
        MailKind.PERSONAL_EVENT,
        MailKind.API_KEY_LEAKED,
        MailKind.OWNERSHIP_TRANSFERRED,
        MailKind.HANDOVER,
    )
)


@dataclass(frozen=True)
class MailRequest:
    """One message on the mail queue: no secret, and nothing that only a known address has."""

    id: str
    kind: MailKind
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
    def from_json(cls, body: str) -> MailRequest:
        """Read it off the queue; raises ValueError, KeyError or TypeError for anything else."""
        fields = json.loads(body)
        fields["kind"] = MailKind(fields["kind"])
        fields["asked_at"] = datetime.fromisoformat(fields["asked_at"])
        return cls(**fields)

    @property
    def is_counted(self) -> bool:
        """Whether it falls under the hourly cap: mails that anybody can ask for, not notices."""
        if self.kind is MailKind.SIGN_IN_FAILED:
            return bool(self.details.get("locks")) and not self.details.get("stops")
        return self.kind not in _NOTICES

    @property
    def asker(self) -> Asker:
        """The request that asked."""
        return Asker(Client(self.address, self.user_agent), self.request_id)

    @property
    def asked(self) -> dict[str, object]:
        """What a mail tells of who asked for it: when, and from where."""
        return {
            "asked_at": self.asked_at,
            "address": self.address,
            "client": self.user_agent,
        }


@dataclass(frozen=True)
class Asker:
    """The request that asks for a mail."""

    client: Client
    request_id: str

    @property
    def trace(self) -> dict[str, str]:
        """What every log line about it has: in which request, and from where (`H4`)."""
        return {"request_id": self.request_id, "address": self.client.address}

    def request(
        self, kind: MailKind, email: str, now: datetime, details: Mapping[str, str]
    ) -> MailRequest:
        """Write the message for the queue."""
        return MailRequest(
            id=new_id("msg"),
            kind=kind,
            email=email,
            asked_at=now,
            address=self.client.address,
            user_agent=self.client.user_agent,
            request_id=self.request_id,
            details=details,
        )


@dataclass(frozen=True)
class Mail:
    """A mail by its template's name and what the template tells."""

    to: str
    template: str
    context: Mapping[str, Any] = field(repr=False)
