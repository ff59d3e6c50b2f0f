"""Invitations, from the inviter to the new member."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.roles import Role
from tests.support.keys import account_of, add_member, an_owner
from tests.support.personas.invitations import (
    INVITATIONS,
    INVITED,
    accept,
    accept_as_new,
    ask_invite,
    invite,
    mailed_token,
)
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    ask_sign_up,
    become_a_user,
    signed_in_program,
    token_of,
)
from tests.support.races.races import race

if TYPE_CHECKING:
    from tests.support.http import Program, Reply
    from tests.support.ledger import Ledger
    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service

_WEEK = timedelta(days=7)
SOMEBODY = "sam@borealis.test"


@pytest.fixture
def owner(service: Service) -> Program:
    return an_owner(service)


def _workspace_of(program: Program, service: Service) -> str:
    """The id of `Main`, which only a page shows by name."""
    (row,) = (
        row
        for row in service.rows("accounts")
        if row["account_id"]["S"] == account_of(program) and row["part"]["S"] == "workspaces"
    )
    (workspace_id,) = row["items"]["M"]
    return str(workspace_id)


def _events(service: Service) -> list[tuple[str, str, dict[str, Any]]]:
    rows = sorted(service.rows("audit_events"), key=lambda row: row["moment"]["S"])
    return [
        (row["event"]["S"], row["actor"]["M"]["name"]["S"], row["details"]["M"]) for row in rows
    ]


def _visible(reply: Reply) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = [pair for pair in reply.headers if pair[0] != "X-Request-Id"]
    return reply.status, headers, reply.body


def test_a_new_user_is_invited_and_joins(service: Service, owner: Program) -> None:
    """`A15`, `B12`: they choose name and password, their email is confirmed, and they sign in."""
    workspace = _workspace_of(owner, service)
    made = invite(owner, workspaces=[{"id": workspace, "role": "viewer"}])
    assert made == {
        "id": made["id"],
        "email": INVITED,
        "role": "member",
        "workspaces": [{"id": workspace, "role": "viewer"}],
        "invited_by": {"id": owner.get("/auth/session").json["user"]["id"], "name": "Robin"},
        "created_at": "2026-11-24T12:00:00Z",
        "expires_at": "2026-12-01T12:00:00Z",
        "status": "pending",
    }
    assert owner.get(INVITATIONS).json == {"items": [made], "has_more": False, "total_count": 1}
    newcomer = service.program()
    reply = accept_as_new(newcomer, mailed_token(service))
    assert (reply.status, reply.json) == (200, {"next": "sign_in"})
    assert reply.cookies == {}
    assert owner.get(INVITATIONS).json["items"] == []
    signed_in = ask_sign_in(newcomer, INVITED, OTHER_PASSWORD)
    account = {"id": account_of(owner), "name": "Acme", "role": "member"}
    assert signed_in.json == {"next": "app", "account": account}
    events = {name: (actor, details) for name, actor, details in _events(service)}
    assert set(events) >= {"invitation.created", "invitation.accepted", "member.joined"}
    actor, details = events["member.joined"]
    assert (actor, details["role"]) == ("Kim", {"S": "member"})


def test_an_existing_user_signs_in_and_joins(service: Service, owner: Program) -> None:
    """They keep their account, and the new one opens under a new token (`D3`)."""
    an_owner(service, SOMEBODY)
    invite(owner, SOMEBODY, role="admin")
    token = mailed_token(service, SOMEBODY)
    person = signed_in_program(service, SOMEBODY)
    reply = accept(person, token)
    assert (reply.status, reply.json) == (200, {"next": "sign_in"})
    assert reply.cookies == {}
    again = ask_sign_in(person, SOMEBODY)
    assert again.json["next"] == "choose_account"
    opened = person.post("/auth/session/account", {"account_id": account_of(owner)})
    assert opened.json["account"]["role"] == "admin"
    assert person.get(INVITATIONS).status == 200


def test_inviting_looks_and_costs_the_same_for_any_email(
    service: Service, owner: Program, ledger: Ledger
) -> None:
    """`B1`, `B3`: a user, a waiting sign-up, and an unknown email; only ids differ."""
    become_a_user(service, SOMEBODY)
    ask_sign_up(service.program(), "joe@borealis.test")
    service.work()
    seen, work = [], []
    for address in (SOMEBODY, "joe@borealis.test", "liz@borealis.test"):
        ledger.clear()
        reply = ask_invite(owner, address)
        work.append(ledger.work)
        hidden = reply.body.replace(reply.json["id"].encode(), b"id").replace(address.encode(), b"")
        headers = [pair for pair in reply.headers if pair[0] != "X-Request-Id"]
        seen.append((reply.status, headers, hidden))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][0] == 201
    assert work[0] == work[1] == work[2]
    assert [str(call).partition("(")[0] for call in work[0][0]] == [
        "dynamodb.UpdateItem",
        "dynamodb.BatchGetItem",
        "dynamodb.BatchGetItem",
        "dynamodb.TransactWriteItems",
        "sqs.SendMessage",
    ]


def test_the_mail_is_the_same_for_known_and_unknown_emails(
    service: Service, owner: Program
) -> None:
    """`B1`: nor does it show the inviter's IP address."""
    become_a_user(service, SOMEBODY)
    texts = []
    for address in (SOMEBODY, INVITED):
        invite(owner, address)
        letter = service.mail_to(address)
        assert letter.subject == "You're invited to join an account at Terminus Hub"
        assert "Robin invites you to Acme" in letter.text
        assert "7 days" in letter.text
        assert "192.0.2.7" not in letter.raw.decode()
        texts.append(letter.text.replace(letter.link, ""))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("who", ["the inviter", "the owner", "a member", "someone suspended"])
