"""What an account's audit trail tells: who did what to whom, when, from where."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.domain.tokens import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.domain.origin import RequestOrigin


class EventName(StrEnum):
    """Every event by its name: a thing, a dot, and what happened to it as a past participle.

    Names are for good: programs that read exports know them.
    """

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_DELETED = "account.deleted"
    ACCOUNT_DELETION_CANCELLED = "account.deletion_cancelled"
    ACCOUNT_DELETION_REQUESTED = "account.deletion_requested"
    ACCOUNT_EXPORTED = "account.exported"
    ACCOUNT_OPENED = "account.opened"
    ACCOUNT_OWNERSHIP_REQUESTED = "account.ownership_requested"
    ACCOUNT_OWNERSHIP_REQUEST_STOPPED = "account.ownership_request_stopped"
    ACCOUNT_OWNERSHIP_TRANSFERRED = "account.ownership_transferred"
    API_KEY_CREATED = "api_key.created"
    API_KEY_DELETED = "api_key.deleted"
    API_KEY_REVOKED = "api_key.revoked"
    AUDIT_LOG_EXPORTED = "audit_log.exported"
    INVITATION_ACCEPTED = "invitation.accepted"
    INVITATION_CREATED = "invitation.created"
    INVITATION_RESENT = "invitation.resent"
    INVITATION_REVOKED = "invitation.revoked"
    MEMBER_CHANGED = "member.changed"
    MEMBER_JOINED = "member.joined"
    MEMBER_LEFT = "member.left"
    MEMBER_REACTIVATED = "member.reactivated"
    MEMBER_REMOVED = "member.removed"
    MEMBER_SUSPENDED = "member.suspended"
    RECORD_LOADED = "record.loaded"
    SIGN_IN_LOCKED = "sign_in.locked"
    SIGN_IN_REFUSED = "sign_in.refused"
    SIGN_IN_SUCCEEDED = "sign_in.succeeded"
    SIGN_IN_UNLOCKED = "sign_in.unlocked"
    SESSION_ENDED = "session.ended"
    SSO_CONFIGURED = "sso.configured"
    SSO_DELETED = "sso.deleted"
    SSO_ENFORCED = "sso.enforced"
    SSO_RELAXED = "sso.relaxed"
    SSO_DOMAIN_ADDED = "sso_domain.added"
    SSO_DOMAIN_LAPSED = "sso_domain.lapsed"
    SSO_DOMAIN_REMOVED = "sso_domain.removed"
    SSO_DOMAIN_VERIFIED = "sso_domain.verified"
    SSO_RESPONSE_ACCEPTED = "sso_response.accepted"
    SSO_RESPONSE_REFUSED = "sso_response.refused"
    SSO_RESPONSES_COUNTED = "sso_response.counted"
    USER_DELETED = "user.deleted"
    USER_EMAIL_CHANGE_STOPPED = "user.email_change_stopped"
    USER_EMAIL_CHANGED = "user.email_changed"
    USER_EXPORTED = "user.exported"
    USER_IMPORTED = "user.imported"
    USER_PASSWORD_CHANGED = "user.password_changed"  # noqa: S105 - the name of an event
    USER_PASSWORD_REMOVED = "user.password_removed"  # noqa: S105 - as above
    USER_PASSWORD_RESET = "user.password_reset"  # noqa: S105 - as above
    USER_RENAMED = "user.renamed"
    USER_RESET_MAILED = "user.reset_mailed"
    USER_SSO_LINKED = "user.sso_linked"
    USER_VIEWED = "user.viewed"
    WORKSPACE_CHANGED = "workspace.changed"
    WORKSPACE_CREATED = "workspace.created"
    WORKSPACE_DELETED = "workspace.deleted"


class PartyType(StrEnum):
    """What kind of thing did something, or had it done to it."""

    ACCOUNT = "account"
    ANONYMOUS = "anonymous"
    API_KEY = "api_key"
    INVITATION = "invitation"
    OPERATOR = "operator"
    SSO_CONNECTION = "sso_connection"
    SSO_DOMAIN = "sso_domain"
    SYSTEM = "system"
    USER = "user"
    WORKSPACE = "workspace"


class RefusalReason(StrEnum):
    """Why a password opened nothing; the person's answer never says it (`B2`)."""

    LOCKED = "locked"
    NO_PASSWORD = "no_password"  # noqa: S105 - the name of a reason
    SSO_REQUIRED = "sso_required"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - as above


@dataclass(frozen=True)
class Party:
    """Who did it, or to whom: the name is the one that it had then."""

    type: PartyType
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class AuditEvent:
    """One thing that happened in an account; `details` hold JSON values and never a secret."""

    name: EventName
    account_id: str
    at: datetime
    actor: Party
    origin: RequestOrigin
    target: Party | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: new_id("evt"))

    def about(self, target: Party) -> AuditEvent:
        """Return it with whom or what it was done to."""
        return replace(self, target=target)

    @property
    def moment(self) -> str:
        """Its place in the account's trail: texts that sort as the events happened."""
        return f"{moment_text(self.at)}#{self.id}"


def moment_text(moment: datetime) -> str:
    """Write a time so that texts sort as times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
