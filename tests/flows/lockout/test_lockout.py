"""Too many wrong passwords, and the three ways to end a lockout."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    become_a_user,
    signed_in_program,
    token_of,
)

if TYPE_CHECKING:
    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service


def _lock(service: Service, address: str = ADDRESS) -> None:
    for _ in range(5):
        assert ask_sign_in(service.program(), address, OTHER_PASSWORD).status == 401


def test_a_locked_email_refuses_the_right_password_like_a_wrong_one(service: Service) -> None:
    """`B2`, `B6`."""
    become_a_user(service)
    wrong = ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD)
    _lock(service)
    locked = ask_sign_in(service.program())
    assert (locked.status, locked.body) == (wrong.status, wrong.body)


def test_a_lockout_ends_by_itself(service: Service, clock: StoppedClock) -> None:
    """`B5`."""
    become_a_user(service)
    _lock(service)
    clock.advance(timedelta(minutes=10))
    signed_in_program(service)


def test_a_lockout_mails_one_link_that_ends_it_and_signs_nobody_in(service: Service) -> None:
    """`B6`, `B12`."""
    become_a_user(service)
    before = len(service.outbox)
    _lock(service)
    for _ in range(3):
        ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD)
    letter = service.mail_to(ADDRESS)
    assert len(service.outbox) == before + 1

    program = service.program()
    reply = program.post("/auth/account_unlock", {"token": token_of(letter.link)})
    assert (reply.status, reply.json) == (200, {"next": "sign_in"})
    assert not reply.cookies
    signed_in_program(service)


def test_failures_at_an_unknown_email_send_no_mail(service: Service) -> None:
    _lock(service, "nobody@acme.test")
    service.work()
    assert service.outbox == []


def test_a_reset_ends_the_lockout_at_once(service: Service) -> None:
    """`B6`, `C8`: no one can keep the user out."""
    become_a_user(service)
    _lock(service)
    program = service.program()
    program.post("/auth/password_reset/request", {"email": ADDRESS})
    token = token_of(service.mail_to(ADDRESS).link)
    reply = program.post("/auth/password_reset", {"token": token, "password": OTHER_PASSWORD})
    assert (reply.status, reply.json) == (200, {"next": "sign_in"})
    signed_in_program(service, password=OTHER_PASSWORD)
    assert ask_sign_in(service.program()).status == 401


def test_a_stranger_cannot_lock_a_user_out_of_their_own_browser(service: Service) -> None:
    """`B6`: the browser's device cookie has a count of its own."""
    become_a_user(service)
    own = signed_in_program(service)
    own.delete("/auth/session")
    _lock(service)
    assert ask_sign_in(service.program()).status == 401
    assert ask_sign_in(own).status == 200


@pytest.mark.parametrize("environ", [{"SOURCE_FAILURES": "10"}], ids=["ten failures"])
def test_one_source_that_guesses_at_many_emails_must_wait(service: Service) -> None:
    """`G1`, `G5`: a forged header doesn't help."""
    for number in range(10):
        body = {"email": f"person{number}@acme.test", "password": "x"}
        reply = service.program().post(
            "/auth/sign_in", body, X_Forwarded_For=f"198.51.100.{number}"
        )
        assert reply.status == 401
    refused = ask_sign_in(service.program())
    assert refused.status == 429
    assert 1 <= int(refused.header("Retry-After") or "0") <= 900
    assert ask_sign_in(service.program("198.51.100.9")).status == 401


def test_a_reset_ends_every_session_and_link_and_notifies_the_user(
    service: Service,
) -> None:
    """`C4`, `C8`, `B11`."""
    become_a_user(service)
    session = signed_in_program(service)
    program = service.program()
    links = []
    for _ in range(2):
        program.post("/auth/password_reset/request", {"email": ADDRESS})
        links.append(token_of(service.mail_to(ADDRESS).link))
    body = {"token": links[0], "password": OTHER_PASSWORD}
    assert program.post("/auth/password_reset", body).status == 200
    assert session.get("/auth/session").status == 401
    assert program.post("/auth/password_reset", {**body, "token": links[1]}).status == 410
    notice = service.mail_to(ADDRESS)
    assert "password" in notice.subject.lower()
    assert PASSWORD not in notice.text
    assert OTHER_PASSWORD not in notice.text


def test_requesting_a_reset_changes_nothing(service: Service) -> None:
    """`B7`."""
    become_a_user(service)
    service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    service.work()
    signed_in_program(service)


@pytest.mark.parametrize("asked_for", [False, True], ids=["mailed at the lock", "asked for"])
def test_an_unlock_link_ends_the_lockout_of_a_known_browser_too(
    service: Service, *, asked_for: bool
) -> None:
    """`B6`: a known browser has a count of its own, so its lockout is another one."""
    become_a_user(service)
    program = signed_in_program(service)
    for _ in range(5):
        ask_sign_in(program, ADDRESS, OTHER_PASSWORD)
    assert ask_sign_in(program).status == 401
    assert ask_sign_in(service.program()).status == 200
    if asked_for:
        program.post("/auth/account_unlock/request", {"email": ADDRESS})
    token = token_of(service.mail_to(ADDRESS, "Unlock").link)
    assert service.program().post("/auth/account_unlock", {"token": token}).status == 200
    assert ask_sign_in(program).status == 200


def test_an_unlock_without_failures_leaves_no_lasting_row(service: Service) -> None:
    become_a_user(service)
    service.program().post("/auth/account_unlock/request", {"email": ADDRESS})
    token = token_of(service.mail_to(ADDRESS).link)
    service.program().post("/auth/account_unlock", {"token": token})
    assert all("ttl" in row for row in service.rows("limits"))
