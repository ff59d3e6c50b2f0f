"""docs/pictures shows the pages as they are; `make pictures` takes them anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser.chromium import open_tab
from tests.support.docs.pictures import PICTURES, distance, key_pages, views

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.support.browser.page_states import PageState
    from tests.support.personas.personas import Cast

pytestmark = [pytest.mark.browser, pytest.mark.stack]

# Other fonts break lines elsewhere; a part that is gone, a missing stylesheet or the wrong theme is
# far beyond it.
_MOST = 0.08


@pytest.fixture(scope="module")
def tab(chromium: Browser, cast: Cast) -> Iterator[Page]:
    with open_tab(chromium, cast.stack.origin) as page:
        yield page


@pytest.mark.parametrize("state", key_pages(), ids=lambda state: state.name)
def test_a_page_looks_as_in_its_pictures(
    tab: Page, cast: Cast, chromium: Browser, state: PageState
) -> None:
    apart = {
        name: distance(chromium, taken, (PICTURES / name).read_bytes())
        for name, taken in views(tab, cast, state)
    }
    assert {name: how_far for name, how_far in apart.items() if how_far > _MOST} == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sign-in.light-1200.png", "sign-in.dark-1200.png"),
        ("sign-up.light-400.png", "sign-in.light-400.png"),
        ("members.light-1200.png", "keys.light-1200.png"),
        ("keys.light-1200.png", "keys.light-400.png"),
    ],
)
def test_pictures_of_two_pages_are_told_apart(chromium: Browser, one: str, other: str) -> None:
    pair = ((PICTURES / name).read_bytes() for name in (one, other))
    assert distance(chromium, *pair) > _MOST


def test_a_page_without_its_stylesheet_is_told_apart(
    tab: Page, cast: Cast, chromium: Browser
) -> None:
    cast.play(tab, None)
    tab.set_viewport_size({"width": 1200, "height": 800})
    tab.emulate_media(color_scheme="light")
    tab.route("**/*.css*", lambda route: route.fulfill(body="", content_type="text/css"))
    tab.goto("/sign-in")
    bare = tab.screenshot()
    tab.unroute("**/*.css*")
    assert distance(chromium, bare, (PICTURES / "sign-in.light-1200.png").read_bytes()) > _MOST
