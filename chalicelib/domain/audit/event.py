"""Events of an account's audit log: who did what to whom, when, and from where."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC
from enum import Flag, StrEnum, auto
from typing import TYPE_CHECKING, Any

from chalicelib.domain.tokens import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Self

    from chalicelib.domain.origin import RequestOrigin


class Effect(Flag):
    """What an event changed that a restore of an earlier backup must not undo."""

    NONE = 0
    ACCESS_ENDED = auto()
    ACCESS_GIVEN = auto()
    API_KEY_ENDED = auto()
    EMAIL_CHANGED = auto()
    OWNER_CHANGED = auto()
    PASSWORD_CHANGED = auto()
    ROLE_SET = auto()


class EventName(StrEnum):
    """Every event, one row each: its name, its sentence on the page, and its effect.

    A name is a thing, a dot, and what happened to it as a past participle. Names never change,
    because programs that read exports depend on them.
    """

    sentence: str
    effect: Effect

    ACCOUNT_CREATED = "account.created", "Created the account"
    ACCOUNT_DELETED = "account.deleted", "Deleted the account"
    ACCOUNT_DELETION_CANCELLED = (
        "account.deletion_cancelled",
        "Cancelled the deletion of the account",
    )
    ACCOUNT_DELETION_REQUESTED = "account.deletion_requested", "Asked to delete the account"
    ACCOUNT_EXPORTED = "account.exported", "Exported the whole account"
    ACCOUNT_OPENED = "account.opened", "Opened the account"
    ACCOUNT_OWNERSHIP_REQUESTED = "account.ownership_requested", "Requested to hand over ownership"
    ACCOUNT_OWNERSHIP_REQUEST_STOPPED = (
        "account.ownership_request_stopped",
        "Stopped a request to hand over ownership",
    )
    ACCOUNT_OWNERSHIP_TRANSFERRED = (
        "account.ownership_transferred",
        "Handed over ownership",
        Effect.OWNER_CHANGED,
    )
    API_KEY_CREATED = "api_key.created", "Created an API key"
    API_KEY_DELETED = "api_key.deleted", "Deleted an API key", Effect.API_KEY_ENDED
    API_KEY_REVOKED = "api_key.revoked", "Handed in a leaked API key", Effect.API_KEY_ENDED
    AUDIT_LOG_EXPORTED = "audit_log.exported", "Exported the audit log"
    INVITATION_ACCEPTED = "invitation.accepted", "Accepted an invitation"
    INVITATION_CREATED = "invitation.created", "Invited somebody"
    INVITATION_RESENT = "invitation.resent", "Sent an invitation again"
    INVITATION_REVOKED = "invitation.revoked", "Revoked an invitation"
    MEMBER_CHANGED = "member.changed", "Changed a member", Effect.ROLE_SET
    # A former member who joins again gets the role of the new invitation.
    MEMBER_JOINED = "member.joined", "Joined the account", Effect.ACCESS_GIVEN | Effect.ROLE_SET
    MEMBER_LEFT = "member.left", "Left the account", Effect.ACCESS_ENDED
    MEMBER_REACTIVATED = "member.reactivated", "Reactivated a member", Effect.ACCESS_GIVEN
    MEMBER_REMOVED = "member.removed", "Removed a member", Effect.ACCESS_ENDED
    MEMBER_SUSPENDED = "member.suspended", "Suspended a member", Effect.ACCESS_ENDED
    RECORD_LOADED = "record.loaded", "Loaded records"
    SIGN_IN_LOCKED = "sign_in.locked", "Locked a sign-in"
    SIGN_IN_REFUSED = "sign_in.refused", "Failed to sign in"
    SIGN_IN_SUCCEEDED = "sign_in.succeeded", "Signed in"
    SIGN_IN_UNLOCKED = "sign_in.unlocked", "Unlocked a sign-in"
    SESSION_ENDED = "session.ended", "Signed out"
    SSO_CONFIGURED = "sso.configured", "Set up single sign-on"
    SSO_DELETED = "sso.deleted", "Deleted single sign-on"
    SSO_ENFORCED = "sso.enforced", "Enforced single sign-on"
    SSO_RELAXED = "sso.relaxed", "Made single sign-on optional"
    SSO_DOMAIN_ADDED = "sso_domain.added", "Added a domain"
    SSO_DOMAIN_LAPSED = "sso_domain.lapsed", "Found a domain's proof gone"
    SSO_DOMAIN_REMOVED = "sso_domain.removed", "Removed a domain"
    SSO_DOMAIN_VERIFIED = "sso_domain.verified", "Proved a domain"
    SSO_RESPONSE_ACCEPTED = "sso_response.accepted", "The company's sign-in was accepted"
    SSO_RESPONSE_REFUSED = "sso_response.refused", "The company's sign-in was refused"
    SSO_RESPONSES_COUNTED = "sso_response.counted", "More of the company's sign-ins were refused"
    SUPPRESSION_LISTED = "suppression.listed", "Listed the suppressed emails"
    SUPPRESSION_REMOVED = "suppression.removed", "Let mail go to an email again"
    USER_DELETED = "user.deleted", "Deleted a user"
    USER_EMAIL_CHANGE_STOPPED = "user.email_change_stopped", "Stopped a change of their email"
    USER_EMAIL_CHANGED = "user.email_changed", "Changed their email", Effect.EMAIL_CHANGED
    USER_EXPORTED = "user.exported", "Exported people and their password hashes"
    USER_IMPORTED = "user.imported", "Imported a person"
    USER_PASSWORD_CHANGED = (
        "user.password_changed",
        "Changed their password",
        Effect.PASSWORD_CHANGED,
    )
    USER_PASSWORD_REMOVED = "user.password_removed", "Stopped a password", Effect.PASSWORD_CHANGED
    USER_PASSWORD_RESET = "user.password_reset", "Reset their password", Effect.PASSWORD_CHANGED
    USER_RENAMED = "user.renamed", "Changed their name"
    USER_RESET_MAILED = "user.reset_mailed", "Mailed a password reset"
    USER_SSO_LINKED = "user.sso_linked", "Linked to the company's sign-in"
    USER_VIEWED = "user.viewed", "Looked a person up"
    WORKSPACE_CHANGED = "workspace.changed", "Changed a workspace"
    WORKSPACE_CREATED = "workspace.created", "Created a workspace"
    WORKSPACE_DELETED = "workspace.deleted", "Deleted a workspace"

    # A sentence is optional only because `EventName(text)`, a look-up, has none to give.
    def __new__(cls, name: str, sentence: str = "", effect: Effect = Effect.NONE) -> Self:
        """Make an event whose value is its name alone, as it is stored."""
        event = str.__new__(cls, name)
        event._value_ = name
        event.sentence, event.effect = sentence, effect
        return event

    @classmethod
    def with_effect(cls, effect: Effect) -> frozenset[EventName]:
        """Return the events that have an effect."""
        return frozenset(event for event in cls if effect in event.effect)


# The first halves of the names, with their dot, and what the page calls them.
GROUP_LABELS: Mapping[str, str] = {
    "account.": "The account",
    "api_key.": "API keys",
    "audit_log.": "The audit log",
    "invitation.": "Invitations",
    "member.": "Members",
    "record.": "Records",
    "sign_in.": "Signing in",
    "session.": "Sessions",
    "sso.": "Single sign-on",
    "sso_domain.": "Domains",
    "sso_response.": "Company sign-ins",
    "suppression.": "Suppressed emails",
    "user.": "People's own credentials",
    "workspace.": "Workspaces",
}


class PartyType(StrEnum):
    """What kind of thing acted, or was acted on."""

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
    """Why a password was refused; the answer to the caller never shows it (`B2`)."""

    LOCKED = "locked"
    NO_PASSWORD = "no_password"  # noqa: S105 - the name of a reason
    SSO_REQUIRED = "sso_required"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - as above


@dataclass(frozen=True)
class Party:
    """The actor or the target of an event, with the name it had at that time."""

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
        """Return the event with this target."""
        return replace(self, target=target)

    @property
    def moment(self) -> str:
        """Return its position in the account's log: a text that sorts by time."""
        return f"{moment_text(self.at)}#{self.id}"


def moment_text(moment: datetime) -> str:
    """Write a time as text that sorts as the times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
