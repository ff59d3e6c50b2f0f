"""A deletion races with everything that adds a row: it comes first and is deleted, or it fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.accounts.deletion import Deletion, Leftovers
from chalicelib.domain.accounts.invitations import Invitation
from chalicelib.domain.audit.event import EventName, Party, PartyType
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import DomainError
from chalicelib.domain.operators.action import Operator, OperatorAction
from chalicelib.domain.roles import Role
from chalicelib.domain.sign_in.attempt_keys import AttemptKeyMaker
from chalicelib.domain.sign_in.counter_keys import AddressKeys
from chalicelib.domain.sso.connection import AccountDomain
from chalicelib.domain.tokens import new_id
from chalicelib.domain.user import Membership, User, Workspace
from chalicelib.storage.accounts.accounts import Accounts
from chalicelib.storage.accounts.invitations import Invitations
from chalicelib.storage.accounts.workspaces import Workspaces
from chalicelib.storage.dynamo.tables import (
    AccountRow,
    ApiKeyRow,
    DeletionRow,
    EmailRow,
    UserRow,
)
from chalicelib.storage.keys.api_keys import ApiKeys
from chalicelib.storage.operators.account_removal import AccountRemoval
from chalicelib.storage.operators.deletion_records import Deletions
from chalicelib.storage.operators.imported_users import ImportedUsers
from chalicelib.storage.operators.trail import OperatorLog
from chalicelib.storage.operators.user_removal import UserRemoval
from chalicelib.storage.sso.domains import AccountDomains
from chalicelib.storage.users.users import Users
from tests.support.personas.members import a_colleague, join
from tests.support.personas.owners import TRAIL, a_key, an_owner_in
from tests.support.personas.users import NOON
from tests.support.races.races import CALLERS, race, winners

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.dynamo.connection import StoreConnection
    from chalicelib.storage.dynamo.transaction import Transaction

_JO = Operator("Jo", "arn:aws:iam::1:user/jo")
_KEYS = AddressKeys(b"k" * 32)
_LATER = NOON + timedelta(seconds=1)


@pytest.fixture
def deletions(connection: StoreConnection) -> Deletions:
    return Deletions(connection, TRAIL, _KEYS)


def _nothing_more(_: Transaction) -> None:
    """An account's deletion with no event beside it."""


def _delete_account(connection: StoreConnection, deletions: Deletions, account_id: str) -> None:
    """Begin and sweep, as often as the account is as it was read."""
    removal, account = AccountRemoval(connection, deletions), Accounts(connection).get(account_id)
    deletion = Deletion(account_id, new_id("opr"), "", NOON, begun_at=_LATER)
    removal.begin(deletion, account, _nothing_more, asked=False)
    removal.sweep(deletion)


def _adding(connection: StoreConnection, owner: AccountAdmin) -> list[Callable[[int], object]]:
    """Give everything that makes rows of an account."""
    account_id = owner.account_id

    def invite(number: int) -> None:
        email = EmailAddress(f"guest{number}@else.test")
        made = Invitation(
            new_id("inv"),
            account_id,
            email,
            Role.MEMBER,
            owner.user_id,
            owner.name,
            NOON,
            _LATER,
            {},
        )
        event = owner.event(EventName.INVITATION_CREATED, NOON)
        Invitations(connection, TRAIL).add(made, None, owner, event)

    def add_domain(number: int) -> None:
        domains = AccountDomains(connection, TRAIL)
        made = AccountDomain(f"d{number}.test", "token", NOON)
        domains.add(made, owner, owner.event(EventName.SSO_DOMAIN_ADDED, NOON))

    def add_workspace(number: int) -> None:
        made = Workspace(new_id("wsp"), f"Lab {number}", "", NOON)
        event = owner.event(EventName.WORKSPACE_CREATED, NOON)
        Workspaces(connection, TRAIL).add(made, owner, event)

    def take_in(number: int) -> None:
        joins = Membership(account_id, "Acme", Role.MEMBER)
        email = EmailAddress(f"new{number}@else.test")
        user = User(new_id("usr"), email, "New", NOON, memberships={account_id: joins})
        action = OperatorAction(_JO, EventName.USER_IMPORTED, NOON, user.party)
        ImportedUsers(connection, OperatorLog(connection, TRAIL)).add(user, action, (), ())

    def add_key(number: int) -> None:
        key = a_key(owner)
        event = owner.event(EventName.API_KEY_CREATED, NOON)
        ApiKeys(connection, TRAIL).add(key, f"digest-{number}", owner, event)

    return [invite, add_domain, add_workspace, take_in, add_key]


