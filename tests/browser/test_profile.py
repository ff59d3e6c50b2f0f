"""The profile in a real browser: changed and left by keyboard, with and without JavaScript."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import OTHER_PASSWORD, PASSWORD, ask_sign_in, sign_in, sign_up

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.support.servers.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.stack]

_NEW_PASSWORD = "seven grey herons at dawn"


def _enter(tab: Page, stack: Stack) -> str:
    """Sign up by forms, and hand the session to the tab."""
    address = f"robin.{secrets.token_hex(4)}@acme.test"
    browser = stack.browser()
    sign_up(browser, address)
    browser.open(stack.await_link(address))
    browser.press("Confirm email")
    sign_in(browser, address, PASSWORD)
    jar = browser.jar.values
    tab.context.add_cookies([{"name": n, "value": v, "url": stack.origin} for n, v in jar.items()])
    return address


def _said(tab: Page) -> str:
    return tab.locator("p.banner[role=status]").inner_text()


def _end_buttons(tab: Page) -> Locator:
    return tab.get_by_role("button", name="End session:")


def _journey(tab: Page, stack: Stack) -> None:
    address = _enter(tab, stack)
    for _ in range(2):
        assert ask_sign_in(stack.program(), address).status == 200
    tab.goto("/")
    tab.get_by_role("link", name="Robin").press("Enter")
    tab.get_by_role("heading", name="Profile", exact=True).wait_for()

    tab.get_by_role("textbox", name="Name", exact=True).fill("Robin Okonkwo")
    tab.keyboard.press("Enter")
    tab.get_by_role("link", name="Robin Okonkwo").wait_for()
    assert _said(tab) == "Your name is saved."

    assert _end_buttons(tab).count() == 2
    _end_buttons(tab).first.press("Enter")
    tab.get_by_text("The session is ended.").wait_for()
    assert _end_buttons(tab).count() == 1
    tab.get_by_role("button", name="End all others").press("Enter")
    tab.get_by_text("All your other sessions are ended.").wait_for()
    assert _end_buttons(tab).count() == 0

    password = tab.locator("section", has=tab.get_by_role("heading", name="Password"))
    password.get_by_label("Current password").fill(OTHER_PASSWORD)
    password.get_by_label("New password").fill(_NEW_PASSWORD)
    tab.keyboard.press("Enter")
    tab.get_by_role("alert").wait_for()
    password.get_by_label("Current password").fill(PASSWORD)
    password.get_by_label("New password").fill(_NEW_PASSWORD)
    tab.keyboard.press("Enter")
    tab.get_by_text("Your password is changed").wait_for()
    assert ask_sign_in(stack.program(), address, _NEW_PASSWORD).status == 200


def test_a_person_changes_themselves_and_ends_sessions(tab: Page, stack: Stack) -> None:
    """`D8`."""
    _journey(tab, stack)
    assert tab.url == f"{stack.origin}/profile"


def test_the_same_works_without_javascript(plain_tab: Page, stack: Stack) -> None:
    _journey(plain_tab, stack)


def test_the_first_tab_after_an_error_reaches_the_field_to_mend(tab: Page, stack: Stack) -> None:
    _enter(tab, stack)
    tab.goto("/profile")
    tab.get_by_label("New email").fill("not an address")
    tab.keyboard.press("Enter")
    tab.get_by_role("alert").wait_for()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    focused = tab.evaluate("document.activeElement.id || location.hash")
    assert focused in ("email", "#email")
    assert tab.get_by_label("New email").input_value() == "not an address"


@pytest.mark.parametrize("width", [320, 400])
def test_the_profile_fits_a_narrow_window(tab: Page, stack: Stack, width: int) -> None:
    address = _enter(tab, stack)
    assert ask_sign_in(stack.program(), address).status == 200
    tab.set_viewport_size({"width": width, "height": 640})
    tab.goto("/profile")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
