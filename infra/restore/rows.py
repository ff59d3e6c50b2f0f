"""What becomes of each table and each row when a stage goes back to an earlier moment.

A backup knows nothing of what was withdrawn after it: deleted keys, changed passwords and removed
members would all be good again. The audit trail knows, and isn't taken back, so it has the last
word here. Whatever can't be decided ends in less access, never in more.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.event import EventName
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


# A table that isn't named here stops the restore: somebody has to decide.
FATES: Mapping[str, Fate] = {
    "users": Fate.TAKEN_BACK,
    "emails": Fate.TAKEN_BACK,
    "accounts": Fate.TAKEN_BACK,
    "api_keys": Fate.TAKEN_BACK,
    "records": Fate.TAKEN_BACK,
    "domains": Fate.TAKEN_BACK,
    "sso_connections": Fate.TAKEN_BACK,
    "sso_identities": Fate.TAKEN_BACK,
    # Nobody's history is unwritten, and no assertion becomes new again.
    "audit_events": Fate.ADDED_TO,
    "sso_assertions": Fate.ADDED_TO,
    # A spent link or an ended session would be good again, and a session names the grants and
    # versions of another time.
    "links": Fate.EMPTIED,
    "sessions": Fate.EMPTIED,
    "sso_requests": Fate.EMPTIED,
    # Counts of failures stay, so that a restore ends no lock; sign-ups wait for their mails.
    "limits": Fate.LEFT,
    "sign_ups": Fate.LEFT,
    # What was deleted for good stays deleted.
    "deletions": Fate.LEFT,
}

_KEYS_ENDED = frozenset({EventName.API_KEY_DELETED, EventName.API_KEY_REVOKED})
_PASSWORDS_CHANGED = frozenset(
    {
        EventName.USER_PASSWORD_CHANGED,
        EventName.USER_PASSWORD_REMOVED,
        EventName.USER_PASSWORD_RESET,
    }
)
_ACCESS_ENDED = frozenset(
    {EventName.MEMBER_SUSPENDED, EventName.MEMBER_REMOVED, EventName.MEMBER_LEFT}
)
_ACCESS_GIVEN = frozenset({EventName.MEMBER_REACTIVATED, EventName.MEMBER_JOINED})
# Who comes back after leaving comes as what they were made then.
_CHANGED = frozenset({EventName.MEMBER_CHANGED, EventName.MEMBER_JOINED})
# The part of an account that holds an operator's request for another owner.
_HANDOVER = "handover"
_WEAKEST_FIRST = tuple(
    role.value for role in (WorkspaceRole.VIEWER, WorkspaceRole.MEMBER, WorkspaceRole.ADMIN)
)


@dataclass
class Since:
    """What the audit trail says of the time after the moment."""

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
        """Take in what happened after the moment, in any order."""
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
        elif event == EventName.USER_EMAIL_CHANGED:
            self.addresses_changed.add(whom)
        elif event == EventName.ACCOUNT_OWNERSHIP_TRANSFERRED:
            heir = self.heirs.get(row["account_id"], ("", ""))
            self.heirs[row["account_id"]] = max(heir, (moment, whom))
        if event in _CHANGED:
            self.changes.setdefault((row["account_id"], whom), []).append(row["details"])

    def lost_access(self, account_id: str, user_id: str) -> bool:
        """Whether the last word about a member is that they have no access."""
        return not self.access.get((account_id, user_id), ("", True))[1]

    def handed_on(self, account_id: str, user_id: str) -> bool:
        """Whether an account is another's by now."""
        return self.heirs.get(account_id, ("", user_id))[1] != user_id


@dataclass
class Kept:
    """What stayed withdrawn, for the person who has to look at it afterwards."""

    keys: list[str] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    members: list[tuple[str, str]] = field(default_factory=list)
    lessened: list[tuple[str, str]] = field(default_factory=list)
    owners: list[tuple[str, str]] = field(default_factory=list)


def amended(table: str, row: Row, live: Row | None, since: Since, kept: Kept) -> Row:
    """Give a row of the backup as it may come back, where `live` stands now."""
    if table == "api_keys":
        return _amended_key(row, live or {}, since, kept)
    if table == "accounts" and row["part"] == _HANDOVER:
        # It may have been stopped since. Unannounced, it can't be carried out, only asked for anew.
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
    # The version tells what no trail was told of, as when a person is in no account. A password
    # that is gone stays gone: it may be an earlier, interrupted restore that took it.
    differs = live["credentials_version"] != row["credentials_version"]
    gone = "password_hash" not in live
    moved = live.get("email") != row.get("email") or user_id in since.addresses_changed
    if moved:
        # Which of the two is the person's, nobody here can tell; the password goes with it.
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
        # An account must have its owner; whoever reads the report decides.
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
    """Take back what any change since took, and give nothing that one gave."""
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
