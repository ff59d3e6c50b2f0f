"""An account's members: changes, and their effect on the next request."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.roles import Role, WorkspaceRole
from chalicelib.domain.user import Membership
from tests.support.keys import account_of, add_member, an_owner
from tests.support.personas.invitations import accept, invite, mailed_token
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    become_a_user,
    sign_in,
    signed_in_program,
    token_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.http import Program, Reply
    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service

_MEMBERS = "/api/v1/members"
_TRANSFER = "/api/v1/account/transfer_ownership"
_LEAVE = "/auth/session/account/leave"
_ADA, _MO = "ada@acme.test", "mo@acme.test"


def _people(owner: Program) -> dict[str, dict[str, Any]]:
    reply = owner.get(_MEMBERS)
    assert reply.status == 200, reply.text
    return {item["email"]: item for item in reply.json["items"]}


def _id_of(owner: Program, address: str) -> str:
    found: str = _people(owner)[address]["user_id"]
    return found


def _join(service: Service, owner: Program, address: str, role: Role = Role.MEMBER) -> Program:
    return add_member(service, account_of(owner), address, role)


def _workspace_of(owner: Program) -> str:
    from chalicelib.storage.dynamo.tables import AccountRow

    (workspace_id,) = AccountRow.get(account_of(owner), "workspaces").items.as_dict()
    return str(workspace_id)


def _patch(program: Program, user_id: str, body: Any) -> Reply:
    return program.call("PATCH", f"{_MEMBERS}/{user_id}", body)


def _post(program: Program, user_id: str, verb: str) -> Reply:
    return program.call("POST", f"{_MEMBERS}/{user_id}/{verb}")


def _has_account_open(program: Program) -> bool:
    reply = program.get("/auth/session")
    return reply.status == 200 and reply.json["account"] is not None


def _visible(reply: Reply) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = [pair for pair in reply.headers if pair[0] != "X-Request-Id"]
    return reply.status, headers, reply.body


def test_the_list_shows_the_members_and_their_roles(service: Service) -> None:
    owner = an_owner(service)
    _join(service, owner, _ADA, Role.ADMIN)
    _join(service, owner, _MO)
    main = _workspace_of(owner)
    given = [{"id": main, "role": "viewer"}]
    assert _patch(owner, _id_of(owner, _MO), {"workspaces": given}).status == 200
    users = _people(owner)
    assert {name: (p["role"], p["status"]) for name, p in users.items()} == {
        ADDRESS: ("owner", "active"),
        _ADA: ("admin", "active"),
        _MO: ("member", "active"),
    }
    assert users[_MO]["workspaces"] == given
    assert users[_ADA]["workspaces"] == users[ADDRESS]["workspaces"] == []
    assert set(users[_MO]) == {"user_id", "email", "name", "role", "status", "workspaces"}
    whole = owner.get(_MEMBERS).json
    assert (whole["has_more"], whole["total_count"]) == (False, 3)
    part = owner.get(f"{_MEMBERS}?limit=2&page=2").json
    assert (part["items"], part["has_more"]) == (whole["items"][2:], False)
    assert owner.get(f"{_MEMBERS}?limit=2&page=3").json["items"] == []


def test_role_and_workspaces_change_together_or_alone(service: Service) -> None:
    owner = an_owner(service)
    _join(service, owner, _MO)
    mo, main = _id_of(owner, _MO), _workspace_of(owner)
    for body, role, workspaces in (
        ({"workspaces": [{"id": main, "role": "member"}]}, "member", [(main, "member")]),
        ({"role": "member"}, "member", [(main, "member")]),
        ({"role": "admin"}, "admin", []),
        ({}, "admin", []),
        ({"role": "member"}, "member", []),
        (
            {"role": "member", "workspaces": [{"id": main, "role": "admin"}]},
            "member",
            [(main, "admin")],
        ),
        ({"workspaces": []}, "member", []),
    ):
        reply = _patch(owner, mo, body)
        assert reply.status == 200, reply.text
        shown = [(w["id"], w["role"]) for w in reply.json["workspaces"]]
        assert (reply.json["role"], shown) == (role, workspaces)
        assert _people(owner)[_MO] == reply.json


@pytest.mark.parametrize(
    ("body", "param", "path"),
    [
        ({"role": "owner"}, "role", None),
        ({"role": "root"}, "role", None),
        ({"role": "Admin"}, "role", None),
        ({"role": None}, "role", None),
        ({"role": 1}, "role", None),
        ({"workspaces": "all"}, "workspaces", None),
        ({"workspaces": [{"id": "wsp_none", "role": "viewer"}]}, "workspaces", "/workspaces/0/id"),
        ({"workspaces": [{"id": "MAIN", "role": "owner"}]}, "workspaces", "/workspaces/0/role"),
        ({"workspaces": [{"id": "MAIN", "role": 3}]}, "workspaces", "/workspaces/0/role"),
        (
            {"workspaces": [{"id": "MAIN", "role": "viewer"}, {"id": "MAIN", "role": "viewer"}]},
            "workspaces",
            "/workspaces/1/id",
        ),
        (
            {"role": "admin", "workspaces": [{"id": "MAIN", "role": "viewer"}]},
            "workspaces",
            None,
        ),
        ({"status": "suspended"}, "status", None),
        ({"user_id": "usr_other"}, "user_id", None),
    ],
    ids=str,
)
def test_an_invalid_change_of_a_member_names_its_place(
    service: Service, body: Any, param: str, path: str | None
) -> None:
    """`H11`."""
    owner = an_owner(service)
    _join(service, owner, _MO)
    main = _workspace_of(owner)
    if isinstance(body.get("workspaces"), list):
        body = {
            **body,
            "workspaces": [{**w, "id": w["id"].replace("MAIN", main)} for w in body["workspaces"]],
        }
    reply = _patch(owner, _id_of(owner, _MO), body)
    assert reply.status == 422, reply.text
    assert (reply.error["param"], reply.error["path"]) == (param, path)
    assert _people(owner)[_MO]["role"] == "member"


def test_another_accounts_workspace_is_refused_like_an_unknown_one(service: Service) -> None:
    """`H15`."""
    owner, other = an_owner(service), an_owner(service, "sam@other.test")
    _join(service, owner, _MO)
    mo = _id_of(owner, _MO)
    theirs, nobodys = (
        _patch(owner, mo, {"workspaces": [{"id": given, "role": "viewer"}]})
        for given in (_workspace_of(other), f"wsp_{secrets.token_hex(16)}")
    )
    assert theirs.status == 422
    assert _visible(theirs) == _visible(nobodys)


def test_another_accounts_member_is_like_an_unknown_one(service: Service) -> None:
    """`H15`: byte for byte, in every call."""
    owner, other = an_owner(service), an_owner(service, "sam@other.test")
    sam, nobody = _id_of(other, "sam@other.test"), f"usr_{secrets.token_hex(16)}"
    asks: list[Callable[[str], Reply]] = [
        lambda user_id: _patch(owner, user_id, {"role": "admin"}),
        lambda user_id: _post(owner, user_id, "suspend"),
        lambda user_id: _post(owner, user_id, "reactivate"),
        lambda user_id: owner.delete(f"{_MEMBERS}/{user_id}"),
        lambda user_id: owner.post(_TRANSFER, {"user_id": user_id}),
    ]
    for ask in asks:
        assert ask(sam).status == 404
        assert _visible(ask(sam)) == _visible(ask(nobody))


def test_suspending_ends_every_session_for_good_on_its_next_request(service: Service) -> None:
    """`D7`: after a reactivation the user can sign in, but no old session works."""
    owner = an_owner(service)
    ada = _join(service, owner, _ADA, Role.ADMIN)
    user_id = _id_of(owner, _ADA)
    assert ada.get(_MEMBERS).status == 200

    reply = _post(owner, user_id, "suspend")
    assert (reply.status, reply.json["status"]) == (200, "suspended")
    assert ada.get(_MEMBERS).status == 401
    assert ada.get("/auth/session").status == 401
    assert _post(owner, user_id, "suspend").json == reply.json

    back = _post(owner, user_id, "reactivate")
    assert (back.status, back.json["status"], back.json["role"]) == (200, "active", "admin")
    assert _post(owner, user_id, "reactivate").json == back.json
    assert ada.get("/auth/session").status == 401
    again = service.program()
    assert ask_sign_in(again, _ADA).status == 200
    assert again.post("/auth/session/account", {"account_id": account_of(owner)}).status == 200


def test_a_suspended_user_keeps_their_other_accounts(service: Service) -> None:
    owner = an_owner(service)
    ada = _join(service, owner, _ADA, Role.ADMIN)
    elsewhere = service.program()
    own = ask_sign_in(elsewhere, _ADA).json["accounts"]
    (own_id,) = [a["id"] for a in own if a["id"] != account_of(owner)]
    elsewhere.post("/auth/session/account", {"account_id": own_id})
    _post(owner, _id_of(owner, _ADA), "suspend")
    assert not _has_account_open(ada)
    assert _has_account_open(elsewhere)
    theirs = elsewhere.post("/auth/session/account", {"account_id": account_of(owner)})
    missing = elsewhere.post("/auth/session/account", {"account_id": "acc_none"})
    assert theirs.status == 404
    assert _visible(theirs) == _visible(missing)


def _a_lone_member(service: Service, owner: Program) -> Program:
    """Create a user who is only a member of this account."""
    _join(service, owner, _MO)
    _leave_all_but(account_of(owner), _MO)
    program = service.program()
    assert ask_sign_in(program, _MO).json["next"] == "app"
    return program


def _leave_all_but(account_id: str, address: str) -> None:
    from chalicelib.storage.dynamo.tables import EmailRow, UserRow

    row = UserRow.get(EmailRow.get(address).user_id)
    gone = [UserRow.memberships[key].remove() for key in row.memberships if key != account_id]
    row.update(actions=gone)


def test_a_user_removed_from_their_last_account_signs_in_to_none(service: Service) -> None:
    """`D7`."""
    owner = an_owner(service)
    mo = _a_lone_member(service, owner)
    assert owner.delete(f"{_MEMBERS}/{_id_of(owner, _MO)}").status == 204
    assert mo.get("/auth/session").status == 401
    assert list(_people(owner)) == [ADDRESS]
    assert owner.get(_MEMBERS).json["total_count"] == 1
    assert ask_sign_in(service.program(), _MO).json == {"next": "no_account"}


def test_a_user_suspended_everywhere_signs_in_to_no_account(service: Service) -> None:
    """`D7`: an account can't keep a user out of the product."""
    owner = an_owner(service)
    inside = _a_lone_member(service, owner)
    _post(owner, _id_of(owner, _MO), "suspend")
    assert inside.get("/auth/session").status == 401
    mo = service.program()
    assert ask_sign_in(mo, _MO).json == {"next": "no_account"}
    assert mo.get("/auth/session").json["account"] is None
    refused = mo.post("/auth/session/account", {"account_id": account_of(owner)})
    assert refused.status == 404
    browser = service.browser()
    sign_in(browser, _MO)
    assert browser.page.heading == "No account to open"
    assert "Your access to Acme is suspended." in browser.page.text
    made = mo.post("/auth/accounts", {"account_name": "Mo's own"})
    assert made.status == 201
    assert mo.get("/auth/session").json["account"]["name"] == "Mo's own"


