"""Resetting and changing a password, changing an email, and proofs."""

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
    from tests.support.service import Service

NEW_PASSWORD = "seven grey herons at dawn"
NEW_ADDRESS = "robin@elsewhere.test"
SENT = {"next": "check_email"}


def _reset_token(service: Service) -> str:
    service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    return token_of(service.mail_to(ADDRESS).link)


def _change_email(service: Service) -> str:
    program = signed_in_program(service)
    body = {"current_password": PASSWORD, "email": NEW_ADDRESS}
    reply = program.post("/auth/profile/email", body)
    assert (reply.status, reply.json) == (202, SENT)
    return token_of(service.mail_to(NEW_ADDRESS).link)


def test_a_reset_sets_the_password_ends_sessions_and_sends_a_notice(service: Service) -> None:
    """`B11`, `B12`, `C8`."""
    become_a_user(service)
    old = signed_in_program(service)
    body = {"token": _reset_token(service), "password": NEW_PASSWORD}
    reply = service.program().post("/auth/password_reset", body)
    assert (reply.status, reply.json) == (200, {"next": "sign_in"})
    assert not reply.cookies
    assert old.get("/auth/session").status == 401
    assert ask_sign_in(service.program()).status == 401
    assert ask_sign_in(service.program(), ADDRESS, NEW_PASSWORD).status == 200
    assert "changed" in service.mail_to(ADDRESS).subject


def test_a_reset_link_works_once_and_older_ones_end_with_the_password(service: Service) -> None:
    """`C3`, `C4`."""
    become_a_user(service)
    older, newer = _reset_token(service), _reset_token(service)
    program = service.program()
    body = {"token": newer, "password": NEW_PASSWORD}
    assert program.post("/auth/password_reset", body).status == 200
    for token in (newer, older):
        reply = program.post("/auth/password_reset", {"token": token, "password": OTHER_PASSWORD})
        assert (reply.status, reply.error["code"]) == (410, "link_invalid")


def test_a_weak_password_leaves_the_reset_link_valid(service: Service) -> None:
    """`A5`, `A6`."""
    become_a_user(service)
    token = _reset_token(service)
    program = service.program()
    reply = program.post("/auth/password_reset", {"token": token, "password": "short"})
    assert (reply.status, reply.error["param"]) == (422, "password")
    body = {"token": token, "password": NEW_PASSWORD}
    assert program.post("/auth/password_reset", body).status == 200


def test_a_reset_link_expires_after_an_hour(service: Service) -> None:
    """`C5`."""
    become_a_user(service)
    token = _reset_token(service)
    service.clock.advance(timedelta(hours=1))
    body = {"token": token, "password": NEW_PASSWORD}
    assert service.program().post("/auth/password_reset", body).status == 410


@pytest.mark.parametrize("flow", ["password_reset", "account_unlock"])
def test_a_request_gets_the_same_answer_for_an_unknown_email(service: Service, flow: str) -> None:
    """`B1`, `B7`."""
    become_a_user(service)
    before = len(service.outbox)
    reply = service.program().post(f"/auth/{flow}/request", {"email": "nobody@acme.test"})
    assert (reply.status, reply.json) == (202, SENT)
    service.work()
    assert len(service.outbox) == before


def test_a_link_is_refused_for_another_purpose(service: Service) -> None:
    """`C4`."""
    become_a_user(service)
    token = _reset_token(service)
    for path in ("/auth/account_unlock", "/auth/email_confirmation"):
        assert service.program().post(path, {"token": token}).status == 410
    page = service.browser().open(f"/account-unlock?token={token}")
    assert page.status == 410
    assert "too old" in page.html


def test_the_reset_pages_lead_from_the_email_to_the_new_password(service: Service) -> None:
    become_a_user(service)
    browser = service.browser()
    browser.open("/password-reset")
    browser.press("Send link", Email="not an address")
    assert browser.page.status == 422
    browser.press("Send link", Email=ADDRESS)
    assert browser.page.heading == "Check your email"
    browser.open(service.mail_to(ADDRESS).link)
    browser.press("Set password", New_password="short")
    assert browser.page.status == 422
    browser.press("Set password", New_password=NEW_PASSWORD)
    assert browser.page.heading == "Sign in"
    assert "new password" in browser.page.html


def test_a_locked_user_unlocks_on_pages(service: Service) -> None:
    """`B6`, `B16`."""
    become_a_user(service)
    for _ in range(5):
        ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD)
    browser = service.browser()
    browser.open("/account-unlock")
    browser.press("Send link", Email=ADDRESS)
    browser.open(service.mail_to(ADDRESS).link)
    assert ask_sign_in(service.program()).status == 401
    browser.press("Unlock")
    assert browser.page.heading == "Sign in"
    assert ask_sign_in(service.program()).status == 200


