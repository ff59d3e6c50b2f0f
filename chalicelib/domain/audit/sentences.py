"""The audit log in words: who acted, on whom, and the details."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.event import GROUP_LABELS, EventName, PartyType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.audit.event import AuditEvent, Party

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
# Details with a text of their own. An empty text means that the sentence already says it.
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
# Our own words for kinds and reasons, as opposed to names that users chose.
_OUR_WORD = re.compile(r"[a-z][a-z0-9]{0,19}(_[a-z0-9]{1,19})*\Z")
_LONG_ID = re.compile(r"[A-Za-z0-9_-]{30,}\Z")
_SHORT = 16
# A change can list hundreds of workspaces, and a page holds fifty events.
_DETAILS_LONGEST = 500


def event_options() -> list[tuple[str, str]]:
    """List the options of the event filter: each group, followed by its events."""
    options = []
    for group, label in GROUP_LABELS.items():
        options.append((group, f"{label}: all"))
        options += [
            (event.value, f"{label}: {event.sentence[0].lower()}{event.sentence[1:]}")
            for event in EventName
            if event.value.startswith(group)
        ]
    return options


def party_words(party: Party) -> str:
    """Return the display name of an actor or target."""
    if party.type is PartyType.OPERATOR and party.name:
        # An operator's name can equal a member's; the prefix keeps them apart.
        return f"Operator {party.name}"
    return party.name or _NAMELESS.get(party.type) or party.id or party.type.value


def party_kind(party: Party) -> str:
    """Return what kind of thing it is, since a user can choose a name that looks like another's."""
    return _KINDS[party.type]


def target_words(event: AuditEvent) -> str:
    """Return the display name of the target, or nothing if it is the actor."""
    if event.target is None or event.target.id == event.actor.id:
        return ""
    return party_words(event.target)


def detail_words(details: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Write the details in one line: `the password was wrong, inside a session`.

    `names` maps ids to the names of things that still exist. A very long line is cut; the export
    has all details.
    """
    words = _line(details, names)
    return words if len(words) <= _DETAILS_LONGEST else f"{words[:_DETAILS_LONGEST]}…"


def _line(details: Mapping[str, Any], names: Mapping[str, str]) -> str:
    # The reason says enough about how it was tried.
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
    """Shorten an id or a fingerprint for reading; the export has all of it."""
    return f"{text[:_SHORT]}…" if _LONG_ID.match(text) else text
