"""Who is in an account: the truth stands in a person's row, and the account lists who they are.

A listing row is a key and nothing else, so that ten thousand fit into the 1 MB of one request.
Every change of a membership holds on to the version that was read and counts it up, so of two
changes at once one is told, and none is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pynamodb.expressions.condition import size

from chalicelib.domain.accounts.limits import ACCOUNTS_MAX
from chalicelib.domain.accounts.members import Member
from chalicelib.domain.errors import ConflictError, NotAllowedError, NotFoundError
from chalicelib.domain.lists import Slice
from chalicelib.domain.roles import Role
from chalicelib.storage.dynamo.reading import read_all, read_many
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

_REMOVED = "removed#"


@dataclass(frozen=True)
class Members:
    """The members of all accounts."""

    connection: Connection
    trail: AuditWriter

    def page(self, account: Account, asked: PageRequest) -> Slice[Member]:
        """List an account's members strongly, in the order of their ids.

        As many requests for an account of ten thousand as for one of ten: one reads the listing as
        far as the page goes, one more reads each hundred people on it.
        """
        ids = self._listed(account, asked)
        members = [member for member in self._read(account.id, ids) if member is not None]
        has_more = asked.offset + len(ids) < account.member_count
        return Slice(tuple(members), has_more, account.member_count)

    def get(self, account_id: str, user_id: str) -> Member:
        """Read one member; raises NotFoundError for anybody who isn't in the account."""
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
        self, manager: AccountAdmin, before: Member, after: Member, event: AuditEvent
    ) -> None:
        """Put a membership in the place of the one that was read.

        Raises NotAllowedError where the manager is none by now, ConflictError where the membership
        is another by now, NotFoundError where it has ended.
        """
        with self._managed_by(manager, before) as tx:
            self.trail.add(tx, event)
            _replace(tx, before, after)

    def remove(self, manager: AccountAdmin, member: Member, event: AuditEvent) -> None:
        """End a membership; raises as `change` does."""
        account_id = member.membership.account_id
        removed = UserRow.removed_from.add({account_id})
        with self._managed_by(manager, member) as tx:
            self.trail.add(tx, event)
            _end(tx, account_id, member.user_id, _as_read(member), removed)
            tx.put(removal_row(account_id, member.user_id))

    def hand_over(self, owner: Member, heir: Member, event: AuditEvent) -> None:
        """Make an admin the owner and the owner an admin, and say so in the account: all or none.

        Raises ConflictError where any of the three is another by now.
        """
        with Transaction(self.connection) as tx:
            self.trail.add(tx, event)
            hand_over_parts(tx, owner, heir)

    def leave(self, user_id: str, membership: Membership, event: AuditEvent) -> Ending:
        """Give the parts with which a person ends their own membership.

        They refuse the owner, and whoever has been suspended or removed meanwhile.
        """
        account_id = membership.account_id
        place = UserRow.memberships[account_id]
        still = (place["grant"] == membership.grant) & (place["role"] != Role.OWNER.value)

        def ending(tx: Transaction) -> None:
            self.trail.add(tx, event)
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

    def _managed_by(self, manager: AccountAdmin, member: Member) -> Transaction:
        """Return a transaction that changes a member, if the manager is still one."""

        def changed() -> ConflictError:
            self.get(manager.account_id, member.user_id)
            return ConflictError()

        tx = Transaction(self.connection, changed)
        # A transaction takes one operation on a row: that a manager who changes their own
        # membership still manages is what its version says.
        if manager.user_id != member.user_id:
            still_manages(tx, manager)
        elif not member.may_manage:
            raise NotAllowedError
        return tx


def hand_over_parts(tx: Transaction, owner: Member, heir: Member) -> None:
    """Change both memberships and the account, if they are as they were read: three updates."""
    _replace(tx, owner, owner.with_role(Role.ADMIN))
    _replace(tx, heir, heir.with_role(Role.OWNER))
    tx.update(
        AccountRow(owner.membership.account_id, "account"),
        actions=[AccountRow.owner_id.set(heir.user_id)],
        condition=AccountRow.owner_id == owner.user_id,
    )


def listing_row(account_id: str, user_id: str) -> AccountRow:
    """Write that a person is in an account."""
    return AccountRow(account_id, LISTED_MEMBER + user_id)


def removal_row(account_id: str, user_id: str) -> AccountRow:
    """Write that a person was removed: single sign-on doesn't let them join by itself again.

    It stays when an invitation brings them back.
    """
    return AccountRow(account_id, _REMOVED + user_id)


def never_removed(tx: Transaction, account_id: str, user_id: str) -> None:
    """Let a transaction through only for somebody whom the account never removed."""
    tx.check(AccountRow, account_id, _REMOVED + user_id, condition=AccountRow.part.does_not_exist())


def was_removed(connection: Connection, account_id: str, user_id: str) -> bool:
    """Whether an account has removed a person."""
    row = removal_row(account_id, user_id)
    (found,) = read_all(connection, (AccountRow, row.account_id, row.part))
    return found is not None


def list_member(tx: Transaction, account_id: str, user_id: str) -> None:
    """List somebody who joins an account that exists: a put and an update.

    The put refuses who is listed already, the update refuses where there is no such account. The
    membership itself goes into the same transaction: by `give_membership`, or in the row of a
    new person.
    """
    tx.put_new(listing_row(account_id, user_id))
    tx.update(
        AccountRow(account_id, "account"),
        actions=[AccountRow.member_count.add(1)],
        condition=AccountRow.owner_id.exists(),
    )


def give_membership(
    tx: Transaction,
    user_id: str,
    membership: Membership,
    also: Condition | None = None,
) -> None:
    """Write an existing person's new membership: an update.

    It refuses who has one already, and who is in as many accounts as one person may be in.
    """
    place = UserRow.memberships[membership.account_id]
    room = size(UserRow.memberships) < ACCOUNTS_MAX
    condition = UserRow.user_id.exists() & place.does_not_exist() & room
    tx.update(
        UserRow(user_id),
        actions=[place.set(membership_map(membership))],
        condition=condition & also if also is not None else condition,
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
    # The grant as well: whoever left and joined again meanwhile begins to count anew.
    read = member.membership
    place = UserRow.memberships[read.account_id]
    condition: Condition = (place["version"] == read.version) & (place["grant"] == read.grant)
    return condition


def member_of(row: UserRow | None, account_id: str) -> Member | None:
    """Read a person as a member of one account; None for who isn't in it."""
    user = user_of(row) if row is not None else None
    if user is None or account_id not in user.memberships:
        return None
    membership, elsewhere = user.memberships[account_id], user.workspaces_outside(account_id)
    return Member(user.id, user.email, user.name, membership, elsewhere)
