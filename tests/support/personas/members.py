"""Members of an account, written straight into a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.roles import MembershipStatus, Role
from chalicelib.domain.user import AccountAdmin, Membership
from tests.support.personas.users import NOON

if TYPE_CHECKING:
    from pynamodb.connection.base import Connection

    from chalicelib.domain.accounts.members import Member


def join(connection: Connection, user_id: str, membership: Membership) -> None:
    """Put an existing person into an account, as an accepted invitation does."""
    from chalicelib.storage.accounts.membership_rows import give_membership, list_member
    from chalicelib.storage.dynamo.transaction import Transaction

    with Transaction(connection) as tx:
        list_member(tx, membership.account_id, user_id)
        give_membership(tx, user_id, membership)


def a_colleague(
    connection: Connection,
    owner: AccountAdmin,
    name: str,
    role: Role = Role.MEMBER,
    status: MembershipStatus = MembershipStatus.ACTIVE,
) -> str:
    """Create a user who is only a member of this account; returns their id."""
    from chalicelib.storage.dynamo.tables import UserRow

    user_id = f"usr_{name}"
    UserRow(
        user_id,
        email=f"{name}@acme.test",
        name=name.title(),
        created_at=NOON,
        credentials_version=1,
        memberships={},
    ).save()
    join(connection, user_id, Membership(owner.account_id, "Acme", role, status))
    return user_id


def as_manager(member: Member, like: AccountAdmin) -> AccountAdmin:
    """Return a member as an admin, as they were when their request began."""
    account_id = member.membership.account_id
    return AccountAdmin(
        member.user_id, member.name, Role.ADMIN, account_id, like.proved_at, like.origin
    )
