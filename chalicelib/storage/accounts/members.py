"""The members of accounts: a membership is in the user's row, and the account lists its user ids.

A listing row is only a key, so that ten thousand fit into the 1 MB of one request. A change of a
membership requires the version that was read and raises it. Of two simultaneous changes one fails,
and none is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.members import Member
from chalicelib.domain.errors import ConflictError, NotAllowedError, NotFoundError
from chalicelib.domain.lists import Slice
from chalicelib.domain.roles import Role
from chalicelib.storage.accounts.membership_rows import listing_row, removal_row
from chalicelib.storage.dynamo.reading import read_many
from chalicelib.storage.dynamo.rows import LISTED_MEMBER, membership_map, user_of
from chalicelib.storage.dynamo.tables import AccountRow, UserRow
from chalicelib.storage.dynamo.transaction import Transaction
from chalicelib.storage.users.account_admin import still_manages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.lists import PageRequest
    from chalicelib.domain.user import Account, AccountAdmin, Membership
    from chalicelib.storage.audit.trail import AuditWriter

    # Adds the parts that end a membership.
    Ending = Callable[[Transaction], None]


@dataclass(frozen=True)
class Members:
    """The members of all accounts."""

    connection: Connection
    audit: AuditWriter

    def page(self, account: Account, asked: PageRequest) -> Slice[Member]:
        """List an account's members with strong reads, in the order of their ids.

        The number of requests doesn't depend on the account's size: one reads the listing up to the
        page's end, and one more reads each hundred users on the page.
        """
        ids = self._listed(account, asked)
        members = [member for member in self._read(account.id, ids) if member is not None]
        has_more = asked.offset + len(ids) < account.member_count
        return Slice(tuple(members), has_more, account.member_count)

    def get(self, account_id: str, user_id: str) -> Member:
        """Read one member; raises NotFoundError for a user who isn't in the account."""
        (member,) = self.get_all(account_id, user_id)
        return member

    def get_all(self, account_id: str, *user_ids: str) -> list[Member]:
        """Read some members in one request; raises NotFoundError where one isn't in the account."""
        members = []
        for member in self._read(account_id, user_ids):
            if member is None:
                raise NotFoundError
            members.append(member)
        return members

    def change(
        self, account_admin: AccountAdmin, before: Member, after: Member, event: AuditEvent
    ) -> None:
        """Replace the membership that was read.

        Raises NotAllowedError where `account_admin` no longer is one, ConflictError where the
        membership was changed meanwhile, NotFoundError where it has ended.
        """
        with self._managed_by(account_admin, before) as tx:
            self.audit.add(tx, event)
            _replace(tx, before, after)

    def remove(self, account_admin: AccountAdmin, member: Member, event: AuditEvent) -> None:
        """End a membership; raises as `change` does."""
        account_id = member.membership.account_id
        removed = UserRow.removed_from.add({account_id})
        with self._managed_by(account_admin, member) as tx:
            self.audit.add(tx, event)
            _end(tx, account_id, member.user_id, _as_read(member), removed)
            tx.put(removal_row(account_id, member.user_id))

    def hand_over(self, owner: Member, heir: Member, event: AuditEvent) -> None:
        """Make an admin the owner and the owner an admin, in both memberships and the account.

        Raises ConflictError where any of the three was changed meanwhile.
        """
        with Transaction(self.connection) as tx:
            self.audit.add(tx, event)
            hand_over_parts(tx, owner, heir)

    def leave(self, user_id: str, membership: Membership, event: AuditEvent) -> Ending:
        """Return a function that adds the end of a user's own membership to a transaction.

        Its parts fail for the owner, and for a user who was suspended or removed meanwhile.
        """
        account_id = membership.account_id
        place = UserRow.memberships[account_id]
        still = (place["grant"] == membership.grant) & (place["role"] != Role.OWNER.value)

        def ending(tx: Transaction) -> None:
            self.audit.add(tx, event)
            _end(tx, account_id, user_id, still)

        return ending

    def _listed(self, account: Account, asked: PageRequest) -> list[str]:
        if asked.offset >= account.member_count:
            return []
        rows = AccountRow.query(
            account.id,
            AccountRow.part.startswith(LISTED_MEMBER),
            consistent_read=True,
            limit=asked.offset + asked.limit,
        )
        ids = [row.part.removeprefix(LISTED_MEMBER) for row in rows]
        return ids[asked.offset :]

    def _read(self, account_id: str, user_ids: Sequence[str]) -> list[Member | None]:
        rows = read_many(self.connection, ((UserRow, user_id, None) for user_id in user_ids))
        return [member_of(row, account_id) for row in rows]

    def _managed_by(self, account_admin: AccountAdmin, member: Member) -> Transaction:
        """Return a transaction that changes a member while its author is an owner or admin."""

        def changed() -> ConflictError:
            self.get(account_admin.account_id, member.user_id)
            return ConflictError()

        tx = Transaction(self.connection, changed)
        # A transaction takes one operation on a row. For admins who change their own membership,
        # its version shows that they still are admins.
        if account_admin.user_id != member.user_id:
            still_manages(tx, account_admin)
        elif not member.may_manage:
            raise NotAllowedError
        return tx


def hand_over_parts(tx: Transaction, owner: Member, heir: Member) -> None:
    """Add three updates: both memberships and the account's owner, if unchanged since the read."""
    _replace(tx, owner, owner.with_role(Role.ADMIN))
    _replace(tx, heir, heir.with_role(Role.OWNER))
    tx.update(
        AccountRow(owner.membership.account_id, "account"),
        actions=[AccountRow.owner_id.set(heir.user_id)],
        condition=AccountRow.owner_id == owner.user_id,
    )


def _replace(transaction: Transaction, before: Member, after: Member) -> None:
    place = UserRow.memberships[before.membership.account_id]
    transaction.update(
        UserRow(before.user_id),
        actions=[place.set(membership_map(after.membership))],
        condition=_as_read(before),
    )


def _end(
    transaction: Transaction,
    account_id: str,
    user_id: str,
    condition: Condition,
    *also: Action,
) -> None:
    transaction.delete(listing_row(account_id, user_id), condition=AccountRow.part.exists())
    transaction.update(
        UserRow(user_id),
        actions=[UserRow.memberships[account_id].remove(), *also],
        condition=condition,
    )
    # The condition keeps the row of a deleted account from coming back.
    transaction.update(
        AccountRow(account_id, "account"),
        actions=[AccountRow.member_count.add(-1)],
        condition=AccountRow.owner_id.exists(),
    )


def _as_read(member: Member) -> Condition:
    # The grant too: the versions of a user who left and joined again start anew.
    read = member.membership
    place = UserRow.memberships[read.account_id]
    condition: Condition = (place["version"] == read.version) & (place["grant"] == read.grant)
    return condition


def member_of(row: UserRow | None, account_id: str) -> Member | None:
    """Read a user as a member of one account; None if they aren't in it."""
    user = user_of(row) if row is not None else None
    if user is None or account_id not in user.memberships:
        return None
    membership, elsewhere = user.memberships[account_id], user.workspaces_outside(account_id)
    return Member(user.id, user.email, user.name, membership, elsewhere)
