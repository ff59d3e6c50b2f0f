"""Workspaces and accounts of one's own in a real browser, with and without JavaScript."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import PASSWORD, sign_in, sign_up

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.servers.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.stack]


def _enter(tab: Page, stack: Stack) -> None:
    """Sign up by forms, and hand the session to the tab."""
    address = f"robin.{secrets.token_hex(4)}@acme.test"
    browser = stack.browser()
    sign_up(browser, address)
    browser.open(stack.await_link(address))
    browser.press("Confirm email")
    sign_in(browser, address, PASSWORD)
    jar = browser.jar.values
    tab.context.add_cookies([{"name": n, "value": v, "url": stack.origin} for n, v in jar.items()])
    tab.goto("/")


def _manage_workspaces(tab: Page) -> None:
    tab.goto("/settings/workspaces")
    tab.get_by_label("Name").fill("Depots")
    tab.get_by_label("Description").fill("Where things wait")
    tab.get_by_role("button", name="Create workspace").click()
    tab.get_by_role("status").wait_for()
    tab.get_by_role("link", name="Edit Depots").click()
    tab.get_by_label("Name").fill("Yards")
    tab.get_by_role("button", name="Save changes").click()
    tab.get_by_role("status").wait_for()
    assert "Where things wait" in tab.inner_text("table")
    tab.get_by_role("link", name="Delete Yards").click()
    tab.get_by_role("heading", name="Delete “Yards”?").wait_for()
    tab.get_by_role("button", name="Delete workspace").click()
    tab.get_by_role("status").wait_for()
    assert "Yards" not in tab.inner_text("table")


def _make_an_account_and_switch(tab: Page) -> None:
    tab.locator(".switcher summary").click()
    tab.get_by_role("link", name="New account…").click()
    tab.get_by_label("Account name").fill("Cumulus")
    tab.get_by_role("button", name="Create account").click()
    tab.get_by_role("status").wait_for()
    tab.locator(".switcher summary").filter(has_text="Cumulus").click()
    tab.get_by_role("button", name="Acme").click()
    tab.locator(".switcher summary").filter(has_text="Acme").wait_for()


def test_workspaces_are_managed_and_accounts_made_and_switched(tab: Page, stack: Stack) -> None:
    _enter(tab, stack)
    _manage_workspaces(tab)
    _make_an_account_and_switch(tab)


def test_the_same_works_without_javascript(plain_tab: Page, stack: Stack) -> None:
    _enter(plain_tab, stack)
    _manage_workspaces(plain_tab)
    _make_an_account_and_switch(plain_tab)


def test_a_refused_name_is_the_first_thing_that_tab_reaches(tab: Page, stack: Stack) -> None:
    _enter(tab, stack)
    tab.goto("/settings/workspaces")
    tab.get_by_label("Name").fill("MAIN")
    tab.get_by_role("button", name="Create workspace").click()
    tab.get_by_role("alert").wait_for()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.name") == "name"
    assert tab.get_by_label("Name").get_attribute("aria-describedby") == "name-error"


@pytest.mark.parametrize("path", ["/settings/workspaces", "/accounts", "/accounts/new"])
def test_the_pages_fit_a_narrow_window(tab: Page, stack: Stack, path: str) -> None:
    tab.set_viewport_size({"width": 320, "height": 640})
    _enter(tab, stack)
    tab.goto(path)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320
