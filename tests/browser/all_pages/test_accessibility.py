"""axe over every page in every state, in both themes, wide and at 400 % zoom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser.axe import findings
from tests.support.browser.chromium import open_tab
from tests.support.browser.page_states import PAGE_STATES, PageState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.support.personas.personas import Cast

pytestmark = [pytest.mark.browser, pytest.mark.stack]

# 1280 px at 400 % zoom are 320 px of a page (WCAG 1.4.10).
_WIDTHS = (1200, 320)


@pytest.fixture(scope="module")
def tab(chromium: Browser, cast: Cast) -> Iterator[Page]:
    """One for all states, since opening one takes longer than looking; nothing moves in it."""
    with open_tab(chromium, cast.stack.origin) as page:
        page.emulate_media(reduced_motion="reduce")
        yield page


@pytest.mark.parametrize("state", PAGE_STATES, ids=lambda state: state.name)
def test_a_page_shuts_nobody_out(tab: Page, cast: Cast, state: PageState) -> None:
    tab.set_viewport_size({"width": 1200, "height": 900})
    state.show(tab, cast)
    found = []
    for width in _WIDTHS:
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        for theme in ("light", "dark"):
            tab.emulate_media(color_scheme=theme)
            found += [f"{theme} {width}: {each}" for each in findings(tab)]
    assert found == []
