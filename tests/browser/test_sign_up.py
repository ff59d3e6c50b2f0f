"""The first journey, in a real browser on a running stack."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.servers.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.stack]

PASSWORD = "violet harbour under snow"


def _address() -> str:
    return f"robin.{secrets.token_hex(4)}@acme.test"


def _journey(tab: Page, stack: Stack, address: str) -> None:
    tab.goto("/sign-up")
    tab.get_by_label("Name", exact=True).fill("Robin")
    tab.get_by_label("Email").fill(address)
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_label("Account name").fill("Acme")
    tab.get_by_role("button", name="Create account").click()
    tab.get_by_role("heading", name="Check your email").wait_for()

    tab.goto(stack.await_link(address))
    tab.get_by_role("button", name="Confirm email").click()
    tab.get_by_role("status").wait_for()

    tab.get_by_label("Email").fill(address)
    tab.get_by_role("button", name="Continue").click()
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_text("Main", exact=True).first.wait_for()
    assert "Acme" in tab.inner_text("body")


def test_a_stranger_signs_up_confirms_and_sees_their_account(tab: Page, stack: Stack) -> None:
    _journey(tab, stack, _address())


def test_the_same_works_without_javascript(plain_tab: Page, stack: Stack) -> None:
    _journey(plain_tab, stack, _address())