def test_a_member_cannot_be_invited(service: Service, owner: Program, who: str) -> None:
    admin = add_member(service, account_of(owner), "ada@acme.test", Role.ADMIN)
    add_member(service, account_of(owner), "mo@acme.test", Role.MEMBER)
    add_member(service, account_of(owner), "sue@acme.test", Role.MEMBER)
    _suspend("sue@acme.test", account_of(owner))
    service.work()
    before = len(service.outbox)
    address = {
        "the inviter": "ada@acme.test",
        "the owner": ADDRESS,
        "a member": "mo@acme.test",
        "someone suspended": "sue@acme.test",
    }[who]
    reply = ask_invite(admin, address)
    assert (reply.status, reply.error["type"]) == (409, "conflict_error")
    assert reply.error["param"] == "email"
    service.work()
    assert len(service.outbox) == before
    assert owner.get(INVITATIONS).json["total_count"] == 0


def test_an_email_has_one_invitation_until_it_is_revoked_or_accepted(
    service: Service, owner: Program, clock: StoppedClock
) -> None:
    first = invite(owner)
    for _ in range(2):
        reply = ask_invite(owner, INVITED.upper(), role="admin")
        assert reply.status == 409
        assert "Resend" in reply.error["message"]
        clock.advance(_WEEK)
        owner = signed_in_program(service)
    assert owner.delete(f"{INVITATIONS}/{first['id']}").status == 204
    invite(owner)
    accept_as_new(service.program(), mailed_token(service))
    assert ask_invite(owner).status == 409
    assert owner.get(INVITATIONS).json["total_count"] == 0


