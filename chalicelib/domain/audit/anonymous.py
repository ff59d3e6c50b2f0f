"""Audit events of a deleted user: what happened stays, who it was is a pseudonym with the id.

Works on an event as it is stored, so that a restore can use it on the rows of a backup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.event import EventName, PartyType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DELETED_USER = "Deleted user"
DELETED_ACCOUNT = "Deleted account"

# Details of a user's own changes. Their values are personal data whatever they are.
_FORMER_NAMES = frozenset(("old_name", "new_name"))
_FORMER_EMAILS = frozenset(("old_email", "new_email"))
# These acted from their own browsers or programs, so the IP address isn't the deleted user's.
_OTHERS = frozenset((PartyType.USER, PartyType.OPERATOR, PartyType.API_KEY))

Fields = dict[str, Any]


@dataclass(frozen=True)
class Identity:
    """A deleted user, and every email and name that events may have of them."""

    user_id: str
    emails: frozenset[str]
    names: frozenset[str]

    def with_former(self, events: Iterable[Mapping[str, Any]]) -> Identity:
        """Add the emails and names that the user had before, read from their events."""
        emails, names = set(self.emails), set(self.names)
        for event in events:
            if not self.is_party(event):
                continue
            details = event["details"]
            if event["event"] == EventName.USER_EMAIL_CHANGED:
                emails |= _texts(details, _FORMER_EMAILS)
            elif event["event"] == EventName.USER_RENAMED:
                names |= _texts(details, _FORMER_NAMES)
        return Identity(self.user_id, frozenset(emails), frozenset(names))

    def is_party(self, event: Mapping[str, Any]) -> bool:
        """Whether the user did it, or had it done to them."""
        return self.user_id in (_id(event.get("actor")), _id(event.get("target")))


def anonymised(event: Mapping[str, Any], identity: Identity) -> Fields:
    """Return the fields of a stored event that change; empty where it says nothing of the user."""
    is_party = identity.is_party(event)
    wanted: Fields = {
        "actor": _party(event["actor"], identity),
        "target": _party(event["target"], identity) if event.get("target") else None,
        "details": _scrubbed(event["details"], identity, is_party=is_party),
    }
    if is_party and _is_own_request(event["actor"], identity):
        wanted |= {"address": "", "user_agent": ""}
    return {name: value for name, value in wanted.items() if event.get(name) != value}


def _is_own_request(actor: Mapping[str, Any], identity: Identity) -> bool:
    return _id(actor) == identity.user_id or actor["type"] not in _OTHERS


def _party(party: Mapping[str, Any], identity: Identity) -> Fields:
    if _id(party) == identity.user_id:
        return {**party, "name": DELETED_USER}
    return {**party, "name": _without_emails(party.get("name"), identity)}


def _scrubbed(value: Any, identity: Identity, *, is_party: bool) -> Any:
    if isinstance(value, dict):
        return {
            key: DELETED_USER
            if is_party and key in _FORMER_NAMES | _FORMER_EMAILS
            else _scrubbed(part, identity, is_party=is_party)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_scrubbed(part, identity, is_party=is_party) for part in value]
    # A name alone can be a word of ours or somebody else's name, so it counts only near the user.
    if is_party and value in identity.names:
        return DELETED_USER
    return _without_emails(value, identity)


def _without_emails(value: Any, identity: Identity) -> Any:
    if not isinstance(value, str):
        return value
    folded = value.casefold()
    if any(email in folded for email in identity.emails):
        return DELETED_USER
    return value


def _texts(details: Mapping[str, Any], names: frozenset[str]) -> set[str]:
    return {details[name] for name in names if isinstance(details.get(name), str)} - {""}


def _id(party: Mapping[str, Any] | None) -> str | None:
    return party.get("id") if party else None
