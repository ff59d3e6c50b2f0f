"""Members in a real browser: changed, suspended, let in again, made the owner, leaving."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import PASSWORD, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.http import Browser
    from tests.support.servers.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.stack]


def _a_user(stack: Stack, name: str) -> tuple[Browser, str]:
    """Sign up and in by forms."""
    browser, address = stack.browser(), f"{name.lower()}.{secrets.token_hex(4)}@acme.test"
    browser.open("/sign-up")
    browser.press(
        "Create account", Name=name, Email=address, Password=PASSWORD, Account_name="Acme"
    )
    browser.open(stack.await_link(address))
    browser.press("Confirm email")
    sign_in(browser, address, PASSWORD)
    return browser, address


def _be(tab: Page, stack: Stack, browser: Browser) -> None:
    """Give the tab another person's session."""
    tab.context.clear_cookies()
    jar = browser.jar.values
    tab.context.add_cookies([{"name": n, "value": v, "url": stack.origin} for n, v in jar.items()])


def _two_people(tab: Page, stack: Stack) -> tuple[Browser, Browser]:
    """Let an owner invite somebody, who joins."""
    owner, _ = _a_user(stack, "Robin")
    kim, address = _a_user(stack, "Kim")
    _be(tab, stack, owner)
    tab.goto("/settings/members/invite")
    tab.get_by_label("Email").fill(address)
    tab.get_by_role("button", name="Send invitation").click()
    tab.get_by_role("status").wait_for()
    _be(tab, stack, kim)
    tab.goto(stack.await_link(address, number=2))
    tab.get_by_role("button", name="Join").click()
    tab.get_by_role("heading", name="Choose an account").wait_for()
    return owner, kim


def _save(tab: Page, role: str) -> None:
    tab.get_by_label("Role").select_option(role)
    tab.get_by_role("button", name="Save changes").click()
    tab.get_by_role("status").wait_for()


def _journey(tab: Page, stack: Stack) -> None:
    owner, _ = _two_people(tab, stack)
    _be(tab, stack, owner)
    tab.goto("/settings/members")
    tab.get_by_role("link", name="Manage Kim").click()
    tab.get_by_role("group", name="Workspaces").get_by_label("Main").select_option("viewer")
    _save(tab, "member")
    tab.get_by_role("link", name="Manage Kim").click()
    chosen = tab.get_by_role("group", name="Workspaces").get_by_label("Main")
    assert chosen.input_value() == "viewer"

    tab.get_by_role("button", name="Suspend").click()
    tab.get_by_text("Kim can't open this account at present.").wait_for()
    tab.get_by_role("button", name="Reactivate").click()
    tab.get_by_role("button", name="Suspend").wait_for()

    _save(tab, "admin")
    tab.get_by_role("link", name="Manage Kim").click()
    tab.get_by_role("link", name="Hand over …").click()
    tab.get_by_role("button", name="Hand over ownership").click()
    tab.get_by_role("status").wait_for()
    assert "You're an admin now" in tab.inner_text("main")

    tab.goto("/profile/leave")
    tab.get_by_role("button", name="Leave account").click()
    tab.wait_for_url(lambda url: "/profile/leave" not in url)
    tab.goto("/settings/members")
    assert "Kim" not in tab.inner_text("main")


def test_members_are_managed_and_leave(tab: Page, stack: Stack) -> None:
    _journey(tab, stack)


def test_the_same_works_without_javascript(plain_tab: Page, stack: Stack) -> None:
    _journey(plain_tab, stack)


def test_removing_asks_first(tab: Page, stack: Stack) -> None:
    owner, _ = _two_people(tab, stack)
    _be(tab, stack, owner)
    tab.set_viewport_size({"width": 320, "height": 640})
    tab.goto("/settings/members")
    tab.get_by_role("link", name="Manage Kim").click()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320
    tab.get_by_role("link", name="Remove …").click()
    tab.get_by_role("heading", name="Remove Kim?").wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320
    tab.get_by_role("button", name="Remove member").click()
    tab.get_by_role("status").wait_for()
    assert tab.get_by_role("link", name="Manage Kim").count() == 0