@pytest.mark.parametrize(
    ("body", "param", "path"),
    [
        ({"role": "owner"}, "role", None),
        ({"role": "boss"}, "role", None),
        ({"role": 7}, "role", None),
        ({"email": "kim"}, "email", None),
        ({"workspaces": [{"id": "OTHER", "role": "viewer"}]}, "workspaces", "/workspaces/0/id"),
        ({"workspaces": [{"id": "none", "role": "viewer"}]}, "workspaces", "/workspaces/0/id"),
        ({"workspaces": [{"id": "OWN", "role": "owner"}]}, "workspaces", "/workspaces/0/role"),
        ({"workspaces": [{"id": "OWN", "role": "admin"}], "role": "admin"}, "workspaces", None),
        ({"account_id": "acc_1"}, "account_id", None),
    ],
    ids=str,
)
def test_an_invalid_invitation_is_refused(
    service: Service, owner: Program, body: dict[str, Any], param: str, path: str | None
) -> None:
    """`H11`, `H15`: ownership, unknown roles, another account's workspaces."""
    known = {
        "OWN": _workspace_of(owner, service),
        "OTHER": _workspace_of(an_owner(service, SOMEBODY), service),
    }
    for access in body.get("workspaces", ()):
        access["id"] = known.get(access["id"], access["id"])
    reply = owner.post(INVITATIONS, {"email": INVITED, "role": "member", **body})
    assert reply.status == 422, reply.text
    assert (reply.error["param"], reply.error["path"]) == (param, path)
    assert owner.get(INVITATIONS).json["total_count"] == 0


def test_another_accounts_workspace_is_refused_like_an_unknown_one(
    service: Service, owner: Program
) -> None:
    """`H15`."""
    theirs = _workspace_of(an_owner(service, SOMEBODY), service)
    answers = [
        ask_invite(owner, workspaces=[{"id": workspace, "role": "viewer"}])
        for workspace in (theirs, "wsp_none")
    ]
    assert _visible(answers[0]) == _visible(answers[1])


def test_resending_leaves_earlier_links_valid_and_revoking_ends_them_all(
    service: Service, owner: Program
) -> None:
    made = invite(owner)
    tokens = [mailed_token(service)]
    for _ in range(2):
        reply = owner.post(f"{INVITATIONS}/{made['id']}/resend", {})
        assert (reply.status, reply.json) == (202, made)
        tokens.append(mailed_token(service))
    assert len(set(tokens)) == 3
    for token in tokens:
        assert service.browser().open(f"/invitation?token={token}").heading == "Join Acme"
    assert owner.delete(f"{INVITATIONS}/{made['id']}").status == 204
    refusals = [accept_as_new(service.program(), token) for token in (*tokens, "A" * 43, "")]
    assert {(r.status, r.error["code"]) for r in refusals} == {(410, "link_invalid")}
    assert {r.body for r in refusals} == {refusals[0].body}
    assert owner.delete(f"{INVITATIONS}/{made['id']}").status == 404
    assert owner.post(f"{INVITATIONS}/{made['id']}/resend", {}).status == 404


def test_using_one_of_several_links_ends_them_all(service: Service, owner: Program) -> None:
    """`C3`."""
    made = invite(owner)
    first = mailed_token(service)
    owner.post(f"{INVITATIONS}/{made['id']}/resend", {})
    second = mailed_token(service)
    assert accept_as_new(service.program(), first).status == 200
    for token in (first, second):
        assert accept_as_new(service.program(), token).status == 410


def test_a_link_expires_after_seven_days_and_the_invitation_can_be_resent(
    service: Service, owner: Program, clock: StoppedClock
) -> None:
    """`C5`: by the clock, while the rows still exist."""
    made = invite(owner)
    token = mailed_token(service)
    clock.advance(_WEEK - timedelta(hours=1))
    owner = signed_in_program(service)
    assert owner.get(INVITATIONS).json["items"][0]["status"] == "pending"
    assert service.browser().open(f"/invitation?token={token}").status == 200
    clock.advance(timedelta(hours=1))
    assert accept_as_new(service.program(), token).status == 410
    (listed,) = owner.get(INVITATIONS).json["items"]
    assert listed == {**made, "status": "expired"}
    owner = signed_in_program(service)
    renewed = owner.post(f"{INVITATIONS}/{made['id']}/resend", {}).json
    assert renewed == {**made, "expires_at": "2026-12-08T12:00:00Z"}
    assert owner.get(INVITATIONS).json["items"] == [renewed]
    assert accept_as_new(service.program(), mailed_token(service)).status == 200


