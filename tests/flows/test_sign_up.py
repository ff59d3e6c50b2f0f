"""Signing up, from the first form to the first page of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.http import Browser
    from tests.support.service import Service

ADDRESS = "robin@acme.test"
PASSWORD = "violet harbour under snow"


def sign_up(browser: Browser, address: str = ADDRESS, password: str = PASSWORD) -> None:
    browser.open("/sign-up")
    browser.press(
        "Create account", Name="Robin", Email=address, Password=password, Account_name="Acme"
    )


def sign_in(browser: Browser, address: str = ADDRESS, password: str = PASSWORD) -> None:
    browser.open("/sign-in")
    browser.press("Continue", Email=address)
    browser.press("Sign in", Password=password)


def test_a_stranger_becomes_the_owner_of_an_account_with_main(service: Service) -> None:
    browser = service.browser()
    sign_up(browser)
    assert browser.page.heading == "Check your email"

    browser.open(service.mail_to(ADDRESS).link)
    browser.press("Confirm email")
    assert browser.page.heading == "Sign in"
    assert "confirmed" in browser.page.status_message

    browser.press("Continue", Email=ADDRESS)
    browser.press("Sign in", Password=PASSWORD)
    assert browser.page.url.endswith("/")
    assert "Acme" in browser.page.text
    assert "Main" in browser.page.text
