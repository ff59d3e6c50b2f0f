"""Workspaces: created and changed by owners and admins, seen by members who have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import bootstrap
from chalicelib.domain.accounts.workspaces import WORKSPACES_MAX, name_key
from chalicelib.domain.keys.record import parse_record
from chalicelib.domain.roles import Role, WorkspaceRole
from chalicelib.domain.user import Membership, Workspace
from chalicelib.storage.accounts.record_loads import RecordLoads
from chalicelib.storage.dynamo.rows import WORKSPACES, workspace_map
from chalicelib.storage.dynamo.tables import AccountRow, EmailRow
from tests.support.keys import Holder, account_of, add_member, an_owner, make_key
from tests.support.personas.journeys import become_a_user, sign_in, signed_in_program
from tests.support.personas.members import join
from tests.support.races.races import race

if TYPE_CHECKING:
    from pynamodb.connection.base import Connection

    from tests.support.http import Browser, Program, Reply
    from tests.support.ledger import Ledger
    from tests.support.service import Service

_API = "/api/v1/workspaces"
_PAGE = "/settings/workspaces"


@pytest.fixture
def owner(service: Service) -> Program:
    return an_owner(service)


@pytest.fixture
def holder(service: Service, owner: Program) -> Holder:
    """A key of the owner's account, which lists all workspaces."""
    return Holder(service.program(), make_key(owner)["key"])


@pytest.fixture
def browser(service: Service, owner: Program) -> Browser:
    """The owner's browser."""
    assert owner.get("/auth/session").status == 200
    browser = service.browser()
    sign_in(browser)
    return browser


def _create(owner: Program, name: str, description: str = "") -> dict[str, Any]:
    reply = owner.post(_API, {"name": name, "description": description})
    assert reply.status == 201, reply.text
    made: dict[str, Any] = reply.json
    return made


def _patch(owner: Program, workspace_id: str, **fields: Any) -> Reply:
    return owner.call("PATCH", f"{_API}/{workspace_id}", fields)


def _names(holder: Holder) -> list[str]:
    return [workspace["name"] for workspace in holder.get(_API).json["items"]]


def _member(
    service: Service, owner: Program, workspaces: dict[str, WorkspaceRole], address: str
) -> Program:
    """Add a member who has some of the account's workspaces."""
    account_id = account_of(owner)
    become_a_user(service, address)
    joined = Membership(account_id, "Acme", Role.MEMBER, workspaces=workspaces)
    join(_connection(), EmailRow.get(address).user_id, joined)
    program = signed_in_program(service, address)
    assert program.post("/auth/session/account", {"account_id": account_id}).status == 200
    return program


def _connection() -> Connection:
    return bootstrap.services().sessions.users.connection


def test_a_workspace_is_created_renamed_described_and_deleted(
    owner: Program, holder: Holder
) -> None:
    made = _create(owner, "Depots", "Where things wait")
    assert {**made, "id": ""} == {
        "id": "",
        "name": "Depots",
        "description": "Where things wait",
        "created_at": "2026-11-24T12:00:00Z",
    }
    assert holder.get(f"{_API}/{made['id']}").json == made
    renamed = _patch(owner, made["id"], name="Yards")
    assert (renamed.status, renamed.json) == (200, {**made, "name": "Yards"})
    described = _patch(owner, made["id"], description="")
    assert described.json == {**made, "name": "Yards", "description": ""}
    assert _names(holder) == ["Main", "Yards"]
    assert owner.delete(f"{_API}/{made['id']}").status == 204
    assert holder.get(f"{_API}/{made['id']}").status == 404
    assert owner.delete(f"{_API}/{made['id']}").status == 404
    assert _patch(owner, made["id"], name="Back").status == 404


def test_the_description_may_be_left_out(owner: Program) -> None:
    reply = owner.post(_API, {"name": "Depots"})
    assert (reply.status, reply.json["description"]) == (201, "")


