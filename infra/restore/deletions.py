"""Applies deletions again: what was deleted for good after the moment doesn't come back with it.

The table of deletions isn't taken back, so it knows. A row of the backup that belongs to a deleted
user or account is left out, and what other rows say of a deleted user is made anonymous.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.anonymous import DELETED_USER, Identity, anonymised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from infra.restore.rows import Since

    Row = dict[str, Any]
    # Reads rows of the backup by their keys.
    Get = Callable[[str, list[Row]], list[Row]]

# AWS refuses a request whose clock is further off, so the stamp of a deletion is as good as that.
_CLOCKS_APART = timedelta(minutes=5)
_MEMBER = "member#"
_NAMING = ("member#", "removed#")
_INVITEE, _INVITATION, _INVITATIONS = "invitee#", "invitation#", "invitations"
# What an owner's membership says, whatever it said before.
_OWNER = {"role": "owner", "status": "active"}
_OWNED = frozenset(("accounts", "api_keys", "records", "domains", "sso_connections"))


@dataclass
class Deleted:
    """The users and accounts that were deleted after the moment."""

    users: dict[str, Identity] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=set)
    connections: set[str] = field(default_factory=set)
    # By account: how many members and invitations it has less.
    members_less: Counter[str] = field(default_factory=Counter)
    invitations_less: Counter[str] = field(default_factory=Counter)
    invitations: set[tuple[str, str]] = field(default_factory=set)
    # By account whose owner is deleted: who owns it in their place.
    heirs: dict[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was deleted."""
        return not self.users and not self.accounts

    def left(self, table: str, row: Row) -> Row | None:
        """Return a row as it may come back; None for one that may not."""
        if self.is_empty:
            return row
        if self._is_gone(table, row):
            return None
        if table == "users":
            return self._user(row)
        if table == "accounts":
            return self._part(row)
        if table == "audit_events":
            return self._event(row)
        return row

    def _is_gone(self, table: str, row: Row) -> bool:
        if table in _OWNED | {"audit_events"} and row["account_id"] in self.accounts:
            return True
        if table == "sso_identities" and row["identity"].partition("#")[0] in self.connections:
            return True
        if table == "emails":
            return row.get("user_id") in self.users or row.get("kept_for") in self.users
        if table in ("users", "sso_identities"):
            return row["user_id"] in self.users
        return table == "accounts" and self._is_part_of_a_user(row)

    def _is_part_of_a_user(self, row: Row) -> bool:
        part = row["part"]
        if part.startswith(_NAMING):
            return part.partition("#")[2] in self.users
        if part.startswith(_INVITEE):
            return (row["account_id"], row["invitation_id"]) in self.invitations
        if part.startswith(_INVITATION):
            return (row["account_id"], part.removeprefix(_INVITATION)) in self.invitations
        return row.get("heir_id") in self.users

    def _user(self, row: Row) -> Row:
        memberships = {
            account_id: {**membership, **_OWNER}
            if self.heirs.get(account_id) == row["user_id"]
            else membership
            for account_id, membership in row["memberships"].items()
            if account_id not in self.accounts
        }
        changed = {**row, "memberships": memberships}
        if row.get("last_account_id") in self.accounts:
            del changed["last_account_id"]
        removed = set(row.get("removed_from", ())) - self.accounts
        changed.pop("removed_from", None)
        return {**changed, "removed_from": removed} if removed else changed

    def _part(self, row: Row) -> Row:
        account_id, part = row["account_id"], row["part"]
        if part == "account":
            changed = {**row, "member_count": row["member_count"] - self.members_less[account_id]}
            if account_id in self.heirs:
                changed["owner_id"] = self.heirs[account_id]
            return changed
        if part == _INVITATIONS:
            count = row["invitation_count"] - self.invitations_less[account_id]
            return {**row, "invitation_count": count}
        if part.startswith(_INVITATION) and row.get("created_by") in self.users:
            return {**row, "name": DELETED_USER}
        return row

    def _event(self, row: Row) -> Row:
        for identity in self.users.values():
            row = {**row, **anonymised(row, identity)}
        return row