def test_an_existing_user_must_be_signed_in_as_the_invited_one(
    service: Service, owner: Program
) -> None:
    """`C4`: the link doesn't work for others, signed in or not, and stays valid."""
    become_a_user(service, SOMEBODY)
    become_a_user(service, "eve@other.test")
    invite(owner, SOMEBODY)
    token = mailed_token(service, SOMEBODY)
    eve = signed_in_program(service, "eve@other.test")
    for program in (service.program(), eve, owner):
        for reply in (accept(program, token), accept_as_new(program, token)):
            assert (reply.status, reply.error["code"]) == (401, "sign_in_required")
            assert SOMEBODY in reply.error["message"]
    assert "eve@other.test" in accept(eve, token).error["message"]
    assert accept(signed_in_program(service, SOMEBODY), token).status == 200


def test_a_new_user_needs_a_name_and_a_good_password(service: Service, owner: Program) -> None:
    """`A1`, `A6`: a refusal leaves the link valid."""
    invite(owner)
    token = mailed_token(service)
    program = service.program()
    for body, param in (({}, "name"), ({"name": "Kim"}, "password")):
        reply = accept(program, token, **body)
        assert (reply.status, reply.error["param"]) == (400, param)
    for body in ({"password": "short"}, {"password": "Acme Acme Acme 1"}, {"password": "x" * 257}):
        reply = accept_as_new(program, token, **body)
        assert (reply.status, reply.error["param"]) == (422, "password")
    reply = accept_as_new(program, token, name="  ")
    assert (reply.status, reply.error["param"]) == (422, "name")
    assert len(service.rows("users")) == 1
    assert accept_as_new(program, token).status == 200


def test_joining_ends_the_waiting_sign_ups_of_the_email(service: Service, owner: Program) -> None:
    """The invited user owns the email, so a stranger's sign-up for it ends."""
    ask_sign_up(service.program(), INVITED, PASSWORD)
    stale = token_of(service.mail_to(INVITED).link)
    invite(owner)
    accept_as_new(service.program(), mailed_token(service))
    reply = service.program().post(
        "/auth/email_confirmation", {"token": stale, "password": PASSWORD}
    )
    assert reply.status == 410
    assert ask_sign_in(service.program(), INVITED, PASSWORD).error["code"] == "invalid_credentials"
    assert ask_sign_in(service.program(), INVITED, OTHER_PASSWORD).status == 200


def test_after_a_confirmed_sign_up_the_invited_user_exists(
    service: Service, owner: Program
) -> None:
    invite(owner)
    token = mailed_token(service)
    become_a_user(service, INVITED)
    assert accept_as_new(service.program(), token).error["code"] == "sign_in_required"
    assert accept(signed_in_program(service, INVITED), token).status == 200


def test_the_second_of_two_invitations_is_for_an_existing_user(
    service: Service, owner: Program
) -> None:
    other = an_owner(service, SOMEBODY)
    tokens = []
    for inviter in (owner, other):
        invite(inviter)
        tokens.append(mailed_token(service))
    outcomes = race(lambda n: accept_as_new(service.program(), tokens[n]), callers=2)
    statuses = sorted(reply.status for reply in outcomes if not isinstance(reply, Exception))
    assert statuses == [200, 401]
    (left,) = (
        token
        for token, reply in zip(tokens, outcomes, strict=True)
        if not isinstance(reply, Exception) and reply.status == 401
    )
    person = signed_in_program(service, INVITED, OTHER_PASSWORD)
    assert accept(person, left).status == 200
    assert ask_sign_in(person, INVITED, OTHER_PASSWORD).json["next"] == "choose_account"