def test_a_user_suspended_everywhere_can_reset_their_password_and_join_elsewhere(
    service: Service,
) -> None:
    """`D7`: the mail has the link, and doesn't mention SSO."""
    owner = an_owner(service)
    _a_lone_member(service, owner)
    _post(owner, _id_of(owner, _MO), "suspend")
    service.program().post("/auth/password_reset/request", {"email": _MO})
    token = token_of(service.mail_to(_MO, "Set a new password").link)
    body = {"token": token, "password": OTHER_PASSWORD}
    assert service.program().post("/auth/password_reset", body).status == 200
    other = an_owner(service, "sam@borealis.test")
    invite(other, _MO)
    link = mailed_token(service, _MO)
    mo = signed_in_program(service, _MO, OTHER_PASSWORD)
    assert accept(mo, link).status == 200
    assert ask_sign_in(mo, _MO, OTHER_PASSWORD).json["account"]["id"] == account_of(other)


def test_a_suspension_does_not_end_sessions_in_other_accounts(service: Service) -> None:
    """`D7`: nor does leaving the last active account while suspended in another."""
    owner = an_owner(service)
    mo = _join(service, owner, _MO)
    outside = service.program()
    assert ask_sign_in(outside, _MO).json["next"] == "choose_account"
    other = an_owner(service, "sam@borealis.test")
    _leave_all_but(account_of(owner), _MO)
    invite(other, _MO)
    accept(outside, mailed_token(service, _MO))
    _post(owner, _id_of(owner, _MO), "suspend")
    assert mo.get("/auth/session").status == 401
    assert outside.get("/auth/session").status == 200
    there = {"account_id": account_of(other)}
    assert outside.post("/auth/session/account", there).status == 200
    left = outside.post("/auth/session/account/leave", there)
    assert left.json == {"next": "no_account"}
    assert outside.get("/auth/session").status == 200