def test_a_name_is_unique_ignoring_case(owner: Program, holder: Holder) -> None:
    made = _create(owner, "Depots")
    for reply in (
        owner.post(_API, {"name": "DEPOTS"}),
        owner.post(_API, {"name": "  depots "}),
        owner.post(_API, {"name": "main"}),
        _patch(owner, made["id"], name="MAIN"),
    ):
        assert (reply.status, reply.error["type"]) == (409, "conflict_error")
        assert reply.error["param"] == "name"
        assert "already" in reply.error["message"]
    assert _names(holder) == ["Depots", "Main"]
    assert _patch(owner, made["id"], name="DEPOTS").json["name"] == "DEPOTS"
    assert _patch(owner, made["id"], name="DEPOTS").status == 200


def test_two_accounts_may_have_workspaces_with_one_name(service: Service, owner: Program) -> None:
    _create(owner, "Depots")
    _create(an_owner(service, "sam@other.test"), "Depots")


def test_main_is_an_ordinary_workspace(owner: Program, holder: Holder) -> None:
    (main,) = holder.get(_API).json["items"]
    assert _patch(owner, main["id"], name="Head office").status == 200
    assert owner.delete(f"{_API}/{main['id']}").status == 204
    assert holder.get(_API).json["total_count"] == 0
    _create(owner, "Main")


def test_of_twenty_calls_with_one_name_one_creates_a_workspace(
    owner: Program, holder: Holder
) -> None:
    """`H13`."""
    outcomes = race(lambda _: owner.post(_API, {"name": "Depots"}).status)
    assert sorted(str(status) for status in outcomes) == ["201", *["409"] * 19]
    assert _names(holder) == ["Depots", "Main"]


def test_the_limit_is_named_when_it_is_reached(service: Service, owner: Program) -> None:
    many = [Workspace(f"wsp_{n}", str(n), "", service.clock()) for n in range(WORKSPACES_MAX)]
    AccountRow(
        account_of(owner),
        WORKSPACES,
        items={workspace.id: workspace_map(workspace) for workspace in many},
        names={name_key(workspace.name): workspace.id for workspace in many},
    ).save()
    reply = owner.post(_API, {"name": "One more"})
    assert (reply.status, reply.error["type"]) == (422, "invalid_request_error")
    assert "200 workspaces" in reply.error["message"]
    browser = service.browser()
    sign_in(browser)
    browser.open(_PAGE)
    browser.press("Create workspace", Name="One more")
    assert "200 workspaces" in browser.page.alert


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, "name"),
        ({"description": "x"}, 400, "name"),
        ({"name": ""}, 422, "name"),
        ({"name": "x" * 101}, 422, "name"),
        ({"name": "a\nb"}, 422, "name"),
        ({"name": "a\u202eb"}, 422, "name"),
        ({"name": None}, 422, "name"),
        ({"name": ["x"]}, 422, "name"),
        ({"name": "x", "description": "x" * 201}, 422, "description"),
        ({"name": "x", "description": "two\nlines"}, 422, "description"),
        ({"name": "x", "description": None}, 422, "description"),
        ({"name": "x", "id": "wsp_mine"}, 422, "id"),
        ({"name": "x", "created_at": "2020-01-01T00:00:00Z"}, 422, "created_at"),
    ],
    ids=ascii,
)
def test_an_invalid_workspace_names_its_parameter(
    owner: Program, holder: Holder, body: dict[str, Any], status: int, param: str
) -> None:
    """`H11`."""
    reply = owner.post(_API, body)
    assert (reply.status, reply.error["param"]) == (status, param), reply.text
    (main,) = holder.get(_API).json["items"]
    if "name" in body:
        again = owner.call("PATCH", f"{_API}/{main['id']}", body)
        assert (again.status, again.error["param"]) == (status, param), again.text
    assert holder.get(_API).json["items"] == [main]


def test_an_empty_change_is_refused(owner: Program) -> None:
    made = _create(owner, "Depots")
    reply = _patch(owner, made["id"])
    assert (reply.status, reply.error["type"]) == (400, "invalid_request_error")
    assert _patch(owner, made["id"], name=None).status == 422


@pytest.mark.parametrize(
    "text", ["x" * 200, "", "  ", "Café & <b>crème</b>", "夜間", "a.b[0]"], ids=ascii
)
def test_a_line_of_text_is_kept_as_it_is(owner: Program, text: str) -> None:
    assert _create(owner, "Depots", text)["description"] == text.strip()


