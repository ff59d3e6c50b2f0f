"""What a page costs: bytes, requests, and movement under the reader's eyes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser.chromium import open_tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Response

    from tests.support.personas.personas import Cast

pytestmark = [pytest.mark.browser, pytest.mark.stack]

_HEAVIEST = 60_000
_SCRIPT = 10_000
_PATHS = (
    "/docs",
    "/sign-in",
    "/sign-up",
    "/",
    "/profile",
    "/settings/members",
    "/settings/api-keys",
    "/settings/single-sign-on",
    "/settings/audit-log",
)
_SHIFTS = """new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shift = (window.shift ?? 0) + entry.value;
}).observe({ type: "layout-shift", buffered: true })"""


def _place(tab: Page, selector: str) -> tuple[float, float, float]:
    box = tab.locator(selector).bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"]


@pytest.mark.parametrize("path", _PATHS)
def test_a_page_is_light_and_asks_nobody_else(chromium: Browser, cast: Cast, path: str) -> None:
    answers: list[Response] = []
    with open_tab(chromium, cast.stack.origin) as tab:
        cast.play(tab, cast.robin if path not in ("/docs", "/sign-in", "/sign-up") else None)
        tab.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - playwright takes no builtin
        tab.goto(path, wait_until="networkidle")
        sizes = {answer.url: len(answer.body()) for answer in answers}
    assert all(url.startswith(cast.stack.origin) for url in sizes)
    assert sum(sizes.values()) <= _HEAVIEST
    assert sum(size for url, size in sizes.items() if ".js" in url) < _SCRIPT


def test_both_steps_of_signing_in_are_one_card_in_one_place(chromium: Browser, cast: Cast) -> None:
    with open_tab(chromium, cast.stack.origin) as tab:
        tab.add_init_script(_SHIFTS)
        tab.goto("/sign-in")
        before = [_place(tab, each) for each in (".card", "h1", "#email")]
        tab.get_by_label("Email").fill("robin@acme.test")
        tab.get_by_role("button", name="Continue").click()
        tab.get_by_label("Password").wait_for()
        after = [_place(tab, each) for each in (".card", "h1", "#email")]
        shift = tab.evaluate("window.shift ?? 0")
    assert after == before
    assert shift == 0