def read_deleted(
    records: Iterable[Row],
    moment: datetime,
    rows: Callable[[str], Iterator[Row]],
    get: Get,
    since: Since,
) -> Deleted:
    """Find what was deleted after the moment, and what the backup has of it.

    `rows` gives a table of the backup, `get` some of its rows.
    """
    gone = [r["subject_id"] for r in records if _begun_after(r, moment - _CLOCKS_APART)]
    deleted = Deleted(accounts={subject for subject in gone if subject.startswith("acc_")})
    user_ids = [subject for subject in gone if subject.startswith("usr_")]
    if not gone:
        return deleted
    connections = get("accounts", [{"account_id": a, "part": "account"} for a in deleted.accounts])
    deleted.connections = {r["sso_connection_id"] for r in connections if "sso_connection_id" in r}
    users = {row["user_id"]: row for row in get("users", [{"user_id": u} for u in user_ids])}
    deleted.users = _identities(user_ids, users, rows)
    _count_members(deleted, users)
    if deleted.users:
        _find_invitations(deleted, rows("accounts"))
        _find_heirs(deleted, users, rows, since)
    return deleted


def _begun_after(record: Mapping[str, Any], moment: datetime) -> bool:
    begun = record.get("begun_at")
    return begun is not None and datetime.fromisoformat(begun) > moment


def _identities(
    user_ids: list[str], users: Mapping[str, Row], rows: Callable[[str], Iterator[Row]]
) -> dict[str, Identity]:
    """Gather the emails and names that the backup has of each deleted user."""
    emails: dict[str, set[str]] = {user_id: set() for user_id in user_ids}
    for row in rows("emails") if user_ids else ():
        for holder in (row.get("user_id"), row.get("kept_for")):
            if holder in emails:
                emails[holder].add(row["email"])
    found = {
        user_id: Identity(
            user_id,
            frozenset(emails[user_id]),
            frozenset([users[user_id]["name"]] if user_id in users else ()),
        )
        for user_id in user_ids
    }
    if not found:
        return found
    events = [row for row in rows("audit_events") if any(i.is_party(row) for i in found.values())]
    return {user_id: identity.with_former(events) for user_id, identity in found.items()}


def _count_members(deleted: Deleted, users: Mapping[str, Row]) -> None:
    for row in users.values():
        deleted.members_less.update(list(row["memberships"]))


def _find_invitations(deleted: Deleted, parts: Iterable[Row]) -> None:
    """Find the invitations to emails of deleted users."""
    emails = {email for identity in deleted.users.values() for email in identity.emails}
    for row in parts:
        if row["part"].startswith(_INVITEE) and row["part"].removeprefix(_INVITEE) in emails:
            deleted.invitations.add((row["account_id"], row["invitation_id"]))
            deleted.invitations_less[row["account_id"]] += 1


def _find_heirs(
    deleted: Deleted,
    users: Mapping[str, Row],
    rows: Callable[[str], Iterator[Row]],
    since: Since,
) -> None:
    """Choose an owner for each account that a deleted user owned at the moment.

    They handed it on before they were deleted; the new owner may not be in the account yet; then
    an admin is taken, or else a member. An account without anybody keeps its dead owner.
    """
    owned = {
        account_id
        for row in users.values()
        for account_id, membership in row["memberships"].items()
        if membership["role"] == "owner" and account_id not in deleted.accounts
    }
    if not owned:
        return
    candidates: dict[str, list[tuple[int, str]]] = {account_id: [] for account_id in owned}
    for row in rows("users"):
        for account_id in owned & row["memberships"].keys() if row["user_id"] not in users else ():
            handed_to = since.heirs.get(account_id, ("", ""))[1]
            is_admin = row["memberships"][account_id]["role"] == "admin"
            place = 0 if row["user_id"] == handed_to else 1 if is_admin else 2
            candidates[account_id].append((place, row["user_id"]))
    deleted.heirs = {account: min(found)[1] for account, found in candidates.items() if found}