def test_no_call_changes_the_owner(service: Service) -> None:
    owner = an_owner(service)
    ada = _join(service, owner, _ADA, Role.ADMIN)
    user_id = _id_of(owner, ADDRESS)
    for who in (ada, owner):
        for reply in (
            _patch(who, user_id, {"role": "member"}),
            _patch(who, user_id, {"workspaces": []}),
            _post(who, user_id, "suspend"),
            who.delete(f"{_MEMBERS}/{user_id}"),
        ):
            assert (reply.status, reply.error["type"]) == (403, "permission_error"), reply.text
            assert "handed over" in reply.error["message"]
    assert _people(owner)[ADDRESS]["role"] == "owner"


def test_an_admin_changes_other_admins_and_demotes_themselves(service: Service) -> None:
    owner = an_owner(service)
    ada = _join(service, owner, _ADA, Role.ADMIN)
    _join(service, owner, _MO, Role.ADMIN)
    assert _post(ada, _id_of(owner, _MO), "suspend").status == 200
    assert ada.delete(f"{_MEMBERS}/{_id_of(owner, _MO)}").status == 204
    own = _id_of(owner, _ADA)
    for reply in (_post(ada, own, "suspend"), ada.delete(f"{_MEMBERS}/{own}")):
        assert reply.status == 422
        assert "leave the account" in reply.error["message"]
    assert _patch(ada, own, {"role": "member"}).json["role"] == "member"
    assert ada.get(_MEMBERS).status == 403
    assert _has_account_open(ada)


