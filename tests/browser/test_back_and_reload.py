"""Reload and Back after a form: nothing is sent again, and nothing asks to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser.chromium import open_tab
from tests.support.personas.journeys import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.support.personas.personas import Cast

pytestmark = [pytest.mark.browser, pytest.mark.stack]


@pytest.fixture
def tab(chromium: Browser, cast: Cast) -> Iterator[Page]:
    with open_tab(chromium, cast.stack.origin) as page:
        yield page


def _forms_sent(tab: Page) -> list[str]:
    sent: list[str] = []
    tab.on("request", lambda made: sent.append(made.url) if made.method == "POST" else None)
    return sent


def test_both_steps_of_signing_in_can_be_reloaded_and_come_back_to(tab: Page) -> None:
    tab.goto("/sign-in")
    tab.get_by_label("Email").fill("robin@acme.test")
    tab.get_by_role("button", name="Continue").click()
    tab.get_by_label("Password").wait_for()
    sent = _forms_sent(tab)
    tab.reload()
    tab.get_by_label("Email").fill("robin@acme.test")
    assert sent == []
    tab.get_by_role("button", name="Continue").click()
    tab.get_by_label("Password").fill("not it at all")
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("alert").wait_for()
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.get_by_role("heading", name="Workspaces").wait_for()
    sent.clear()
    tab.go_back()
    tab.get_by_role("button", name="Continue").wait_for()
    tab.go_forward()
    tab.get_by_role("heading", name="Workspaces").wait_for()
    assert sent == []


def test_a_reload_makes_no_second_key(tab: Page, cast: Cast) -> None:
    cast.play(tab, cast.sam)
    tab.goto("/settings/api-keys")
    tab.get_by_label("Name", exact=True).fill("Made once")
    tab.get_by_role("button", name="Create key").click()
    tab.get_by_role("heading", name="Your new key").wait_for()
    tab.reload()
    assert tab.get_by_role("rowheader", name="Made once").count() == 1
    assert tab.get_by_role("heading", name="Your new key").count() == 0


def test_a_refused_form_is_reloaded_as_the_page_it_stands_on(tab: Page, cast: Cast) -> None:
    cast.play(tab, cast.robin)
    tab.goto("/profile")
    tab.get_by_label("New email", exact=True).fill("nowhere")
    tab.get_by_role("button", name="Change email").click()
    tab.get_by_role("alert").wait_for()
    sent = _forms_sent(tab)
    tab.reload()
    tab.wait_for_url("**/profile")
    assert tab.get_by_role("alert").count() == 0
    assert sent == []


@pytest.mark.parametrize("link", ["confirm", "join"])
def test_a_reloaded_link_is_not_called_spent_and_stays_good(
    tab: Page, cast: Cast, link: str
) -> None:
    tab.goto(cast.links[link])
    heading = tab.get_by_role("heading", level=1).inner_text()
    tab.reload()
    tab.get_by_role("heading", name="Open the link again").wait_for()
    tab.goto(cast.links[link])
    tab.get_by_role("heading", name=heading).wait_for()