def _load_record(owner: Program, workspace_id: str, record_id: str = "r1") -> None:
    loads = RecordLoads(_connection())
    fields = {"id": record_id, "terminus_id": "T-1", "workspace_id": workspace_id}
    record = parse_record(fields, bootstrap.services().clock())
    loads.begin(account_of(owner))
    loads.put(account_of(owner), {record.id: (record, True)})


def test_a_workspace_with_records_stays(owner: Program, holder: Holder, browser: Browser) -> None:
    made = _create(owner, "Depots")
    _load_record(owner, made["id"])
    reply = owner.delete(f"{_API}/{made['id']}")
    assert (reply.status, reply.error["type"]) == (409, "conflict_error")
    assert "still holds records" in reply.error["message"]
    browser.open(f"{_PAGE}/{made['id']}/delete")
    browser.press("Delete workspace")
    assert (browser.page.status, browser.page.heading) == (409, "Delete “Depots”?")
    assert "still holds records" in browser.page.alert
    assert _names(holder) == ["Depots", "Main"]
    (main,) = (w for w in holder.get(_API).json["items"] if w["name"] == "Main")
    _load_record(owner, main["id"])
    assert owner.delete(f"{_API}/{made['id']}").status == 204


def test_a_role_in_a_deleted_workspace_has_no_effect(service: Service, owner: Program) -> None:
    """`F10`: nor does it return with a new workspace of the same name."""
    made = _create(owner, "Depots")
    member = _member(service, owner, {made["id"]: WorkspaceRole.ADMIN}, "mo@acme.test")
    assert "Depots" in _home(service, member).page.text
    assert owner.delete(f"{_API}/{made['id']}").status == 204
    _create(owner, "Depots")
    assert "Depots" not in _home(service, member).page.text
    assert "Nobody has given you a workspace yet" in _home(service, member).page.text


def _home(service: Service, program: Program) -> Browser:
    browser = service.browser()
    browser.jar = program.jar
    browser.open("/")
    return browser


def test_members_see_their_workspaces_and_admins_see_all(service: Service, owner: Program) -> None:
    made = {name: _create(owner, name)["id"] for name in ("Alpha", "Beta", "Gamma")}
    given = {made["Beta"]: WorkspaceRole.VIEWER, made["Gamma"]: WorkspaceRole.ADMIN}
    member = _member(service, owner, given, "mo@acme.test")
    admin = add_member(service, account_of(owner), "ada@acme.test", Role.ADMIN)
    assert _tiles(service, member) == ["Beta Viewer", "Gamma Admin"]
    for program in (owner, admin):
        assert _tiles(service, program) == ["Alpha", "Beta", "Gamma", "Main"]


def _tiles(service: Service, program: Program) -> list[str]:
    items = _home(service, program).page.root.all("li")
    return [item.text for item in items if item.attributes.get("class") == "tile"]


def test_an_admin_manages_workspaces_as_an_owner_does(service: Service, owner: Program) -> None:
    admin = add_member(service, account_of(owner), "ada@acme.test", Role.ADMIN)
    made = _create(admin, "Depots")
    assert _patch(admin, made["id"], name="Yards").status == 200
    assert admin.delete(f"{_API}/{made['id']}").status == 204


def test_changes_of_workspaces_are_in_the_audit_log(service: Service, owner: Program) -> None:
    """`H4`: in the same write, so a refused change leaves no event."""
    made = _create(owner, "Depots")
    _patch(owner, made["id"], name="Yards")
    _patch(owner, made["id"], name="Main")
    owner.delete(f"{_API}/{made['id']}")
    rows = sorted(service.rows("audit_events"), key=lambda row: str(row["moment"]["S"]))
    events = {
        row["event"]["S"]: row["target"]["M"]["name"]["S"]
        for row in rows
        if row["event"]["S"].startswith("workspace.")
    }
    assert events == {
        "workspace.created": "Depots",
        "workspace.changed": "Depots",
        "workspace.deleted": "Yards",
    }
    (change,) = (row for row in rows if row["event"]["S"] == "workspace.changed")
    assert change["details"]["M"]["new_name"] == {"S": "Yards"}


