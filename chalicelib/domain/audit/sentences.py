"""The audit trail in words: what each event is called on the page, and who did it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.event import EventName, PartyType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.audit.event import AuditEvent, Party

WORDS: Mapping[EventName, str] = {
    EventName.ACCOUNT_CREATED: "Created the account",
    EventName.ACCOUNT_DELETED: "Deleted the account",
    EventName.ACCOUNT_DELETION_CANCELLED: "Cancelled the deletion of the account",
    EventName.ACCOUNT_DELETION_REQUESTED: "Asked to delete the account",
    EventName.ACCOUNT_EXPORTED: "Exported the whole account",
    EventName.ACCOUNT_OPENED: "Opened the account",
    EventName.ACCOUNT_OWNERSHIP_REQUESTED: "Requested to hand over ownership",
    EventName.ACCOUNT_OWNERSHIP_REQUEST_STOPPED: "Stopped a request to hand over ownership",
    EventName.ACCOUNT_OWNERSHIP_TRANSFERRED: "Handed over ownership",
    EventName.API_KEY_CREATED: "Created an API key",
    EventName.API_KEY_DELETED: "Deleted an API key",
    EventName.API_KEY_REVOKED: "Handed in a leaked API key",
    EventName.AUDIT_LOG_EXPORTED: "Exported the audit log",
    EventName.INVITATION_ACCEPTED: "Accepted an invitation",
    EventName.INVITATION_CREATED: "Invited somebody",
    EventName.INVITATION_RESENT: "Sent an invitation again",
    EventName.INVITATION_REVOKED: "Revoked an invitation",
    EventName.MEMBER_CHANGED: "Changed a member",
    EventName.MEMBER_JOINED: "Joined the account",
    EventName.MEMBER_LEFT: "Left the account",
    EventName.MEMBER_REACTIVATED: "Reactivated a member",
    EventName.MEMBER_REMOVED: "Removed a member",
    EventName.MEMBER_SUSPENDED: "Suspended a member",
    EventName.RECORD_LOADED: "Loaded records",
    EventName.SIGN_IN_LOCKED: "Locked a sign-in",
    EventName.SIGN_IN_REFUSED: "Failed to sign in",
    EventName.SIGN_IN_SUCCEEDED: "Signed in",
    EventName.SIGN_IN_UNLOCKED: "Unlocked a sign-in",
    EventName.SESSION_ENDED: "Signed out",
    EventName.SSO_CONFIGURED: "Set up single sign-on",
    EventName.SSO_DELETED: "Deleted single sign-on",
    EventName.SSO_ENFORCED: "Enforced single sign-on",
    EventName.SSO_RELAXED: "Made single sign-on optional",
    EventName.SSO_DOMAIN_ADDED: "Added a domain",
    EventName.SSO_DOMAIN_LAPSED: "Found a domain's proof gone",
    EventName.SSO_DOMAIN_REMOVED: "Removed a domain",
    EventName.SSO_DOMAIN_VERIFIED: "Proved a domain",
    EventName.SSO_RESPONSE_ACCEPTED: "The company's sign-in was accepted",
    EventName.SSO_RESPONSE_REFUSED: "The company's sign-in was refused",
    EventName.SSO_RESPONSES_COUNTED: "More of the company's sign-ins were refused",
    EventName.USER_DELETED: "Deleted a user",
    EventName.USER_EMAIL_CHANGE_STOPPED: "Stopped a change of their email",
    EventName.USER_EMAIL_CHANGED: "Changed their email",
    EventName.USER_EXPORTED: "Exported people and their password hashes",
    EventName.USER_IMPORTED: "Imported a person",
    EventName.USER_PASSWORD_CHANGED: "Changed their password",
    EventName.USER_PASSWORD_REMOVED: "Stopped a password",
    EventName.USER_PASSWORD_RESET: "Reset their password",
    EventName.USER_RENAMED: "Changed their name",
    EventName.USER_RESET_MAILED: "Mailed a password reset",
    EventName.USER_SSO_LINKED: "Linked to the company's sign-in",
    EventName.USER_VIEWED: "Looked a person up",
    EventName.WORKSPACE_CHANGED: "Changed a workspace",
    EventName.WORKSPACE_CREATED: "Created a workspace",
    EventName.WORKSPACE_DELETED: "Deleted a workspace",
}
GROUP_WORDS: Mapping[str, str] = {
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
    "user.": "People's own credentials",
    "workspace.": "Workspaces",
}
_NAMELESS = {
    PartyType.ANONYMOUS: "Somebody unknown",
    PartyType.API_KEY: "An API key",
    PartyType.OPERATOR: "The operator",
    PartyType.SYSTEM: "The service",
}
_KINDS: Mapping[PartyType, str] = {
    PartyType.ACCOUNT: "Account",
    PartyType.ANONYMOUS: "Not signed in",
    PartyType.API_KEY: "API key",
    PartyType.INVITATION: "Invitation",
    PartyType.OPERATOR: "Operator of the service",
    PartyType.SSO_CONNECTION: "Single sign-on",
    PartyType.SSO_DOMAIN: "Domain",
    PartyType.SYSTEM: "By itself",
    PartyType.USER: "User",
    PartyType.WORKSPACE: "Workspace",
}
# Details that say it in words of their own; an empty text says nothing that isn't said already.
_SAID: Mapping[tuple[str, str], str] = {
    ("ends_by", "password_reset"): "until the password is reset",
    ("ends_by", "time"): "after several failed passwords",
    ("how", "all"): "every session",
    ("how", "all_others"): "all other sessions",
    ("how", "picked"): "from another session",
    ("how", "sign_out"): "",
    ("how", "taken_back"): "back to the one before, by a mailed link",
    ("method", "import"): "by an import",
    ("method", "password"): "with a password",
    ("method", "sso"): "through the company",
    ("reason", "locked"): "the sign-in was locked",
    ("reason", "no_password"): "has no password",
    ("reason", "sso_required"): "has to sign in through the company",
    ("reason", "suspended"): "is suspended",
    ("reason", "wrong_password"): "the password was wrong",
    ("step", "email_confirmation"): "while confirming an email",
    ("step", "proof"): "inside a session",
    ("step", "sign_in"): "",
}
# Our own words for kinds and reasons, as against names that people gave.
_OUR_WORD = re.compile(r"[a-z][a-z0-9]{0,19}(_[a-z0-9]{1,19})*\Z")
_LONG_ID = re.compile(r"[A-Za-z0-9_-]{30,}\Z")
_SHORT = 16
# A change of a member's workspaces names hundreds; fifty events have to fit on a page.
_DETAILS_LONGEST = 500


def event_options() -> list[tuple[str, str]]:
    """List what can be asked for, in words: each group, then what is in it."""
    options = []
    for group, words in GROUP_WORDS.items():
        options.append((group, f"{words}: all"))
        options += [
            (name.value, f"{words}: {said[0].lower()}{said[1:]}")
            for name, said in WORDS.items()
            if name.value.startswith(group)
        ]
    return options


def party_words(party: Party) -> str:
    """Name who did it, or to whom."""
    if party.type is PartyType.OPERATOR and party.name:
        # Whatever an operator is called, they aren't taken for a member of that name.
        return f"Operator {party.name}"
    return party.name or _NAMELESS.get(party.type) or party.id or party.type.value


def party_kind(party: Party) -> str:
    """Say what kind of thing it is, since a user can choose a name that sounds like another."""
    return _KINDS[party.type]


def target_words(event: AuditEvent) -> str:
    """Name whom it was done to, where that isn't whoever did it."""
    if event.target is None or event.target.id == event.actor.id:
        return ""
    return party_words(event.target)