def test_whatever_races_with_a_deletion_leaves_no_row(
    connection: StoreConnection, deletions: Deletions
) -> None:
    """`H13`."""
    owner = an_owner_in(connection)
    a_colleague(connection, owner, "kim")
    adding = _adding(connection, owner)

    def one(number: int) -> object:
        if number == CALLERS - 1:
            _delete_account(connection, deletions, owner.account_id)
            return None
        return adding[number % len(adding)](number)

    outcomes = race(one, (DomainError,))
    if isinstance(outcomes[-1], DomainError):
        # Keys came and went all the time; nobody adds any more.
        _delete_account(connection, deletions, owner.account_id)
    assert list(AccountRow.query(owner.account_id, consistent_read=True)) == []
    assert ApiKeyRow.count() == 0
    for row in UserRow.scan(consistent_read=True):
        assert row.memberships.as_dict() == {}, row.user_id
    assert DeletionRow.get(owner.account_id).begun_at is not None


def test_of_twenty_deletions_of_an_account_one_begins(
    connection: StoreConnection, deletions: Deletions
) -> None:
    """`H13`."""
    owner = an_owner_in(connection)
    account = Accounts(connection).get(owner.account_id)
    removal = AccountRemoval(connection, deletions)
    made = [Deletion(account.id, new_id("opr"), "", NOON, begun_at=_LATER) for _ in range(CALLERS)]
    outcomes = race(
        lambda number: removal.begin(made[number], account, _nothing_more, asked=False),
        (DomainError,),
    )
    assert outcomes.count(None) == 1
    assert DeletionRow.get(account.id).request_id == made[outcomes.index(None)].id


def test_a_request_is_either_cancelled_or_carried_out(
    connection: StoreConnection, deletions: Deletions
) -> None:
    """`H13`."""
    owner = an_owner_in(connection)
    account = Accounts(connection).get(owner.account_id)
    removal = AccountRemoval(connection, deletions)
    asked = Deletion(account.id, new_id("del"), owner.user_id, NOON)
    deletions.ask(asked, owner, owner.event(EventName.ACCOUNT_DELETION_REQUESTED, NOON))
    deletions.announce(asked, NOON)

    def one(number: int) -> str:
        if number % 2:
            event = owner.event(EventName.ACCOUNT_DELETION_CANCELLED, NOON)
            deletions.cancel(asked, owner, event)
            return "cancelled"
        removal.begin(replace(asked, begun_at=_LATER), account, _nothing_more, asked=True)
        return "begun"

    (outcome,) = winners(race(one, (DomainError,)))
    there = [row.part for row in AccountRow.query(account.id, AccountRow.part == "account")]
    assert there == (["account"] if outcome == "cancelled" else [])
    assert deletions.has_begun(account.id) is (outcome == "begun")


def test_a_user_who_joins_meanwhile_is_not_deleted_and_leaves_no_orphan(
    connection: StoreConnection, deletions: Deletions
) -> None:
    """`H13`."""
    owners = [an_owner_in(connection, f"owner{number}@acme.test") for number in range(CALLERS - 1)]
    user_id = a_colleague(connection, owners[0], "kim")
    EmailRow("kim@acme.test", user_id=user_id).save()
    operators = OperatorLog(connection, TRAIL)
    removal = UserRemoval(connection, deletions, operators, AttemptKeyMaker(_KEYS))

    def delete() -> None:
        user = Users(connection).get(user_id)
        assert user is not None
        known = Leftovers(
            emails=frozenset((user.email.value,)),
            names=frozenset((user.name,)),
            account_ids=tuple(user.memberships),
        )
        party = Party(PartyType.USER, user_id, "Deleted user")
        action = OperatorAction(_JO, EventName.USER_DELETED, _LATER, party, known.account_ids)
        deletion = Deletion(user_id, action.id, "", NOON, begun_at=_LATER, leftovers=known)
        removal.begin(deletion, user, action)
        removal.sweep(deletion)

    def one(number: int) -> None:
        if number == CALLERS - 1:
            delete()
        elif number:
            joined = Membership(owners[number].account_id, "Acme", Role.MEMBER)
            join(connection, user_id, joined)

    outcomes = race(one, (DomainError,))
    if isinstance(outcomes[-1], DomainError):
        delete()
    assert "kim@acme.test" not in [row.email for row in EmailRow.scan(consistent_read=True)]
    for owner in owners:
        listed = list(AccountRow.query(owner.account_id, AccountRow.part.startswith("member#")))
        assert [row.part for row in listed] == [f"member#{owner.user_id}"]
        assert AccountRow.get(owner.account_id, "account").member_count == 1
