"""Waiting sign-ups, and the one that becomes a user, on every engine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import LinkInvalidError
from chalicelib.domain.roles import Role
from chalicelib.domain.user import MAIN_WORKSPACE
from chalicelib.storage.joining.sign_ups import SignUps
from chalicelib.storage.users.links import Links
from chalicelib.storage.users.users import Users
from tests.support.personas.owners import TRAIL, confirm
from tests.support.personas.users import NOON, ROBIN, a_link, a_sign_up
from tests.support.races.races import CALLERS, race, winners

if TYPE_CHECKING:
    from chalicelib.storage.dynamo.connection import StoreConnection
    from tests.support.servers.engines import Engine


@pytest.fixture
def sign_ups(connection: StoreConnection) -> SignUps:
    return SignUps(connection, timedelta(days=8), TRAIL)


def _rows(engine: Engine, table: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = engine.client("dynamodb").scan(TableName=table)["Items"]
    return items


def test_a_waiting_sign_up_is_found_by_its_id(sign_ups: SignUps) -> None:
    sign_up = a_sign_up()
    sign_ups.add(sign_up)
    assert sign_ups.find(ROBIN, sign_up.id) == sign_up


def test_a_sign_up_is_not_found_by_another_email(sign_ups: SignUps) -> None:
    sign_up = a_sign_up()
    sign_ups.add(sign_up)
    assert sign_ups.find(EmailAddress("kim@acme.test"), sign_up.id) is None


def test_the_address_knows_the_latest_of_several(
    sign_ups: SignUps, connection: StoreConnection
) -> None:
    first, second = a_sign_up(), a_sign_up(account_name="Other")
    sign_ups.add(first)
    sign_ups.add(second)
    assert Users(connection).look_up(ROBIN).waiting == second
    assert sign_ups.find(ROBIN, first.id) == first


def test_confirming_makes_a_user_who_owns_an_account_with_main(
    sign_ups: SignUps, connection: StoreConnection
) -> None:
    sign_up = a_sign_up()
    link = a_link(sign_up)
    sign_ups.add(sign_up)
    Links().add(link)

    user_id = confirm(sign_ups, link, sign_up)

    users = Users(connection)
    assert users.look_up(ROBIN).user_id == user_id
    user = users.get(user_id)
    assert user is not None
    (membership,) = user.active_memberships
    assert (membership.role, membership.account_name) == (Role.OWNER, "Acme")
    _, account = users.get_with_account(user_id, membership.account_id)
    assert account is not None
    assert account.owner_id == user_id
    assert account.member_count == 1
    assert [workspace.name for workspace in account.workspaces] == [MAIN_WORKSPACE]


def test_the_other_sign_ups_of_a_confirmed_address_stay_and_are_never_confirmed(
    engine: Engine, tables: str, sign_ups: SignUps
) -> None:
    others, sign_up = (a_sign_up(), a_sign_up()), a_sign_up()
    links = [a_link(waiting) for waiting in (*others, sign_up)]
    for waiting, link in zip((*others, sign_up), links, strict=True):
        sign_ups.add(waiting)
        Links().add(link)
    confirm(sign_ups, links[-1], sign_up)
    left = {row["slot"]["S"] for row in _rows(engine, f"{tables}sign_ups")}
    assert left == {other.id for other in others}
    for link, other in zip(links, others, strict=False):
        with pytest.raises(LinkInvalidError):
            confirm(sign_ups, link, other)


def test_twenty_sign_ups_of_one_address_make_one_user_one_account_one_main(
    engine: Engine, tables: str, sign_ups: SignUps
) -> None:
    """`C3`, `H13`: each has its own link, and all are confirmed at once."""
    made = [a_sign_up(account_name=f"Acme {number}") for number in range(CALLERS)]
    links = [a_link(sign_up) for sign_up in made]

    race(lambda number: sign_ups.add(made[number]))
    for link in links:
        Links().add(link)
    outcomes = race(
        lambda number: confirm(sign_ups, links[number], made[number]),
        (LinkInvalidError,),
    )

    assert len(winners(outcomes)) == 1
    assert len(_rows(engine, f"{tables}users")) == 1
    assert len(_rows(engine, f"{tables}emails")) == 1
    parts = sorted(row["part"]["S"] for row in _rows(engine, f"{tables}accounts"))
    assert [part.partition("#")[0] for part in parts] == ["account", "member", "workspaces"]


def test_of_twenty_uses_of_one_link_one_wins(
    engine: Engine, tables: str, sign_ups: SignUps
) -> None:
    """`C3`."""
    sign_up = a_sign_up()
    link = a_link(sign_up)
    sign_ups.add(sign_up)
    Links().add(link)
    outcomes = race(lambda _: confirm(sign_ups, link, sign_up), (LinkInvalidError,))
    assert len(winners(outcomes)) == 1
    assert _rows(engine, f"{tables}links") == []


def test_a_link_expires_even_if_its_row_still_exists(sign_ups: SignUps) -> None:
    """`C5`."""
    sign_up = a_sign_up()
    link = a_link(sign_up, expires_at=NOON)
    sign_ups.add(sign_up)
    Links().add(link)
    with pytest.raises(LinkInvalidError):
        confirm(sign_ups, link, sign_up)


def test_a_link_confirms_only_the_sign_up_that_asked_for_it(sign_ups: SignUps) -> None:
    """`C4`."""
    sign_up, other = a_sign_up(), a_sign_up()
    link = a_link(sign_up)
    sign_ups.add(sign_up)
    sign_ups.add(other)
    Links().add(link)
    forged = a_link(other)
    with pytest.raises(LinkInvalidError):
        confirm(
            sign_ups,
            type(forged)(link.digest, forged.purpose, ROBIN, other.id, forged.expires_at),
            other,
        )
