"""Several accounts, or none: picking one, switching, and what a domain's SSO says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.people import Membership, Role
from chalicelib.storage.rows import membership_map
from chalicelib.storage.tables import AccountRow, DomainRow, UserRow
from tests.support.journeys import ADDRESS, PASSWORD, ask_sign_in, become_a_user, sign_in
from tests.support.people import NOON

if TYPE_CHECKING:
    from tests.support.service import Service

_SECOND = membership_map(Membership("acc_2", "Borealis", Role.MEMBER))


@pytest.fixture
def two_accounts(service: Service) -> Service:
    """A person whom a second account, with no workspace for them, has let in."""
    become_a_user(service)
    AccountRow("acc_2", "account", name="Borealis", owner_id="usr_2", created_at=NOON).save()
    _person(service).update(actions=[UserRow.memberships["acc_2"].set(_SECOND)])
    return service


def _person(service: Service) -> UserRow:
    (row,) = service.rows("users")
    return UserRow.get(row["user_id"]["S"])


def test_a_person_of_two_accounts_picks_one_and_switches(two_accounts: Service) -> None:
    """`D3`: each switch has a token of its own."""
    program = two_accounts.program()
    reply = ask_sign_in(program)
    assert reply.json["next"] == "choose_account"
    assert [account["name"] for account in reply.json["accounts"]] == ["Acme", "Borealis"]
    assert program.get("/auth/session").json["account"] is None
    first = program.jar.values["thub_session"]
    opened = program.post("/auth/session/account", {"account_id": "acc_2"})
    assert opened.json["account"] == {"id": "acc_2", "name": "Borealis", "role": "member"}
    assert program.get("/auth/session").json["account"]["id"] == "acc_2"
    program.jar.values["thub_session"] = first
    assert program.get("/auth/session").status == 401


def test_an_account_that_is_not_theirs_does_not_exist(two_accounts: Service) -> None:
    program = two_accounts.program()
    ask_sign_in(program)
    for account_id in ("acc_3", "", "../x"):
        reply = program.post("/auth/session/account", {"account_id": account_id})
        assert reply.status == 404
    assert program.get("/auth/session").status == 200


def test_the_pages_ask_which_account_and_have_a_switcher(two_accounts: Service) -> None:
    browser = two_accounts.browser()
    sign_in(browser)
    assert browser.page.heading == "Choose an account"
    browser.press("Borealis")
    assert browser.page.heading == "Workspaces"
    assert "No workspaces to see" in browser.page.html
    browser.press("Acme")
    assert "Main" in browser.page.html


def test_a_suspension_ends_access_on_the_next_request(two_accounts: Service) -> None:
    """`D7`."""
    program = two_accounts.program()
    ask_sign_in(program)
    program.post("/auth/session/account", {"account_id": "acc_2"})
    suspended = UserRow.memberships["acc_2"]["status"].set("suspended")
    _person(two_accounts).update(actions=[suspended])
    assert program.get("/auth/session").status == 401


def test_someone_in_no_account_is_told_how_to_get_into_one(service: Service) -> None:
    become_a_user(service)
    _person(service).update(actions=[UserRow.memberships.set({})])
    assert ask_sign_in(service.program()).json == {"next": "no_account"}
    browser = service.browser()
    sign_in(browser)
    assert browser.page.heading == "No account yet"


def test_the_domain_alone_decides_the_way_in(service: Service) -> None:
    """`B1`: with SSO set up, and with SSO enforced, for users and strangers."""
    become_a_user(service)
    row = DomainRow("acme.test", account_id="acc_9", connection_id="con_1", enforced=0)
    row.save()
    program = service.program()
    start = "http://localhost:8000/sso/con_1/start"
    for address in (ADDRESS, "nobody@acme.test"):
        reply = program.post("/auth/identify", {"email": address})
        assert reply.json == {"next": "password", "sso_url": start}
    row.update(actions=[DomainRow.enforced.set(1)])
    for address in (ADDRESS, "nobody@acme.test"):
        reply = program.post("/auth/identify", {"email": address})
        assert reply.json == {"next": "sso", "sso_url": start}
        assert ask_sign_in(program, address, PASSWORD).status == 401
