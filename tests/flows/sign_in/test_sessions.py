"""A user's sessions: listed, and ended one by one or all but this one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.roles import Role
from chalicelib.domain.tokens import SecretToken
from chalicelib.storage.dynamo.tables import EmailRow, UserRow
from tests.support.keys import account_of, add_member, an_owner
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    signed_in_program,
)

if TYPE_CHECKING:
    from tests.support.http import Program, Reply
    from tests.support.ledger import Ledger
    from tests.support.service import Service

SESSIONS = "/auth/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def here(service: Service) -> Program:
    return an_owner(service)


def _listed(program: Program, query: str = "") -> list[dict[str, Any]]:
    reply = program.get(SESSIONS + query)
    assert reply.status == 200, reply.text
    items: list[dict[str, Any]] = reply.json["items"]
    return items


def _other_than(program: Program) -> str:
    (other,) = (item["id"] for item in _listed(program) if not item["current"])
    return str(other)


def test_a_user_sees_their_sessions_the_last_used_first(service: Service) -> None:
    """`D8`."""
    first = an_owner(service)
    service.clock.advance(timedelta(minutes=5))
    second = service.program("198.51.100.9")
    body = {"email": ADDRESS, "password": PASSWORD}
    assert second.post("/auth/sign_in", body, User_Agent=FIREFOX).status == 200
    service.clock.advance(timedelta(minutes=5))
    reply = first.get(SESSIONS)
    assert reply.header("Cache-Control") == "no-store"
    assert (reply.json["has_more"], reply.json["total_count"]) == (False, 2)
    here, there = reply.json["items"]
    assert there == {
        "id": there["id"],
        "current": False,
        "method": "password",
        "user_agent": FIREFOX,
        "address": "198.51.100.9",
        "started_at": "2026-11-24T12:05:00Z",
        "last_seen_at": "2026-11-24T12:05:00Z",
    }
    assert (here["current"], here["last_seen_at"]) == (True, "2026-11-24T12:10:00Z")


def test_the_list_of_sessions_has_pages(service: Service, here: Program) -> None:
    for _ in range(2):
        service.clock.advance(timedelta(minutes=1))
        signed_in_program(service)
    assert len(_listed(here, "?limit=2")) == 2
    assert len(_listed(here, "?limit=2&page=2")) == 1
    assert here.get(f"{SESSIONS}?limit=0").status == 422


def test_a_shown_id_is_no_token(service: Service, here: Program) -> None:
    """`D1`, `D14`."""
    for item in _listed(here):
        thief = service.program()
        thief.jar.values["thub_session"] = item["id"]
        assert thief.get("/auth/session").status == 401


def test_one_session_is_ended_on_its_next_request(service: Service, here: Program) -> None:
    """`D6`, `D8`."""
    there = signed_in_program(service)
    assert here.delete(f"{SESSIONS}/{_other_than(here)}").status == 204
    assert there.get("/auth/session").status == 401
    assert here.get("/auth/session").status == 200
    assert [item["current"] for item in _listed(here)] == [True]


def test_ending_the_own_session_is_a_sign_out(here: Program) -> None:
    """`D6`, `D13`: it needs no proof, however old the last one is."""
    (own,) = _listed(here)
    reply = here.delete(f"{SESSIONS}/{own['id']}")
    assert reply.status == 204
    assert reply.cookies["thub_session"].startswith("; Path=/; Max-Age=0")
    assert reply.header("Clear-Site-Data") == '"cache", "storage"'
    assert "thub_session" not in here.jar.values
    assert here.get(SESSIONS).status == 401


def test_all_others_are_ended_and_this_one_continues(service: Service, here: Program) -> None:
    """`D8`."""
    others = [signed_in_program(service) for _ in range(3)]
    assert here.delete(SESSIONS).status == 204
    assert [other.get("/auth/session").status for other in others] == [401, 401, 401]
    assert [item["current"] for item in _listed(here)] == [True]
    again = signed_in_program(service)
    assert again.get("/auth/session").status == 200
    assert here.delete(SESSIONS).status == 204
    assert again.get("/auth/session").status == 401
    assert here.get("/auth/session").status == 200


def test_ending_all_others_makes_every_other_browser_unknown(
    service: Service, here: Program
) -> None:
    """A lockout then stops the other browsers, but not the one that ended them."""
    there = signed_in_program(service)
    assert here.delete(SESSIONS).status == 204
    for _ in range(5):
        ask_sign_in(service.program("203.0.113.5"), ADDRESS, OTHER_PASSWORD)
    assert ask_sign_in(there).status == 401
    assert ask_sign_in(here).status == 200


def test_ending_all_others_makes_no_unknown_browser_known(here: Program) -> None:
    del here.jar.values["thub_device"]
    reply = here.delete(SESSIONS)
    assert (reply.status, "thub_device" in reply.cookies) == (204, False)


def test_another_users_session_is_like_an_unknown_one(service: Service, here: Program) -> None:
    """`H15`: byte for byte."""
    stranger = an_owner(service, "mo@other.test")
    (theirs,) = _listed(stranger)

    def seen(reply: Reply) -> tuple[int, bytes, list[str]]:
        return reply.status, reply.body, sorted(name for name, _ in reply.headers)

    foreign = seen(here.delete(f"{SESSIONS}/{theirs['id']}"))
    assert foreign[0] == 404
    for unknown in (SecretToken.new().digest, "x", "%2e%2e", "x" * 101):
        assert seen(here.delete(f"{SESSIONS}/{unknown}")) == foreign
    assert stranger.get("/auth/session").status == 200


def test_a_visitor_has_no_sessions(service: Service) -> None:
    program = service.program()
    for method, path in (("GET", SESSIONS), ("DELETE", SESSIONS), ("DELETE", f"{SESSIONS}/x")):
        assert program.call(method, path).status == 401


def test_ending_others_requires_a_fresh_proof(service: Service, here: Program) -> None:
    """`D8`."""
    signed_in_program(service)
    other = _other_than(here)
    service.clock.advance(timedelta(minutes=15, seconds=1))
    for path in (SESSIONS, f"{SESSIONS}/{other}"):
        reply = here.delete(path)
        assert (reply.status, reply.error["code"]) == (403, "proof_required")
    assert len(_listed(here)) == 2
    assert here.post("/auth/session/proof", {"password": PASSWORD}).status == 204
    assert here.delete(f"{SESSIONS}/{other}").status == 204


def test_a_session_that_no_longer_works_is_not_listed(service: Service, here: Program) -> None:
    """`D7`: such as one in an account where the user was suspended."""
    inside = add_member(service, account_of(here), "mo@other.test", Role.MEMBER)
    outside = signed_in_program(service, "mo@other.test")
    assert len(_listed(outside)) == 2
    user_id = EmailRow.get("mo@other.test").user_id
    status = UserRow.memberships[account_of(here)]["status"]
    UserRow(user_id).update(actions=[status.set("suspended")])
    assert inside.get("/auth/session").status == 401
    assert len(_listed(outside)) == 1


def test_the_list_costs_the_same_for_any_number_of_sessions(
    service: Service, here: Program, ledger: Ledger
) -> None:
    """Besides the two requests of any page, one for the index and one for the rows."""
    counts = []
    for _ in range(2):
        ledger.clear()
        here.get(SESSIONS)
        counts.append(len(ledger.calls))
        for _ in range(5):
            signed_in_program(service)
    assert counts == [4, 4]