def test_an_unlock_link_works_once(service: Service) -> None:
    """`C3`."""
    become_a_user(service)
    program = service.program()
    program.post("/auth/account_unlock/request", {"email": ADDRESS})
    body = {"token": token_of(service.mail_to(ADDRESS).link)}
    assert program.post("/auth/account_unlock", body).json == {"next": "sign_in"}
    assert program.post("/auth/account_unlock", body).status == 410


def test_a_change_of_password_keeps_only_this_session(service: Service) -> None:
    """`A9`, `B11`."""
    become_a_user(service)
    this, other = signed_in_program(service), signed_in_program(service)
    token = _reset_token(service)
    body = {"current_password": PASSWORD, "password": NEW_PASSWORD}
    assert this.post("/auth/profile/password", body).status == 204
    assert this.get("/auth/session").status == 200
    assert other.get("/auth/session").status == 401
    reset = {"token": token, "password": OTHER_PASSWORD}
    assert other.post("/auth/password_reset", reset).status == 410
    assert "changed" in service.mail_to(ADDRESS).subject


def test_a_wrong_current_password_counts_as_a_failed_attempt(service: Service) -> None:
    """`A9`."""
    become_a_user(service)
    program = signed_in_program(service)
    body = {"current_password": OTHER_PASSWORD, "password": NEW_PASSWORD}
    for _ in range(5):
        reply = program.post("/auth/profile/password", body)
        assert (reply.status, reply.error["code"]) == (422, "wrong_password")
        assert reply.error["param"] == "current_password"
    body["current_password"] = PASSWORD
    assert program.post("/auth/profile/password", body).status == 422


def test_a_proof_and_a_new_name(service: Service) -> None:
    """`D9`."""
    become_a_user(service)
    program = signed_in_program(service)
    assert program.post("/auth/session/proof", {"password": PASSWORD}).status == 204
    assert program.post("/auth/session/proof", {"password": OTHER_PASSWORD}).status == 422
    reply = program.call("PATCH", "/auth/profile", {"name": "Robin Hale"})
    assert reply.json["name"] == "Robin Hale"
    assert program.get("/auth/session").json["user"]["name"] == "Robin Hale"


def test_a_new_email_applies_when_its_link_is_used(service: Service) -> None:
    """`B11`, `C4`."""
    become_a_user(service)
    token = _change_email(service)
    assert ask_sign_in(service.program(), NEW_ADDRESS).status == 401
    browser = service.browser()
    browser.open(f"/email-confirmation?token={token}")
    browser.press("Confirm email", Password=PASSWORD)
    assert browser.page.heading == "Sign in"
    assert ask_sign_in(service.program()).status == 401
    assert ask_sign_in(service.program(), NEW_ADDRESS).status == 200
    service.work()
    recipients = [mail.to for mail in service.outbox if "was changed" in mail.subject]
    assert sorted(recipients) == sorted([ADDRESS, NEW_ADDRESS])


@pytest.mark.parametrize(
    "email",
    ["", "robin", "robin@acme", "robin@acme.test\r\nBcc: x@evil.test", "r\u043ebin@acme.test"],
    ids=ascii,
)
def test_an_invalid_new_email_is_a_422(service: Service, email: str) -> None:
    become_a_user(service)
    program = signed_in_program(service)
    service.work()
    body = {"current_password": PASSWORD, "email": email}
    reply = program.post("/auth/profile/email", body)
    assert (reply.status, reply.error["param"]) == (422, "email")
    assert service.work() == 0


def test_an_email_that_was_taken_meanwhile_keeps_its_user(service: Service) -> None:
    become_a_user(service)
    token = _change_email(service)
    become_a_user(service, NEW_ADDRESS, OTHER_PASSWORD)
    body = {"token": token, "password": PASSWORD}
    reply = service.program().post("/auth/email_confirmation", body)
    assert reply.status == 410
    assert ask_sign_in(service.program()).status == 200
    assert ask_sign_in(service.program(), NEW_ADDRESS, OTHER_PASSWORD).status == 200


def test_another_browser_confirms_a_sign_up_with_its_password(service: Service) -> None:
    program = service.program()
    body = {"name": "Robin", "email": ADDRESS, "password": PASSWORD, "account_name": "Acme"}
    program.post("/auth/sign_up", body)
    token = token_of(service.mail_to(ADDRESS).link)
    other = service.program()
    reply = other.post("/auth/email_confirmation", {"token": token})
    assert (reply.status, reply.error["code"]) == (403, "password_required")
    reply = other.post("/auth/email_confirmation", {"token": token, "password": OTHER_PASSWORD})
    assert (reply.status, reply.error["code"]) == (422, "wrong_password")
    reply = other.post("/auth/email_confirmation", {"token": token, "password": PASSWORD})
    assert reply.json == {"next": "sign_in"}