def detail_words(details: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Say the details in a line: `the password was wrong, inside a session`.

    `names` are what things are called by their ids, as far as they are still there. A very long
    line is cut; the export has all details.
    """
    words = _line(details, names)
    return words if len(words) <= _DETAILS_LONGEST else f"{words[:_DETAILS_LONGEST]}…"


def _line(details: Mapping[str, Any], names: Mapping[str, str]) -> str:
    # Why it failed says enough of how it was tried.
    unsaid = {"method"} if details.keys() & {"reason", "ends_by"} else set()
    shown = sorted((name, value) for name, value in details.items() if name not in unsaid)
    said = (_detail(name, value, names) for name, value in shown)
    return ", ".join(words for words in said if words)


def _detail(name: str, value: Any, names: Mapping[str, str]) -> str:
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, str) and (name, value) in _SAID:
        return _SAID[name, value]
    called = name.replace("_", " ") if _OUR_WORD.match(name) else names.get(name, _short(name))
    return f"{called}: {_value_words(value, names)}"


def _value_words(value: Any, names: Mapping[str, str]) -> str:
    if isinstance(value, dict):
        return f"({_line(value, names)})"
    if isinstance(value, list):
        return " and ".join(_value_words(part, names) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text.replace("_", " ") if _OUR_WORD.match(text) else _short(text)


def _short(text: str) -> str:
    """Cut an id or a fingerprint to what eyes compare; the export has it whole."""
    return f"{text[:_SHORT]}…" if _LONG_ID.match(text) else text
