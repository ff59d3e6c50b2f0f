"""Several accounts, or none: opening one, switching, and SSO by domain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.accounts.limits import ACCOUNTS_MAX
from chalicelib.domain.roles import Role
from chalicelib.domain.user import Membership
from chalicelib.storage.dynamo.rows import membership_map
from chalicelib.storage.dynamo.tables import AccountRow, DomainRow, UserRow
from tests.support.audit_log import audit_events, user_id_of
from tests.support.keys import Holder, account_of, an_owner, make_key
from tests.support.personas.invitations import accept, invite, mailed_token
from tests.support.personas.journeys import (
    ADDRESS,
    PASSWORD,
    ask_sign_in,
    become_a_user,
    sign_in,
    signed_in_program,
)
from tests.support.personas.users import NOON
from tests.support.races.races import race

if TYPE_CHECKING:
    from tests.support.http import Browser
    from tests.support.ledger import Ledger
    from tests.support.service import Service

_SECOND = membership_map(Membership("acc_2", "Borealis", Role.MEMBER))


@pytest.fixture
def two_accounts(service: Service) -> Service:
    """A user with a second account, in which they have no workspace."""
    become_a_user(service)
    AccountRow("acc_2", "account", name="Borealis", owner_id="usr_2", created_at=NOON).save()
    _person(service).update(actions=[UserRow.memberships["acc_2"].set(_SECOND)])
    return service


def _person(service: Service) -> UserRow:
    (row,) = service.rows("users")
    return UserRow.get(row["user_id"]["S"])


def test_a_user_of_two_accounts_opens_one_and_switches(two_accounts: Service) -> None:
    """`D3`: each switch gives a new token."""
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


def test_another_users_account_is_not_found(two_accounts: Service) -> None:
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


def test_a_member_who_was_suspended_meanwhile_cannot_open_the_account(
    two_accounts: Service,
) -> None:
    """`D7`: checked when the user opens the account."""
    program = two_accounts.program()
    ask_sign_in(program)
    suspended = UserRow.memberships["acc_2"]["status"].set("suspended")
    _person(two_accounts).update(actions=[suspended])
    reply = program.post("/auth/session/account", {"account_id": "acc_2"})
    missing = program.post("/auth/session/account", {"account_id": "acc_0"})
    assert (reply.status, reply.body) == (404, missing.body)
    assert program.get("/auth/session").json["account"] is None
    browser = two_accounts.browser()
    browser.jar = program.jar
    browser.open("/accounts")
    assert "Your access to Borealis is suspended." in browser.page.text
    assert "Borealis" not in {caption for form in browser.page.forms for caption in form.buttons}


def test_each_switch_ends_the_previous_token(two_accounts: Service) -> None:
    """`D3`: on pages and in calls, in both directions."""
    browser = two_accounts.browser()
    sign_in(browser)
    seen = [browser.jar.values["thub_session"]]
    for name in ("Borealis", "Acme", "Borealis"):
        browser.press(name)
        seen.append(browser.jar.values["thub_session"])
    assert len(set(seen)) == 4
    program = two_accounts.program()
    for token, status in [*((old, 401) for old in seen[:-1]), (seen[-1], 200)]:
        program.jar.values["thub_session"] = token
        assert program.get("/auth/session").status == status


def test_the_account_last_used_comes_first(two_accounts: Service) -> None:
    browser = two_accounts.browser()
    sign_in(browser)
    assert "Last used" not in browser.page.text
    assert _choices(browser) == ["Acme", "Borealis"]
    browser.press("Borealis")
    sign_in(browser)
    assert _choices(browser) == ["Borealis", "Acme"]
    assert "Last used Borealis Member Your other account Acme Owner" in browser.page.text


def _choices(browser: Browser) -> list[str]:
    buttons = browser.page.root.all("button")
    return [b.text for b in buttons if b.attributes.get("class") == "choice"]


def test_a_user_in_no_account_sees_how_to_join_one(service: Service) -> None:
    become_a_user(service)
    _person(service).update(actions=[UserRow.memberships.set({})])
    assert ask_sign_in(service.program()).json == {"next": "no_account"}
    browser = service.browser()
    sign_in(browser)
    assert browser.page.heading == "No account yet"
    browser.follow("Create an account")
    assert browser.page.heading == "New account"
    browser.press("Create account", Account_name="Cumulus")
    assert browser.page.heading == "Workspaces"
    assert "Your account is there" in browser.page.status_message
    assert "Main" in browser.page.text
    assert ask_sign_in(service.program()).json["account"]["name"] == "Cumulus"


def test_a_user_creates_another_account_and_it_is_open_at_once(service: Service) -> None:
    """`D3`: under a new token; the first account is unchanged."""
    become_a_user(service)
    program = signed_in_program(service)
    first, before = account_of(program), program.jar.values["thub_session"]
    reply = program.post("/auth/accounts", {"account_name": "Cumulus"})
    made = reply.json["account"]
    assert (reply.status, reply.json) == (201, {"next": "app", "account": made})
    assert (made["name"], made["role"]) == ("Cumulus", "owner")
    assert program.get("/auth/session").json["account"] == made
    assert program.jar.values["thub_session"] != before
    stale = service.program()
    stale.jar.values["thub_session"] = before
    assert stale.get("/auth/session").status == 401
    key = make_key(program)["key"]
    assert Holder(service.program(), key).get("/api/v1/account").json["name"] == "Cumulus"
    (main,) = Holder(service.program(), key).get("/api/v1/workspaces").json["items"]
    assert main["name"] == "Main"
    account = AccountRow.get(made["id"], "account")
    assert (account.owner_id, account.member_count) == (user_id_of(ADDRESS), 1)
    (created,) = audit_events(service, made["id"], "account.created")
    assert created["actor"]["id"] == user_id_of(ADDRESS)
    assert created["target"] == {"type": "account", "id": made["id"], "name": "Cumulus"}
    assert program.post("/auth/session/account", {"account_id": first}).status == 200


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb", "https://evil.test"], ids=ascii)
def test_an_account_needs_a_readable_name(service: Service, name: str) -> None:
    become_a_user(service)
    program = signed_in_program(service)
    reply = program.post("/auth/accounts", {"account_name": name})
    assert (reply.status, reply.error["param"]) == (422, "account_name")
    assert program.get("/auth/session").status == 200
    browser = service.browser()
    browser.jar = program.jar
    browser.open("/accounts/new")
    browser.press("Create account", Account_name=name)
    assert (browser.page.status, browser.page.heading) == (422, "New account")
    field = browser.page.form_of("Create account").fields["Account name"]
    assert field.attributes["value"] == name
    assert len(_person(service).memberships.as_dict()) == 1


def test_a_visitor_cannot_create_an_account(service: Service) -> None:
    assert service.program().post("/auth/accounts", {"account_name": "X"}).status == 401
    assert service.browser().open("/accounts/new").url.endswith("/sign-in")
    assert service.rows("accounts") == []


def _in_accounts(service: Service, count: int) -> None:
    memberships = {
        f"acc_{n}": Membership(f"acc_{n}", f"Account {n:03} of the company", Role.MEMBER)
        for n in range(count)
    }
    stored = {key: membership_map(value) for key, value in memberships.items()}
    for account_id, membership in memberships.items():
        AccountRow(
            account_id, "account", name=membership.name, owner_id="usr_2", created_at=NOON
        ).save()
    _person(service).update(actions=[UserRow.memberships.set(stored)])


def test_a_user_is_in_two_hundred_accounts_at_most(service: Service) -> None:
    """Of several at once only as many succeed as there is room for."""
    become_a_user(service)
    _in_accounts(service, ACCOUNTS_MAX - 1)
    programs = [signed_in_program(service) for _ in range(4)]
    outcomes = race(
        lambda n: programs[n].post("/auth/accounts", {"account_name": f"New {n}"}), callers=4
    )
    replies = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    assert sorted(reply.status for reply in replies) == [201, 422, 422, 422]
    (refused, *_) = (reply for reply in replies if reply.status == 422)
    assert "200 accounts" in refused.error["message"]
    assert len(_person(service).memberships.as_dict()) == ACCOUNTS_MAX
    browser = service.browser()
    sign_in(browser)
    browser.open("/accounts/new")
    browser.press("Create account", Account_name="One more")
    assert "200 accounts" in browser.page.alert


def test_an_invitation_beyond_the_account_limit_waits_until_there_is_room(
    service: Service,
) -> None:
    become_a_user(service)
    _in_accounts(service, ACCOUNTS_MAX)
    program = signed_in_program(service)
    invite(an_owner(service, "sam@other.test"), ADDRESS)
    token = mailed_token(service, ADDRESS)
    refused = accept(program, token)
    assert (refused.status, refused.error["type"]) == (422, "invalid_request_error")
    assert "200 accounts" in refused.error["message"]
    me = UserRow.get(user_id_of(ADDRESS))
    me.update(actions=[UserRow.memberships["acc_0"].remove()])
    assert accept(program, token).status == 200
    me.refresh()
    assert len(me.memberships.as_dict()) == ACCOUNTS_MAX


@pytest.mark.parametrize("count", [10, ACCOUNTS_MAX])
def test_a_page_costs_two_requests_with_any_number_of_accounts(
    service: Service, ledger: Ledger, count: int
) -> None:
    become_a_user(service)
    _in_accounts(service, count)
    browser = service.browser()
    sign_in(browser)
    for path in ("/accounts", "/accounts/new", "/"):
        if path == "/":
            browser.open("/accounts")
            browser.press("Account 007 of the company")
        ledger.clear()
        browser.open(path)
        assert browser.page.url.endswith(path)
        assert browser.page.status == 200
        assert [call.operation for call in ledger.calls] == ["UpdateItem", "BatchGetItem"]
    assert f"Account {count - 1:03} of the company" in browser.page.text


def test_the_switcher_is_on_every_signed_in_page(service: Service) -> None:
    """With one account it offers to create another."""
    become_a_user(service)
    browser = service.browser()
    sign_in(browser)
    for path in ("/", "/profile", "/settings/api-keys", "/settings/workspaces"):
        browser.open(path)
        assert "Your account Acme New account…" in browser.page.text
    browser.follow("New account…")
    browser.press("Create account", Account_name="Cumulus")
    assert "Switch account Cumulus Acme New account…" in browser.page.text
    browser.press("Acme")
    assert account_name(browser) == "Acme"


def account_name(browser: Browser) -> str:
    (summary, *_) = browser.page.root.all("summary")
    return summary.text.removeprefix("Account: ")


def test_a_user_may_have_two_accounts_with_one_name(service: Service) -> None:
    become_a_user(service)
    program = signed_in_program(service)
    first = account_of(program)
    assert program.post("/auth/accounts", {"account_name": "Acme"}).status == 201
    assert account_of(program) != first


def test_only_the_domain_decides_how_to_sign_in(service: Service) -> None:
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


def test_a_form_does_not_act_in_an_account_that_another_tab_opened(
    service: Service,
) -> None:
    """The page names the open account, and leads back to the form's account."""
    owner = an_owner(service)
    ours = account_of(owner)
    browser = service.browser()
    sign_in(browser)
    browser.open("/settings/workspaces")
    made = service.program()
    made.jar = browser.jar
    theirs = made.post("/auth/accounts", {"account_name": "Borealis"}).json["account"]["id"]
    browser.press("Create workspace", Name="Field notes")
    assert browser.page.status == 409
    assert browser.page.heading == "Another account is open"
    assert "has Borealis open now. The form that you sent was for Acme" in browser.page.text
    assert _workspace_names(theirs) == _workspace_names(ours) == ["Main"]
    browser.press("Switch to Acme")
    assert browser.page.heading == "Workspaces"
    assert "/settings/workspaces" in browser.page.url
    browser.press("Create workspace", Name="Field notes")
    assert _workspace_names(ours) == ["Field notes", "Main"]
    assert _workspace_names(theirs) == ["Main"]


def _workspace_names(account_id: str) -> list[str]:
    from chalicelib.storage.dynamo.tables import AccountRow

    items = AccountRow.get(account_id, "workspaces").items.as_dict()
    return sorted(item["name"] for item in items.values())
