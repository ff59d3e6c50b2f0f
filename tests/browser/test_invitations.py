"""Invitations in a real browser: sent from the settings, joined from the mail."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import OTHER_PASSWORD, PASSWORD, sign_in, sign_up

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.http import Browser
    from tests.support.servers.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.stack]


def _address(name: str) -> str:
    return f"{name}.{secrets.token_hex(4)}@acme.test"


def _user(stack: Stack, address: str) -> Browser:
    """Sign up and in by forms."""
    browser = stack.browser()
    sign_up(browser, address)
    browser.open(stack.await_link(address))
    browser.press("Confirm email")
    sign_in(browser, address, PASSWORD)
    return browser


def _be(tab: Page, stack: Stack, browser: Browser | None) -> None:
    """Give the tab another person's session, or nobody's."""
    tab.context.clear_cookies()
    if browser is not None:
        jar = browser.jar.values
        tab.context.add_cookies(
            [{"name": n, "value": v, "url": stack.origin} for n, v in jar.items()]
        )


def _invite(tab: Page, address: str) -> None:
    tab.goto("/settings/members")
    tab.get_by_role("link", name="Invite someone").click()
    tab.get_by_label("Email").fill(address)
    workspaces = tab.get_by_role("group", name="Workspaces")
    workspaces.get_by_label("Main").select_option("viewer")
    tab.get_by_role("button", name="Send invitation").click()
    tab.get_by_role("status").wait_for()
    assert address in tab.inner_text("main")


def _journey(tab: Page, stack: Stack) -> None:
    owner = _user(stack, _address("robin"))
    newcomer, existing = _address("kim"), _address("sam")
    sam = _user(stack, existing)
    _be(tab, stack, owner)
    _invite(tab, newcomer)
    _invite(tab, existing)

    _be(tab, stack, None)
    tab.goto(stack.await_link(newcomer))
    tab.get_by_role("heading", name="Join Acme").wait_for()
    tab.get_by_label("Name", exact=True).fill("Kim")
    tab.get_by_label("Password").fill(OTHER_PASSWORD)
    tab.get_by_role("button", name="Join").click()
    tab.get_by_role("heading", name="Sign in").wait_for()
    tab.get_by_label("Email").fill(newcomer)
    tab.get_by_role("button", name="Continue").click()
    tab.get_by_label("Password").fill(OTHER_PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_text("Main", exact=True).first.wait_for()

    _be(tab, stack, sam)
    tab.goto(stack.await_link(existing, number=2))
    tab.get_by_role("button", name="Join").click()
    tab.get_by_role("heading", name="Choose an account").wait_for()
    assert tab.get_by_role("button", name="Acme").count() == 2

    _be(tab, stack, owner)
    tab.goto("/settings/members")
    assert "Invited" not in tab.inner_text("main")
    for address in (newcomer, existing):
        assert address in tab.inner_text("main")


def test_people_are_invited_and_join(tab: Page, stack: Stack) -> None:
    _journey(tab, stack)


def test_the_same_works_without_javascript(plain_tab: Page, stack: Stack) -> None:
    _journey(plain_tab, stack)


def test_the_token_leaves_the_address_bar(tab: Page, stack: Stack) -> None:
    """`C6`."""
    _be(tab, stack, _user(stack, _address("robin")))
    address = _address("kim")
    _invite(tab, address)
    tab.goto(stack.await_link(address))
    tab.get_by_role("heading", name=re.compile("Join")).wait_for()
    assert tab.url == f"{stack.origin}/invitation"
