"""Emails as users type and paste them: white space around one is ignored everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.email_address import EmailAddress, InvalidEmailError
from chalicelib.domain.operators.user_file import parse_user
from chalicelib.domain.sso.assertion import asserted_email
from tests.support.keys import an_owner
from tests.support.personas.invitations import INVITATIONS, INVITED
from tests.support.personas.journeys import (
    ADDRESS,
    PASSWORD,
    ask_sign_in,
    become_a_user,
    sign_in,
    sign_up,
    signed_in_program,
)
from tests.support.personas.operators import done

if TYPE_CHECKING:
    from tests.support.service import Service

PASTED = f" \u00a0\t{ADDRESS}\u3000\u2028\r\n"
EMPTY = " \u00a0\u3000"
# Not white space in Unicode, although invisible.
ZERO_WIDTH = f"\u200b{ADDRESS}"
SEPARATED = f"\x1c{ADDRESS}"

CALLS = {
    "/auth/identify": {},
    "/auth/sign_in": {"password": PASSWORD},
    "/auth/sign_up": {"name": "Robin", "password": PASSWORD, "account_name": "Acme"},
    "/auth/email_confirmation/request": {},
    "/auth/password_reset/request": {},
    "/auth/account_unlock/request": {},
    "/api/v1/invitations": {"role": "member"},
    "/auth/profile/email": {"current_password": PASSWORD},
}


@pytest.mark.parametrize("path", CALLS)
def test_every_call_ignores_white_space_around_an_email(service: Service, path: str) -> None:
    owner = an_owner(service, "owner@acme.test")
    if path == "/auth/sign_in":
        become_a_user(service)
    pasted = owner.post(path, {"email": PASTED, **CALLS[path]})
    assert pasted.status in (200, 201, 202), pasted.text


@pytest.mark.parametrize("path", CALLS)
def test_an_invalid_email_is_a_422_in_every_call(service: Service, path: str) -> None:
    owner = an_owner(service, "owner@acme.test")
    for typed in (EMPTY, ZERO_WIDTH, SEPARATED, f"{ADDRESS} x", "robin @acme.test"):
        refused = owner.post(path, {"email": typed, **CALLS[path]})
        assert (refused.status, refused.json["error"]["param"]) == (422, "email")


def test_a_user_signs_up_and_in_with_a_pasted_email(service: Service) -> None:
    browser = service.browser()
    sign_up(browser, PASTED)
    browser.open(service.mail_to(ADDRESS).link)
    browser.press("Confirm email")
    sign_in(browser, PASTED)
    assert ADDRESS in browser.open("/profile").text


def test_invited_and_changed_emails_are_stored_without_white_space(service: Service) -> None:
    owner = an_owner(service)
    made = owner.post(INVITATIONS, {"email": f"\u3000{INVITED}\n", "role": "member"})
    assert made.json["email"] == INVITED
    asked = {"email": "\u2003new@acme.test ", "current_password": PASSWORD}
    assert owner.post("/auth/profile/email", asked).status == 202
    assert service.mail_to("new@acme.test").link


def test_operators_and_imports_accept_pasted_emails(service: Service) -> None:
    become_a_user(service)
    assert f"{ADDRESS}, confirmed" in done("find", PASTED)
    assert parse_user({"email": PASTED, "name": "Robin"}).email == EmailAddress(ADDRESS)


def test_a_providers_email_is_accepted_only_in_its_exact_form() -> None:
    with pytest.raises(InvalidEmailError):
        asserted_email(f" {ADDRESS}")


def test_any_amount_of_white_space_is_ignored(service: Service) -> None:
    become_a_user(service)
    assert ask_sign_in(service.program(), " " * 5_000 + ADDRESS).status == 200
    assert signed_in_program(service, f"{ADDRESS} ").get("/auth/session").status == 200
