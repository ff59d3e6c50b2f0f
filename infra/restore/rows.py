"""How a restore treats each table and each row.

A backup doesn't know what was withdrawn after it: deleted keys, changed passwords and removed
members would all be valid again. The audit log does, and isn't restored, so it decides here. In
doubt, the result is less access, never more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.event import Effect, EventName
from chalicelib.domain.roles import Role, WorkspaceRole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

Row = dict[str, Any]


class Fate(Enum):
    """What a restore does to a table."""

    TAKEN_BACK = auto()
    # Rows that are missing are put; none is changed or removed.
    ADDED_TO = auto()
    EMPTIED = auto()
    LEFT = auto()


# A table that is missing here stops the restore, until somebody decides.
FATES: Mapping[str, Fate] = {
    "users": Fate.TAKEN_BACK,
    "emails": Fate.TAKEN_BACK,
    "accounts": Fate.TAKEN_BACK,
    "api_keys": Fate.TAKEN_BACK,
    "records": Fate.TAKEN_BACK,
    "domains": Fate.TAKEN_BACK,
    "sso_connections": Fate.TAKEN_BACK,
    "sso_identities": Fate.TAKEN_BACK,
    # Audit events stay, and no used assertion becomes usable again.
    "audit_events": Fate.ADDED_TO,
    "sso_assertions": Fate.ADDED_TO,
    # A used link or an ended session would be valid again, and sessions refer to grants and
    # versions of another time.
    "links": Fate.EMPTIED,
    "sessions": Fate.EMPTIED,
    "sso_requests": Fate.EMPTIED,
    # Counts of failures stay, so that a restore ends no lock; sign-ups wait for their mails.
    "limits": Fate.LEFT,
    # A mailbox that refuses mail refuses it after a restore too.
    "suppressions": Fate.LEFT,
    "sign_ups": Fate.LEFT,
    # What was deleted for good stays deleted.
    "deletions": Fate.LEFT,
}

_KEYS_ENDED = EventName.with_effect(Effect.API_KEY_ENDED)
_PASSWORDS_CHANGED = EventName.with_effect(Effect.PASSWORD_CHANGED)
_EMAILS_CHANGED = EventName.with_effect(Effect.EMAIL_CHANGED)
_ACCESS_ENDED = EventName.with_effect(Effect.ACCESS_ENDED)
_ACCESS_GIVEN = EventName.with_effect(Effect.ACCESS_GIVEN)
_ROLES_SET = EventName.with_effect(Effect.ROLE_SET)
_OWNERS_CHANGED = EventName.with_effect(Effect.OWNER_CHANGED)
# The part of an account that holds an operator's request for another owner.
_HANDOVER = "handover"
_WEAKEST_FIRST = tuple(
    role.value for role in (WorkspaceRole.VIEWER, WorkspaceRole.MEMBER, WorkspaceRole.ADMIN)
)


@dataclass
class Since:
    """What the audit log has after the moment."""

    moment: datetime
    keys_ended: dict[str, str] = field(default_factory=dict)
    passwords_changed: set[str] = field(default_factory=set)
    addresses_changed: set[str] = field(default_factory=set)
    # By (account, user): when access was last given or ended, and which of the two.
    access: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict)
    # By the same: every change of role or workspaces.
    changes: dict[tuple[str, str], list[Row]] = field(default_factory=dict)
    # By account: when it was last handed on, and to whom.
    heirs: dict[str, tuple[str, str]] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)

    def read(self, rows: Iterable[Row]) -> Since:
        """Read the events after the moment, in any order."""
        for row in rows:
            self.events[row["event"]] += 1
            self._note(row)
        return self

    def _note(self, row: Row) -> None:
        event, moment = row["event"], row["moment"]
        whom = (row.get("target") or row["actor"]).get("id")
        if not whom:
            return
        if event in _KEYS_ENDED:
            self.keys_ended[whom] = moment
        elif event in _PASSWORDS_CHANGED:
            self.passwords_changed.add(whom)
        elif event in _ACCESS_ENDED | _ACCESS_GIVEN:
            access = (moment, event in _ACCESS_GIVEN)
            known = self.access.get((row["account_id"], whom), ("", True))
            self.access[row["account_id"], whom] = max(known, access)
        elif event in _EMAILS_CHANGED:
            self.addresses_changed.add(whom)
        elif event in _OWNERS_CHANGED:
            heir = self.heirs.get(row["account_id"], ("", ""))
            self.heirs[row["account_id"]] = max(heir, (moment, whom))
        if event in _ROLES_SET:
            self.changes.setdefault((row["account_id"], whom), []).append(row["details"])

    def lost_access(self, account_id: str, user_id: str) -> bool:
        """Return whether a member's last change of access removed it."""
        return not self.access.get((account_id, user_id), ("", True))[1]

    def handed_on(self, account_id: str, user_id: str) -> bool:
        """Return whether an account has another owner now."""
        return self.heirs.get(account_id, ("", user_id))[1] != user_id