def test_ownership_is_transferred_to_an_admin_and_there_is_one_owner(service: Service) -> None:
    owner = an_owner(service)
    ada = _join(service, owner, _ADA, Role.ADMIN)
    reply = owner.post(_TRANSFER, {"user_id": _id_of(owner, _ADA)})
    assert (reply.status, reply.json["role"]) == (200, "owner")
    assert {p["email"]: p["role"] for p in _people(ada).values()} == {
        ADDRESS: "admin",
        _ADA: "owner",
    }
    assert owner.post(_TRANSFER, {"user_id": _id_of(ada, ADDRESS)}).status == 403
    assert ada.post(_TRANSFER, {"user_id": _id_of(ada, ADDRESS)}).status == 200


def test_ownership_is_transferred_only_to_an_active_admin(service: Service) -> None:
    owner = an_owner(service)
    ada = _join(service, owner, _ADA, Role.ADMIN)
    _join(service, owner, _MO)
    members = [_id_of(owner, address) for address in (_MO, ADDRESS)]
    for user_id in members:
        reply = owner.post(_TRANSFER, {"user_id": user_id})
        assert (reply.status, reply.error["param"]) == (422, "user_id")
    _post(owner, _id_of(owner, _ADA), "suspend")
    assert owner.post(_TRANSFER, {"user_id": _id_of(owner, _ADA)}).status == 422
    assert owner.post(_TRANSFER, {"user_id": "a/../b"}).status == 404
    assert owner.post(_TRANSFER, {}).status == 400
    assert not _has_account_open(ada)
    assert _people(owner)[ADDRESS]["role"] == "owner"


