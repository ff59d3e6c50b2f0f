"""From signing up to signing out with a keyboard alone, with JavaScript and without."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.support.browser.keyboard import Keyboard
from tests.support.personas.journeys import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.servers.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.stack]


def _sign_up(keys: Keyboard, stack: Stack, address: str) -> None:
    keys.tab.goto("/sign-up")
    keys.await_focus("Name")
    keys.type("Email", address)
    keys.press("Create account")
    keys.tab.get_by_role("alert").wait_for()
    keys.await_focus("Some fields need another look")
    keys.press("Name")
    keys.type("Name", "Robin")
    keys.type("Password", PASSWORD)
    keys.type("Account name", "Acme")
    keys.tab.keyboard.press("Enter")
    keys.await_heading("Check your email")
    keys.tab.goto(stack.await_link(address))
    keys.press("Confirm email")
    keys.await_heading("Sign in")


def _sign_in(keys: Keyboard, address: str) -> None:
    keys.await_focus("Email")
    keys.type("Email", address)
    keys.tab.keyboard.press("Enter")
    keys.tab.get_by_label("Password").wait_for()
    keys.await_focus("Password")
    keys.type("Password", "not it at all")
    keys.press("Sign in")
    keys.tab.get_by_role("alert").wait_for()
    keys.await_focus("Password")
    keys.type("Password", PASSWORD)
    keys.press("Sign in")
    keys.await_heading("Workspaces")


def _make_and_delete_a_key(keys: Keyboard) -> None:
    keys.press("Skip to content")
    keys.tab.keyboard.press("Shift+Tab")
    keys.press("Settings")
    keys.await_heading("Members")
    keys.press("API keys")
    keys.await_heading("API keys")
    keys.type("Name", "CI pipeline")
    keys.press("Create key")
    keys.tab.get_by_role("heading", name="Your new key").wait_for()
    keys.await_focus("Your new key: CI pipeline")
    keys.press("Delete CI pipeline")
    keys.await_heading("Delete “CI pipeline”?")
    keys.press("Delete key")
    keys.tab.get_by_text("The key is deleted.").wait_for()


def _sign_out(keys: Keyboard) -> None:
    keys.press("Sign out")
    keys.await_heading("Sign in")
    keys.await_focus("Email")


def _journey(tab: Page, stack: Stack) -> None:
    keys, address = Keyboard(tab), f"robin.{secrets.token_hex(4)}@acme.test"
    _sign_up(keys, stack, address)
    _sign_in(keys, address)
    _make_and_delete_a_key(keys)
    _sign_out(keys)


def test_a_keyboard_is_enough(tab: Page, stack: Stack) -> None:
    _journey(tab, stack)
    # What was there before signing out isn't kept by the browser for whoever presses Back.
    tab.go_back()
    Keyboard(tab).await_heading("Sign in")


def test_a_keyboard_is_enough_without_javascript(plain_tab: Page, stack: Stack) -> None:
    _journey(plain_tab, stack)


def test_pressing_enter_again_and_again_sends_once(tab: Page) -> None:
    sent: list[str] = []
    tab.on("request", lambda made: sent.append(made.method))
    tab.goto("/sign-up")
    address = f"robin.{secrets.token_hex(4)}@acme.test"
    for label, text in (("Name", "Robin"), ("Email", address), ("Account name", "Acme")):
        tab.get_by_label(label, exact=True).fill(text)
    tab.get_by_label("Password").fill(PASSWORD)
    for _ in range(4):
        tab.keyboard.press("Enter")
    Keyboard(tab).await_heading("Check your email")
    assert sent.count("POST") == 1
    # Coming back, the form is there to be sent again.
    tab.go_back()
    assert tab.get_by_role("button", name="Create account").is_enabled()