def test_an_invitation_does_not_end_a_suspension(service: Service, owner: Program) -> None:
    """`D7`: a user who joined in another way and was suspended can't return by it."""
    invite(owner)
    token = mailed_token(service)
    person = add_member(service, account_of(owner), INVITED, Role.MEMBER, open_now=False)
    assert accept(person, token).status == 409
    _suspend(INVITED, account_of(owner))
    assert accept(person, token).status == 409
    reply = person.post("/auth/session/account", {"account_id": account_of(owner)})
    assert reply.status == 404


def test_a_deleted_workspace_is_left_out(service: Service, owner: Program) -> None:
    workspace = _workspace_of(owner, service)
    invite(owner, workspaces=[{"id": workspace, "role": "viewer"}])
    _delete_workspace(account_of(owner), workspace)
    assert owner.get(INVITATIONS).json["items"][0]["workspaces"] == []
    accept_as_new(service.program(), mailed_token(service))
    (row,) = (row for row in service.rows("users") if row["email"]["S"] == INVITED)
    assert row["memberships"]["M"][account_of(owner)]["M"]["workspaces"] == {"M": {}}


def test_resending_reaches_an_email_five_times_an_hour_at_most(
    service: Service, owner: Program
) -> None:
    """`B14`: no answer shows it."""
    made = invite(owner)
    answers = [owner.post(f"{INVITATIONS}/{made['id']}/resend", {}) for _ in range(7)]
    assert {_visible(reply)[2] for reply in answers} == {answers[0].body}
    service.work()
    assert sum(letter.to == INVITED for letter in service.outbox) == 5


def test_a_mail_of_an_ended_invitation_is_not_sent(service: Service, owner: Program) -> None:
    made = invite(owner)
    owner.delete(f"{INVITATIONS}/{made['id']}")
    service.work()
    assert not any(letter.to == INVITED for letter in service.outbox)


def test_opening_an_invitation_changes_nothing(service: Service, owner: Program) -> None:
    """`B16`: mail scanners open links, and nothing that was mailed is kept in plain form (`C2`)."""
    invite(owner)
    token = mailed_token(service)
    tables = ("users", "accounts", "links", "emails", "sessions", "audit_events")
    before = [service.rows(table) for table in tables]
    for method in ("GET", "HEAD"):
        assert service.program().call(method, f"/invitation?token={token}").status == 200
    assert [service.rows(table) for table in tables] == before
    assert token not in str(before)


def test_the_list_costs_the_same_with_many_invitations(owner: Program, ledger: Ledger) -> None:
    invite(owner)
    few = _work_of_list(owner, ledger)
    _store_more(account_of(owner), 199)
    listed = owner.get(f"{INVITATIONS}?limit=1000").json
    assert (len(listed["items"]), listed["total_count"]) == (200, 200)
    assert _work_of_list(owner, ledger) == few


def _work_of_list(owner: Program, ledger: Ledger) -> Any:
    ledger.clear()
    owner.get(INVITATIONS)
    return ledger.work


def _store_more(account_id: str, count: int) -> None:
    from chalicelib.storage.dynamo.tables import AccountRow

    row = AccountRow.query(account_id, AccountRow.part.startswith("invitation#")).next()
    for number in range(count):
        row.part = f"invitation#inv_{number:032d}"
        row.save()


def _suspend(address: str, account_id: str) -> None:
    from chalicelib.storage.dynamo.tables import EmailRow, UserRow

    place = UserRow.memberships[account_id]["status"]
    UserRow(EmailRow.get(address).user_id).update(actions=[place.set("suspended")])


def _delete_workspace(account_id: str, workspace_id: str) -> None:
    from chalicelib.storage.dynamo.tables import AccountRow

    place = AccountRow.items[workspace_id]
    AccountRow(account_id, "workspaces").update(actions=[place.remove()])
