"""API keys in a real browser: made, copied once, deleted."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.support.keys import Holder
from tests.support.personas.journeys import PASSWORD, sign_in, sign_up

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.servers.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.stack]

_ACCOUNT = "/api/v1/account"


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


def _journey(tab: Page, stack: Stack) -> str:
    _enter(tab, stack)
    tab.goto("/")
    tab.get_by_role("link", name="Settings").click()
    menu = tab.get_by_text("Settings menu")
    if menu.is_visible():
        menu.click()
    tab.get_by_role("link", name="API keys").locator("visible=true").click()
    tab.get_by_role("heading", name="API keys", exact=True).wait_for()
    tab.get_by_role("textbox", name="Name").fill("CI pipeline")
    tab.get_by_role("button", name="Create key").click()
    tab.get_by_role("heading", name="Your new key").wait_for()
    (key, line) = tab.locator("code").all_inner_texts()
    assert re.fullmatch(r"thub_[0-9A-Za-z]{32}", key)
    assert line == f'curl -H "Authorization: Bearer {key}" {stack.origin}{_ACCOUNT}'
    assert Holder(stack.program(), key).get(_ACCOUNT).status == 200
    return key


def _delete(tab: Page, stack: Stack, key: str) -> None:
    tab.goto("/settings/api-keys")
    assert key not in tab.content()
    assert "just now" in tab.inner_text("table")
    tab.get_by_role("link", name="Delete CI pipeline").click()
    tab.get_by_role("heading", name="Delete “CI pipeline”?").wait_for()
    tab.get_by_role("button", name="Delete key").click()
    tab.get_by_role("status").wait_for()
    assert "No keys yet" in tab.inner_text("main")
    assert Holder(stack.program(), key).get(_ACCOUNT).status == 401


def test_a_key_is_made_copied_and_deleted(tab: Page, stack: Stack) -> None:
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=stack.origin)
    key = _journey(tab, stack)
    tab.get_by_role("button", name="Copy", exact=True).click()
    assert tab.evaluate("navigator.clipboard.readText()") == key
    _delete(tab, stack, key)


def test_the_same_works_without_javascript(plain_tab: Page, stack: Stack) -> None:
    key = _journey(plain_tab, stack)
    assert plain_tab.get_by_role("button", name="Copy").count() == 0
    _delete(plain_tab, stack, key)


def test_a_key_fits_a_narrow_window(tab: Page, stack: Stack) -> None:
    tab.set_viewport_size({"width": 320, "height": 640})
    _journey(tab, stack)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320
