"""Imported users: complete or not at all, also in a race for an email."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import LinkInvalidError
from chalicelib.domain.operators.action import Operator, OperatorAction
from chalicelib.domain.roles import Role
from chalicelib.domain.tokens import new_id
from chalicelib.domain.user import Membership, User
from chalicelib.services.operators.user_import import import_events, new_accounts
from chalicelib.storage.dynamo.tables import AccountRow, EmailRow, UserRow
from chalicelib.storage.joining.sign_ups import SignUps
from chalicelib.storage.operators.imported_users import ImportedUsers
from chalicelib.storage.operators.trail import OperatorLog
from chalicelib.storage.users.links import Links
from chalicelib.storage.users.users import Users
from tests.support.personas.owners import TRAIL, an_owner_in, confirm
from tests.support.personas.users import NOON, a_link, a_sign_up
from tests.support.races.races import CALLERS, race
from tests.support.servers.tables import everything

if TYPE_CHECKING:
    from chalicelib.storage.dynamo.connection import StoreConnection
    from tests.support.servers.engines import Engine

_KIM = EmailAddress("kim@acme.test")
_JO = Operator("Jo", "arn:aws:iam::1:user/jo")


@pytest.fixture
def users(connection: StoreConnection) -> ImportedUsers:
    return ImportedUsers(connection, OperatorLog(connection, TRAIL))


def _person(*memberships: Membership, user_id: str | None = None, name: str = "Kim") -> User:
    given = {membership.id: membership for membership in memberships}
    return User(user_id or new_id("usr"), _KIM, name, NOON, memberships=given)


def _deed(user: User) -> OperatorAction:
    return OperatorAction(_JO, EventName.USER_IMPORTED, NOON, user.party)


def _add(users: ImportedUsers, user: User) -> bool:
    action = _deed(user)
    accounts, events = new_accounts(user, NOON), tuple(import_events(user, action))
    return users.add(user, action, accounts, events)


def test_of_twenty_imports_of_one_email_one_succeeds(
    connection: StoreConnection, users: ImportedUsers
) -> None:
    """`H13`."""
    owner = an_owner_in(connection)
    joins = Membership(owner.account_id, "Acme", Role.MEMBER)
    people = [_person(joins) for _ in range(CALLERS)]
    outcomes = race(lambda number: _add(users, people[number]))
    assert outcomes.count(True) == 1
    came = people[outcomes.index(True)]
    assert EmailRow.get(_KIM.value).user_id == came.id
    assert {row.user_id for row in UserRow.scan()} == {owner.user_id, came.id}
    assert AccountRow.get(owner.account_id, "account").member_count == 2


def test_of_an_import_and_a_confirmed_sign_up_one_gets_the_address(
    connection: StoreConnection, users: ImportedUsers
) -> None:
    """`H13`."""
    sign_ups, sign_up = SignUps(connection, timedelta(days=8), TRAIL), a_sign_up(_KIM)
    links = [a_link(sign_up) for _ in range(CALLERS)]
    sign_ups.add(sign_up)
    for link in links:
        Links().add(link)

    def one(number: int) -> str:
        if number % 2:
            return confirm(sign_ups, links[number], sign_up)
        user = _person()
        return user.id if _add(users, user) else ""

    outcomes = race(one, (LinkInvalidError,))
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, str) and outcome]
    assert Users(connection).look_up(_KIM).user_id == winner
    assert [row.user_id for row in UserRow.scan()] == [winner]


@pytest.mark.parametrize("taken", ["address", "id", "account", "no account"])
def test_a_user_who_cannot_be_imported_whole_is_not_imported(
    engine: Engine, tables: str, connection: StoreConnection, users: ImportedUsers, taken: str
) -> None:
    owner = an_owner_in(connection, _KIM.value if taken == "address" else "owner@acme.test")
    refused = {
        "address": _person(),
        "id": _person(user_id=owner.user_id),
        "account": _person(Membership(owner.account_id, "Mine", Role.OWNER)),
        "no account": _person(Membership("acc_none", "None", Role.MEMBER)),
    }[taken]
    before = everything(engine, tables)
    assert _add(users, refused) is False
    assert everything(engine, tables) == before


def test_as_many_accounts_as_a_line_may_name_fit_into_one_write(
    connection: StoreConnection, users: ImportedUsers
) -> None:
    from chalicelib.domain.operators.user_file import ACCOUNTS_MAX

    made = [Membership(new_id("acc"), f"No. {n}", Role.OWNER) for n in range(ACCOUNTS_MAX)]
    user = _person(*made)
    assert _add(users, user)
    read = Users(connection).get(user.id)
    assert read is not None
    assert read.memberships == user.memberships