@dataclass
class Kept:
    """What stayed withdrawn, for the operator to review."""

    keys: list[str] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    members: list[tuple[str, str]] = field(default_factory=list)
    lessened: list[tuple[str, str]] = field(default_factory=list)
    owners: list[tuple[str, str]] = field(default_factory=list)


def amended(table: str, row: Row, live: Row | None, since: Since, kept: Kept) -> Row:
    """Return a backup's row as it may be restored; `live` is the current row."""
    if table == "api_keys":
        return _amended_key(row, live or {}, since, kept)
    if table == "accounts" and row["part"] == _HANDOVER:
        # It may be cancelled since. Unannounced, it can only be requested again.
        return {name: value for name, value in row.items() if name != "announced_at"}
    if table == "users":
        return _amended_user(row, live or row, since, kept)
    return row


def _amended_key(row: Row, live: Row, since: Since, kept: Kept) -> Row:
    if "revoked_at" in row or not ("revoked_at" in live or row["key_id"] in since.keys_ended):
        return row
    kept.keys.append(row["key_id"])
    ended = since.moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f%z")
    return row | {"revoked_at": live.get("revoked_at", ended)}


def _amended_user(row: Row, live: Row, since: Since, kept: Kept) -> Row:
    user_id, changed = row["user_id"], dict(row)
    # The version shows changes without an audit event, as for a user in no account. A removed
    # password stays removed: an interrupted restore may have removed it.
    differs = live["credentials_version"] != row["credentials_version"]
    gone = "password_hash" not in live
    moved = live.get("email") != row.get("email") or user_id in since.addresses_changed
    if moved:
        # It is unknown which of the two emails is the user's, so the password goes too.
        kept.addresses.append(user_id)
    stale = differs or gone or moved or user_id in since.passwords_changed
    if stale and changed.pop("password_hash", None):
        kept.passwords.append(user_id)
    memberships = {
        account_id: _amended_membership((account_id, user_id), membership, since, kept)
        for account_id, membership in row["memberships"].items()
    }
    return changed | {"memberships": memberships}


def _amended_membership(which: tuple[str, str], row: Row, since: Since, kept: Kept) -> Row:
    if row["role"] == "owner":
        # An account must have an owner; the operator decides by the report.
        if since.lost_access(*which) or since.handed_on(*which):
            kept.owners.append(which)
        return row
    lessened = _lessened(row, since.changes.get(which, []))
    if lessened != row:
        kept.lessened.append(which)
    if row["status"] != "active" or not since.lost_access(*which):
        return lessened
    kept.members.append(which)
    return lessened | {"status": "suspended"}


def _lessened(row: Row, changes: Iterable[Row]) -> Row:
    """Apply every reduction since, and no extension."""
    role, workspaces = row["role"], dict(row["workspaces"])
    for change in changes:
        if Role.MEMBER in (change.get("new_role"), change.get("role")):
            role = Role.MEMBER.value
        if (left := change.get("new_workspaces", change.get("workspaces"))) is not None:
            workspaces = {
                key: min(had, left[key], key=_WEAKEST_FIRST.index)
                for key, had in workspaces.items()
                if key in left
            }
    return row | {"role": role, "workspaces": workspaces}
