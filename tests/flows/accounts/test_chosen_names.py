"""Names that users choose look neither like links in mails nor like operators in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.operators.user_file import parse_user
from chalicelib.storage.dynamo.tables import AccountRow, UserRow
from tests.support.audit_log import user_id_of
from tests.support.keys import KEYS, account_of, add_member, an_owner
from tests.support.personas.invitations import accept_as_new, invite, mailed_token
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    become_a_user,
    sign_in,
)
from tests.support.personas.operators import done

if TYPE_CHECKING:
    from tests.support.http import Program
    from tests.support.service import Service

LINK, IMITATION = "evil.com/login", "Operator Kim"
BAD = (LINK, IMITATION, "Terminus Hub Security")


def _events(owner: Program, name: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = owner.get(f"/api/v1/audit_events?event={name}").json["items"]
    return items


@pytest.mark.parametrize("name", BAD)
def test_no_call_accepts_a_misleading_name(service: Service, name: str) -> None:
    owner = an_owner(service)
    sign_up = {"name": "Kim", "email": "kim@acme.test", "password": OTHER_PASSWORD}
    workspace = owner.post("/api/v1/workspaces", {"name": "Sales", "description": ""}).json["id"]
    invite(owner, "lee@acme.test")
    token = mailed_token(service, "lee@acme.test")
    refused = [
        owner.post("/auth/sign_up", {**sign_up, "account_name": name}),
        owner.post("/auth/sign_up", {**sign_up, "account_name": "Acme", "name": name}),
        owner.call("PATCH", "/auth/profile", {"name": name}),
        owner.post("/auth/accounts", {"account_name": name}),
        owner.post("/api/v1/workspaces", {"name": name, "description": ""}),
        owner.call("PATCH", f"/api/v1/workspaces/{workspace}", {"name": name}),
        owner.post(KEYS, {"name": name}),
        accept_as_new(service.program(), token, name=name),
    ]
    assert [reply.status for reply in refused] == [422] * 8
    assert {reply.json["error"]["param"] for reply in refused} == {"name", "account_name"}


def test_forms_explain_a_name_that_looks_like_a_link(service: Service) -> None:
    browser = become_a_user(service)
    sign_in(browser)
    browser.open("/profile")
    browser.press("Save name", Name="Booking.com")
    assert browser.page.status == 422
    assert "leave out the dot" in browser.page.text


@pytest.mark.parametrize("name", BAD)
def test_an_import_refuses_a_line_with_such_a_name(name: str) -> None:
    line = {"email": ADDRESS, "name": name}
    with pytest.raises(InvalidValueError):
        parse_user(line, "Terminus Hub")
    owned = {"email": ADDRESS, "accounts": [{"role": "owner", "name": name}]}
    with pytest.raises(InvalidValueError):
        parse_user(owned, "Terminus Hub")


def test_an_import_derives_a_name_from_an_email_with_dots() -> None:
    assert parse_user({"email": "wei.li@acme.test"}, "Terminus Hub").name == "wei li"


def test_older_names_make_no_link_in_a_mail(service: Service) -> None:
    owner = an_owner(service)
    UserRow(user_id_of(ADDRESS)).update(actions=[UserRow.name.set("https://evil.com/login")])
    AccountRow(account_of(owner), "account").update(actions=[AccountRow.name.set("www.evil.com")])
    assert owner.get("/auth/session").json["user"]["name"] == "https://evil.com/login"
    invite(owner, "kim@acme.test")
    letter = service.mail_to("kim@acme.test")
    for part in (letter.subject, letter.text, letter.html):
        assert "evil.com" not in part
        assert "www.evil" not in part
    assert "evil. com" in letter.text
    assert "evil. com" in letter.html


def test_a_workspace_with_an_older_name_can_change_its_description(
    service: Service,
) -> None:
    owner = an_owner(service)
    made = owner.post("/api/v1/workspaces", {"name": "Sales", "description": ""}).json["id"]
    place = AccountRow.items[made]["name"]
    AccountRow(account_of(owner), "workspaces").update(actions=[place.set("Booking.com")])
    path = f"/api/v1/workspaces/{made}"
    changed = owner.call("PATCH", path, {"name": "Booking.com", "description": "Rooms"})
    assert (changed.status, changed.json["name"]) == (200, "Booking.com")
    assert owner.call("PATCH", path, {"name": "Hotels.com"}).status == 422


def test_a_users_new_name_is_recorded_in_each_of_their_accounts(service: Service) -> None:
    owner = an_owner(service)
    from chalicelib.domain.roles import Role

    member = add_member(service, account_of(owner), "kim@acme.test", Role.ADMIN)
    renamed = member.call("PATCH", "/auth/profile", {"name": "Kim Marmot"})
    assert renamed.json["name"] == "Kim Marmot"
    assert member.call("PATCH", "/auth/profile", {"name": "Kim Marmot"}).status == 200
    service.work()
    (event,) = _events(owner, "user.renamed")
    assert event["details"] == {"old_name": "Robin", "new_name": "Kim Marmot"}
    assert event["actor"]["type"] == "user"
    other = service.program()
    other.post("/auth/sign_in", {"email": "kim@acme.test", "password": PASSWORD})
    own = [a for a in _accounts(member) if a != account_of(owner)]
    assert other.post("/auth/session/account", {"account_id": own[0]}).status == 200
    assert len(_events(other, "user.renamed")) == 1


def _accounts(member: Program) -> list[str]:
    del member
    return list(UserRow.get(user_id_of("kim@acme.test")).memberships.as_dict())


def test_a_workspaces_new_name_is_recorded_with_the_old_one(service: Service) -> None:
    owner = an_owner(service)
    made = owner.post("/api/v1/workspaces", {"name": "Sales", "description": ""}).json["id"]
    owner.call("PATCH", f"/api/v1/workspaces/{made}", {"name": "Trade"})
    (event,) = _events(owner, "workspace.changed")
    assert (event["details"]["old_name"], event["details"]["new_name"]) == ("Sales", "Trade")


def test_a_user_with_an_older_name_does_not_look_like_an_operator(service: Service) -> None:
    browser = become_a_user(service)
    UserRow(user_id_of(ADDRESS)).update(actions=[UserRow.name.set(IMITATION)])
    sign_in(browser)
    done("unlock", ADDRESS)
    service.work()
    rows = [row.text for row in browser.open("/settings/audit-log").root.all("tr")]
    (by_user,) = [text for text in rows if IMITATION in text and "Signed in" in text]
    (by_operator,) = [text for text in rows if "Unlocked a sign-in" in text]
    assert "User" in by_user
    assert "Operator of the service" not in by_user
    assert "Operator of the service" in by_operator