def test_a_transfer_of_ownership_requires_a_fresh_proof(
    service: Service, clock: StoppedClock
) -> None:
    """`D9`."""
    owner = an_owner(service)
    _join(service, owner, _ADA, Role.ADMIN)
    heir = {"user_id": _id_of(owner, _ADA)}
    clock.advance(timedelta(minutes=15, seconds=1))
    reply = owner.post(_TRANSFER, heir)
    assert (reply.status, reply.error["code"]) == (403, "proof_required")
    assert owner.post("/auth/session/proof", {"password": PASSWORD}).status == 204
    assert owner.post(_TRANSFER, heir).status == 200


def test_leaving_continues_without_an_account_under_a_new_token(service: Service) -> None:
    """`D3`, `D7`."""
    owner = an_owner(service)
    ada = _join(service, owner, _ADA, Role.ADMIN)
    second = service.program()
    ask_sign_in(second, _ADA)
    second.post("/auth/session/account", {"account_id": account_of(owner)})
    before = dict(ada.jar.values)

    reply = ada.post(_LEAVE, {"account_id": account_of(owner)})
    assert reply.status == 200, reply.text
    assert reply.json["next"] == "choose_account"
    assert [account["role"] for account in reply.json["accounts"]] == ["owner"]
    assert ada.jar.values["thub_session"] != before["thub_session"]
    assert ada.get("/auth/session").json["account"] is None
    assert second.get("/auth/session").status == 401
    stale = service.program()
    stale.jar.values |= before
    assert stale.get("/auth/session").status == 401
    assert list(_people(owner)) == [ADDRESS]


def test_the_last_account_can_be_left_too(service: Service) -> None:
    owner = an_owner(service)
    mo = _a_lone_member(service, owner)
    assert mo.post(_LEAVE, {"account_id": account_of(owner)}).json == {"next": "no_account"}
    assert mo.get("/auth/session").json["account"] is None


def test_only_the_open_account_can_be_left_and_never_by_its_owner(service: Service) -> None:
    owner = an_owner(service)
    ada = _join(service, owner, _ADA, Role.ADMIN)
    refused = owner.post(_LEAVE, {"account_id": account_of(owner)})
    assert (refused.status, refused.error["type"]) == (403, "permission_error")
    assert "handed over" in refused.error["message"]
    foreign, missing = (
        owner.post(_LEAVE, {"account_id": given}) for given in ("acc_none", "acc_" + "0" * 32)
    )
    assert foreign.status == 404
    assert _visible(foreign) == _visible(missing)
    assert ada.post(_LEAVE, {}).status == 400
    assert _has_account_open(ada)


def test_each_change_is_in_the_audit_log(service: Service) -> None:
    """`H4`."""
    owner = an_owner(service)
    ada = _join(service, owner, _ADA, Role.ADMIN)
    _join(service, owner, _MO)
    mo = _id_of(owner, _MO)
    _patch(owner, mo, {"role": "admin"})
    _post(owner, mo, "suspend")
    _post(owner, mo, "reactivate")
    owner.delete(f"{_MEMBERS}/{mo}")
    owner.post(_TRANSFER, {"user_id": _id_of(owner, _ADA)})
    owner.post(_LEAVE, {"account_id": account_of(owner)})
    events = {row["event"]["S"]: row for row in service.rows("audit_events")}
    assert {
        "member.changed",
        "member.suspended",
        "member.reactivated",
        "member.removed",
        "member.left",
        "account.ownership_transferred",
    } <= set(events)
    assert events["member.changed"]["target"]["M"]["id"]["S"] == mo
    assert events["member.changed"]["details"]["M"] == {
        "old_role": {"S": "member"},
        "new_role": {"S": "admin"},
    }
    assert _has_account_open(ada)


