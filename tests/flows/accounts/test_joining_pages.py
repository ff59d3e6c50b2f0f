"""The page of a mailed invitation, as users see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.roles import Role
from tests.support.keys import account_of, add_member, an_owner
from tests.support.personas.invitations import INVITATIONS, INVITED, accept, invite
from tests.support.personas.journeys import (
    OTHER_PASSWORD,
    become_a_user,
    sign_in,
    signed_in_program,
    token_of,
)

if TYPE_CHECKING:
    from tests.support.http import Browser, Program
    from tests.support.service import Service

SOMEBODY = "sam@borealis.test"


@pytest.fixture
def owner(service: Service) -> Program:
    return an_owner(service)


def _link(service: Service, owner: Program, address: str) -> str:
    invite(owner, address)
    return service.mail_to(address).link


def _buttons(browser: Browser) -> set[str]:
    return {caption for form in browser.page.forms for caption in form.buttons}


def test_a_new_user_enters_name_and_password_and_signs_in(service: Service, owner: Program) -> None:
    """`B12`, `C6`: the token is in no URL except the mailed one."""
    link = _link(service, owner, INVITED)
    browser = service.browser()
    page = browser.open(link)
    assert page.heading == "Join Acme"
    assert "Robin invites you to Acme ." in page.text
    browser.press("Join", Name="Kim", Password=OTHER_PASSWORD)
    assert browser.page.heading == "Sign in"
    assert browser.page.status_message == "You've joined. You can sign in now."
    assert all(token_of(link) not in page.url for page in browser.history[1:])
    sign_in(browser, INVITED, OTHER_PASSWORD)
    assert browser.page.url.endswith("/")
    assert "Acme" in browser.page.text


def test_an_error_is_shown_at_its_field_and_the_link_stays_valid(
    service: Service, owner: Program
) -> None:
    browser = service.browser()
    browser.open(_link(service, owner, INVITED))
    browser.press("Join", Name="Kim", Password="short")
    assert browser.page.status == 422
    assert "Password" in browser.page.alert
    assert browser.page.form_of("Join").fields["Name"].attributes["value"] == "Kim"
    browser.press("Join", Name="", Password=OTHER_PASSWORD)
    assert "Enter a name." in browser.page.alert
    browser.press("Join", Name="Kim", Password=OTHER_PASSWORD)
    assert browser.page.heading == "Sign in"


def test_a_signed_in_user_joins_with_one_button(service: Service, owner: Program) -> None:
    become_a_user(service, SOMEBODY)
    link = _link(service, owner, SOMEBODY)
    browser = service.browser()
    sign_in(browser, SOMEBODY)
    browser.open(link)
    assert set(browser.page.form_of("Join").fields) == set()
    browser.press("Join")
    assert browser.page.heading == "Choose an account"
    assert browser.page.status_message == "You've joined. Open the account below."
    accounts = signed_in_program(service, SOMEBODY).get("/accounts")
    assert accounts.text.count("Acme") == 2


def test_an_existing_user_is_asked_to_sign_in_and_returns(service: Service, owner: Program) -> None:
    become_a_user(service, SOMEBODY)
    link = _link(service, owner, SOMEBODY)
    browser = service.browser()
    browser.open(link)
    assert f"Sign in as {SOMEBODY} , then open the link from the mail again" in browser.page.text
    assert _buttons(browser) == set()
    browser.follow("Go to sign-in")
    browser.press("Continue", Email=SOMEBODY)
    sign_in(browser, SOMEBODY)
    browser.open(link)
    browser.press("Join")
    assert browser.page.heading == "Choose an account"


def test_a_user_signed_in_as_another_user_sees_it(service: Service, owner: Program) -> None:
    become_a_user(service, SOMEBODY)
    become_a_user(service, "eve@other.test")
    link = _link(service, owner, SOMEBODY)
    browser = service.browser()
    sign_in(browser, "eve@other.test")
    browser.open(link)
    assert "You're signed in as eve@other.test" in browser.page.text
    assert _buttons(browser) == set()


def test_an_outdated_form_shows_the_right_one(service: Service, owner: Program) -> None:
    """Two accounts invite a new user, who submits both forms."""
    first = _link(service, owner, INVITED)
    second = _link(service, an_owner(service, SOMEBODY), INVITED)
    browsers = [service.browser(), service.browser()]
    for browser, link in zip(browsers, (first, second), strict=True):
        browser.open(link)
    for browser in browsers:
        browser.press("Join", Name="Kim", Password=OTHER_PASSWORD)
    assert browsers[0].page.heading == "Sign in"
    assert browsers[1].page.status == 401
    assert f"Sign in as {INVITED}" in browsers[1].page.text


def test_a_member_sees_a_link_to_the_account(service: Service, owner: Program) -> None:
    link = _link(service, owner, INVITED)
    add_member(service, account_of(owner), INVITED, Role.MEMBER)
    browser = service.browser()
    sign_in(browser, INVITED)
    browser.open(link)
    assert "You're in this account already." in browser.page.text
    browser.follow("Go to your accounts")
    assert browser.page.heading == "Choose an account"


def test_an_invalid_link_says_whom_to_ask(service: Service, owner: Program) -> None:
    """Used, revoked and made-up links look the same."""
    revoked = _link(service, owner, INVITED)
    (listed,) = owner.get(INVITATIONS).json["items"]
    owner.delete(f"{INVITATIONS}/{listed['id']}")
    become_a_user(service, SOMEBODY)
    spent = _link(service, owner, SOMEBODY)
    accept(signed_in_program(service, SOMEBODY), token_of(spent))
    pages = [
        service.browser().open(link) for link in (revoked, spent, "/invitation?token=" + "A" * 43)
    ]
    assert {page.status for page in pages} == {410}
    assert {page.html for page in pages} == {pages[0].html}
    assert pages[0].heading == "Invitation no longer valid"
    assert "ask whoever invited you" in pages[0].text
