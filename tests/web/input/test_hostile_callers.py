"""Attacks with links, sessions, cookies and hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import (
    ADDRESS,
    PASSWORD,
    ask_sign_in,
    ask_sign_up,
    become_a_user,
    sign_up,
    signed_in_program,
    token_of,
)
from tests.support.races.races import race
from tests.support.servers.tables import everything
from tests.support.service import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.service import Service


def _snapshot(service: Service) -> Mapping[str, list[str]]:
    return everything(service.engine, service.settings.table_prefix)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_a_confirmation_link_changes_nothing(service: Service, method: str) -> None:
    """`B16`: in the browser that signed up, and in any other."""
    browser = service.browser()
    sign_up(browser)
    target = service.mail_to(ADDRESS).link.removeprefix(ORIGIN)
    before = _snapshot(service)
    for cookies in ({}, browser.jar.header):
        assert service.program().call(method, target, **cookies).status == 200
    assert _snapshot(service) == before


@pytest.mark.parametrize("kind", ["password_reset", "account_unlock"])
def test_opening_a_reset_or_unlock_link_changes_nothing(service: Service, kind: str) -> None:
    """`B16`, `B7`."""
    become_a_user(service)
    service.program().post(f"/auth/{kind}/request", {"email": ADDRESS})
    target = service.mail_to(ADDRESS).link.removeprefix(ORIGIN)
    before = _snapshot(service)
    for method in ("GET", "HEAD"):
        assert service.program().call(method, target).status == 200
    assert _snapshot(service) == before


def test_opening_a_link_to_a_new_address_changes_nothing(service: Service) -> None:
    """`B16`: in the signed-in browser that asked, and in a mail scanner."""
    become_a_user(service)
    program = signed_in_program(service)
    body = {"current_password": PASSWORD, "email": "robin@elsewhere.test"}
    program.post("/auth/profile/email", body)
    target = service.mail_to("robin@elsewhere.test").link.removeprefix(ORIGIN)
    before = _snapshot(service)
    for method in ("GET", "HEAD"):
        for asking in (service.program(), program):
            assert asking.call(method, target).status == 200
    assert _snapshot(service) == before
    token = token_of(f"{ORIGIN}{target}")
    assert program.post("/auth/email_confirmation", {"token": token}).status == 200


def test_a_link_is_valid_only_for_its_own_purpose(service: Service) -> None:
    """`C4`."""
    sign_up(service.browser())
    confirm = token_of(service.mail_to(ADDRESS).link)
    program = service.program()
    body = {"token": confirm, "password": "another quiet morning 77"}
    assert program.post("/auth/password_reset", body).status == 410
    assert program.post("/auth/account_unlock", {"token": confirm}).status == 410
    body = {"token": confirm, "password": PASSWORD}
    assert program.post("/auth/email_confirmation", body).status == 200


@pytest.mark.parametrize("edited", ["cut", "grown", "other letters", "a line more"])
def test_an_edited_link_is_refused(service: Service, edited: str) -> None:
    """`C1`: and the real link still works."""
    browser = service.browser()
    sign_up(browser)
    token = token_of(service.mail_to(ADDRESS).link)
    program = service.program()
    texts = {
        "cut": token[:-1],
        "grown": token + "A",
        "other letters": token.swapcase(),
        "a line more": token + "\n",
    }
    body = {"token": texts[edited], "password": PASSWORD}
    assert program.post("/auth/email_confirmation", body).status == 410
    body = {"token": token, "password": PASSWORD}
    assert program.post("/auth/email_confirmation", body).status == 200
    assert program.post("/auth/email_confirmation", body).status == 410


def test_twenty_sign_ups_of_one_email_create_one_user(service: Service) -> None:
    """`C3`, `H13`: one user, one account, one `Main`, in whatever order the links are used."""
    replies = race(lambda _: ask_sign_up(service.program()))
    assert {getattr(reply, "status", reply) for reply in replies} == {202}
    service.work()
    tokens = [token_of(letter.link) for letter in service.outbox]
    bodies = [{"token": token, "password": PASSWORD} for token in tokens]
    for body in bodies:
        service.program().post("/auth/email_confirmation", body)
    assert len(service.rows("users")) == 1
    parts = [row["part"]["S"].partition("#")[0] for row in service.rows("accounts")]
    assert sorted(parts) == ["account", "member", "workspaces"]
    assert "latest" not in {row["slot"]["S"] for row in service.rows("sign_ups")}


def test_a_session_token_planted_by_an_attacker_is_never_used(service: Service) -> None:
    """`D3`: no session fixation, and the browser's earlier session ends."""
    become_a_user(service)
    program = service.program()
    program.jar.values["thub_session"] = chosen = "F" * 43
    ask_sign_in(program)
    first = program.jar.values["thub_session"]
    ask_sign_in(program)
    second = program.jar.values["thub_session"]
    assert len({chosen, first, second}) == 3
    answers = [
        service.program().get("/auth/session", Cookie=f"thub_session={token}").status
        for token in (chosen, first, second)
    ]
    assert answers == [401, 401, 200]


def test_two_session_cookies_are_no_session(service: Service) -> None:
    """`D2`: a sibling host can set a second cookie, and the real one can't be told apart."""
    become_a_user(service)
    good = signed_in_program(service).jar.values["thub_session"]
    for written in (f"thub_session={good}; thub_session=x", f"thub_session=x; thub_session={good}"):
        assert service.program().get("/auth/session", Cookie=written).status == 401


def test_a_signed_out_session_stays_signed_out(service: Service) -> None:
    """`D6`."""
    become_a_user(service)
    program = signed_in_program(service)
    token = program.jar.values["thub_session"]
    program.delete("/auth/session")
    cookie = f"thub_session={token}"
    assert service.program().get("/auth/session", Cookie=cookie).status == 401
    assert service.program().get("/", Cookie=cookie).header("Location") == "/sign-in"


@pytest.mark.parametrize(
    "target",
    [
        "/sign-in?next=https://evil.test",
        "/sign-in?return_to=//evil.test",
        "/?next=//evil.test",
        "//evil.test",
        "/%2f%2fevil.test",
        "/%5cevil.test",
        "/accounts?account_id=//evil.test",
    ],
)
def test_no_url_leads_to_another_site(service: Service, target: str) -> None:
    """`E15`."""
    reply = service.program().get(target, Host="evil.test", X_Forwarded_Host="evil.test")
    assert reply.status < 500
    assert "evil.test" not in (reply.header("Location") or "") + reply.text


@pytest.mark.parametrize(
    "target",
    ["/static/..%2fapp.css", "/static/%00", "/static/app.css%00.js", "/static/%2e%2e%2fcookies.py"],
)
def test_no_path_leads_out_of_the_static_files(service: Service, target: str) -> None:
    assert service.program().get(target).status == 404


@pytest.mark.parametrize("blank", ["\u3164", "\u115f\u1160", "\u2800", "\uffa0 \u3164"])
def test_a_name_without_a_visible_character_is_refused(service: Service, blank: str) -> None:
    body = {"name": blank, "email": ADDRESS, "password": PASSWORD, "account_name": "Acme"}
    reply = service.program().post("/auth/sign_up", body)
    assert (reply.status, reply.error["param"]) == (422, "name")