def test_both_owners_get_a_mail_about_a_transfer(service: Service) -> None:
    owner = an_owner(service)
    _join(service, owner, _ADA, Role.ADMIN)
    assert owner.post(_TRANSFER, {"user_id": _id_of(owner, _ADA)}).status == 200
    service.work()
    mails = {m.to: m for m in service.outbox if m.subject.startswith("An account at")}
    assert set(mails) == {ADDRESS, _ADA}
    assert "You have handed Acme" in mails[ADDRESS].text
    assert "You're an admin now" in mails[ADDRESS].html.replace("&#39;", "'")
    assert "has made you the owner of Acme" in mails[_ADA].text
    assert "has made you the owner of Acme" in mails[_ADA].html


def _give_elsewhere(address: str, count: int) -> None:
    """Add a user to other accounts, with this many workspaces there."""
    from chalicelib.storage.dynamo.rows import membership_map
    from chalicelib.storage.dynamo.tables import EmailRow, UserRow

    row = UserRow.get(EmailRow.get(address).user_id)
    for number, start in enumerate(range(0, count, 200)):
        given = {f"wsp_{n:032}": WorkspaceRole.VIEWER for n in range(min(200, count - start))}
        other = Membership(f"acc_{number:032}", "Elsewhere", Role.MEMBER, workspaces=given)
        row.memberships[other.account_id] = membership_map(other)
    row.save()


def test_a_member_gets_no_more_workspaces_than_their_row_holds(service: Service) -> None:
    """`H11`: 2,000 over all accounts; one less is accepted, and removing always is."""
    owner = an_owner(service)
    _join(service, owner, _MO)
    mo, main = _id_of(owner, _MO), _workspace_of(owner)
    given = {"workspaces": [{"id": main, "role": "viewer"}]}
    _give_elsewhere(_MO, 2_000)
    reply = _patch(owner, mo, given)
    assert (reply.status, reply.error["param"]) == (422, "workspaces")
    assert "2,000 workspaces" in reply.error["message"]
    _give_elsewhere(_MO, 1_999)
    assert _patch(owner, mo, given).status == 200
    _give_elsewhere(_MO, 2_000)
    assert _patch(owner, mo, {"workspaces": [{"id": main, "role": "admin"}]}).status == 200
    assert _patch(owner, mo, {"workspaces": []}).status == 200


def test_an_invitation_beyond_the_workspace_limit_waits_until_there_is_room(
    service: Service,
) -> None:
    owner = an_owner(service)
    become_a_user(service, _MO)
    mo = signed_in_program(service, _MO)
    given = [{"id": _workspace_of(owner), "role": "viewer"}]
    invite(owner, _MO, workspaces=given)
    _give_elsewhere(_MO, 2_000)
    token = mailed_token(service, _MO)
    refused = accept(mo, token)
    assert (refused.status, refused.error["param"]) == (422, "workspaces")
    _give_elsewhere(_MO, 1_999)
    assert accept(mo, token).status == 200


def test_the_largest_possible_user_row_fits_into_dynamodb(service: Service) -> None:
    """200 accounts with the longest names, and 2,000 workspaces."""
    from chalicelib.storage.dynamo.rows import membership_map
    from chalicelib.storage.dynamo.tables import EmailRow, UserRow

    an_owner(service)
    row = UserRow.get(EmailRow.get(ADDRESS).user_id)
    for number in range(200):
        given = {f"wsp_{n:032}": WorkspaceRole.MEMBER for n in range(10)}
        full = Membership(
            f"acc_{number:032}",
            "\U0001f33f" * 100,
            Role.MEMBER,
            workspaces=given,
        )
        row.memberships[full.account_id] = membership_map(full)
    row.save()
    (stored,) = (item for item in service.rows("users") if item["user_id"]["S"] == row.user_id)
    # With its types it is longer than what DynamoDB counts.
    assert len(json.dumps(stored, ensure_ascii=False).encode()) < 400 * 1024
