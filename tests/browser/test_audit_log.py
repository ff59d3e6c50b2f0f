"""The audit log in a real browser: read, searched, downloaded; narrow and wide."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import OTHER_PASSWORD, PASSWORD, ask_sign_in, sign_in, sign_up

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.support.servers.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.stack]


def _enter(tab: Page, stack: Stack) -> str:
    """Sign up by forms, fail once, and hand the session to the tab."""
    address = f"robin.{secrets.token_hex(4)}@acme.test"
    browser = stack.browser()
    sign_up(browser, address)
    browser.open(stack.await_link(address))
    browser.press("Confirm email")
    ask_sign_in(stack.program(), address, OTHER_PASSWORD)
    sign_in(browser, address, PASSWORD)
    jar = browser.jar.values
    tab.context.add_cookies([{"name": n, "value": v, "url": stack.origin} for n, v in jar.items()])
    return address


def _search_and_download(tab: Page, kept: Path) -> None:
    tab.goto("/")
    tab.get_by_role("link", name="Settings").click()
    tab.get_by_role("navigation", name="Settings").get_by_role("link", name="Audit log").click()
    tab.get_by_role("heading", name="Audit log").wait_for()
    assert "Created the account" in tab.inner_text("table")
    tab.get_by_label("What happened").select_option(label="Signing in: all")
    tab.get_by_role("button", name="Show").click()
    tab.get_by_role("table").wait_for()
    assert "Created the account" not in tab.inner_text("table")
    assert tab.get_by_label("What happened").input_value() == "sign_in."
    with tab.expect_download() as started:
        tab.get_by_role("button", name="Export as JSON Lines").click()
    started.value.save_as(kept)
    assert started.value.suggested_filename.endswith(".ndjson")
    lines = [json.loads(line) for line in kept.read_text("utf-8").splitlines()]
    assert {line["event"] for line in lines} <= {"sign_in.succeeded", "sign_in.refused"}
    assert lines


def test_it_is_searched_and_downloaded(tab: Page, stack: Stack, tmp_path: Path) -> None:
    _enter(tab, stack)
    _search_and_download(tab, tmp_path / "log.ndjson")


def test_it_is_searched_and_downloaded_without_javascript(
    plain_tab: Page, stack: Stack, tmp_path: Path
) -> None:
    _enter(plain_tab, stack)
    _search_and_download(plain_tab, tmp_path / "log.ndjson")


@pytest.mark.parametrize("width", [320, 400, 760])
def test_it_stays_within_a_narrow_window(tab: Page, stack: Stack, width: int) -> None:
    _enter(tab, stack)
    tab.set_viewport_size({"width": width, "height": 720})
    tab.goto("/settings/audit-log")
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