def test_the_pages_create_rename_and_delete(browser: Browser, holder: Holder) -> None:
    browser.open(_PAGE)
    browser.press("Create workspace", Name="Depots", Description="Where things wait")
    assert "is there" in browser.page.status_message
    assert "Where things wait" in browser.page.text
    browser.follow("Edit Depots")
    assert browser.page.heading == "Edit Depots"
    browser.press("Save changes", Name="Yards")
    assert "saved" in browser.page.status_message
    assert _names(holder) == ["Main", "Yards"]
    browser.follow("Delete Yards")
    assert browser.page.heading == "Delete “Yards”?"
    browser.press("Delete workspace")
    assert "deleted" in browser.page.status_message
    assert _names(holder) == ["Main"]


def test_a_refused_form_is_shown_with_the_reason(browser: Browser, holder: Holder) -> None:
    browser.open(_PAGE)
    browser.press("Create workspace", Name="main", Description="Twice")
    assert browser.page.status == 409
    assert "already a workspace" in browser.page.alert
    fields = browser.page.form_of("Create workspace").fields
    assert fields["Name"].attributes["value"] == "main"
    assert fields["Description"].attributes["value"] == "Twice"
    browser.press("Create workspace", Name="Depots", Description="x" * 201)
    assert (browser.page.status, "at most 200" in browser.page.alert) == (422, True)
    browser.press("Create workspace", Name="Depots", Description="")
    browser.follow("Edit Depots")
    browser.press("Save changes", Name="")
    assert (browser.page.status, browser.page.heading) == (422, "Edit Depots")
    browser.press("Save changes", Name="Main")
    assert (browser.page.status, browser.page.heading) == (409, "Edit Depots")
    assert _names(holder) == ["Depots", "Main"]


def test_of_two_admins_who_edit_one_workspace_the_second_sees_a_conflict(
    service: Service, owner: Program, browser: Browser, holder: Holder
) -> None:
    made = _create(owner, "Depots")
    other = service.browser()
    sign_in(other)
    for each in (browser, other):
        each.open(f"{_PAGE}/{made['id']}")
    browser.press("Save changes", Name="Yards")
    other.press("Save changes", Description="From the other one")
    assert other.page.status == 409
    assert "at the same time" in other.page.alert
    assert "What is saved now: Yards" in other.page.text
    assert _names(holder) == ["Main", "Yards"]
    other.press("Save changes", Name="Yards")
    workspace = holder.get(f"{_API}/{made['id']}").json
    assert (workspace["name"], workspace["description"]) == ("Yards", "From the other one")


@pytest.mark.parametrize("path", ["/none", "/none/delete", "/%00", "/a.b/delete"])
def test_the_page_of_an_unknown_workspace_is_not_found(browser: Browser, path: str) -> None:
    assert browser.open(f"{_PAGE}{path}").status in (400, 404)


def test_a_workspace_that_was_deleted_meanwhile_is_not_found(
    owner: Program, browser: Browser
) -> None:
    made = _create(owner, "Depots")
    browser.open(f"{_PAGE}/{made['id']}")
    owner.delete(f"{_API}/{made['id']}")
    browser.press("Save changes", Name="Yards")
    assert browser.page.status == 404


def test_a_workspace_of_another_account_is_like_an_unknown_one(
    service: Service, owner: Program
) -> None:
    """`H15`: byte for byte, a member's own account included."""
    foreign = _create(an_owner(service, "sam@other.test"), "Theirs")["id"]
    missing = f"wsp_{'0' * 32}"
    for method, body in (("PATCH", {"name": "Mine"}), ("DELETE", None)):
        theirs, nobodys = (
            owner.call(method, f"{_API}/{workspace_id}", body)
            for workspace_id in (foreign, missing)
        )
        assert theirs.status == 404
        assert theirs.body == nobodys.body


def test_pages_cost_what_a_signed_in_page_costs(
    owner: Program, browser: Browser, ledger: Ledger
) -> None:
    """The account has the list: two requests for any number of workspaces."""
    for count in (1, 20):
        for number in range(count):
            _create(owner, f"Depot {count}-{number}")
        ledger.clear()
        browser.open(_PAGE)
        assert [call.operation for call in ledger.calls] == ["UpdateItem", "BatchGetItem"]
