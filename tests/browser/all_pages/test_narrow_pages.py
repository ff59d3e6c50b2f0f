"""What a narrow window shows of a page that a small journey doesn't reach."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from chalicelib import bootstrap
from chalicelib.domain.roles import Role
from chalicelib.domain.user import Membership, Workspace
from chalicelib.web.kit.html.rendering import page
from chalicelib.web.kit.html.static_files import STATIC
from chalicelib.web.kit.visitor import PageVisitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Route

pytestmark = pytest.mark.browser

_ORIGIN = "http://pages.test"


@pytest.fixture(autouse=True)
def _default_settings() -> Iterator[None]:
    yield
    bootstrap.use(None)


def _home() -> str:
    names = ("Acme", "Borealis Instruments of the North", "C" * 60)
    accounts = tuple(Membership(f"acc_{n}", name, Role.OWNER) for n, name in enumerate(names))
    visitor = PageVisitor("Robin", "robin@acme.test", accounts[0], accounts)
    return str(page("accounts/home.html", visitor=visitor, workspaces=()).body)


def _answer(route: Route) -> None:
    path = urlsplit(route.request.url).path
    if path == "/":
        route.fulfill(body=_home(), content_type="text/html; charset=utf-8")
    else:
        route.fulfill(path=STATIC / path.rpartition("/")[2])


@pytest.mark.parametrize("width", [320, 480, 700])
def test_the_open_account_menu_stays_within_the_window(chromium: Browser, width: int) -> None:
    tab = chromium.new_page(viewport={"width": width, "height": 640})
    tab.route(f"{_ORIGIN}/**", _answer)
    tab.goto(_ORIGIN)
    tab.locator(".switcher summary").click()
    box = tab.locator(".menu-panel").bounding_box()
    inside = tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    tab.close()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert inside


@pytest.mark.parametrize("width", [320, 1200])
def test_a_menu_of_two_hundred_accounts_scrolls_with_its_end_in_sight(
    chromium: Browser, width: int
) -> None:
    many = tuple(Membership(f"acc_{n}", f"Account {n:03}", Role.MEMBER) for n in range(200))
    visitor = PageVisitor("Robin", "robin@acme.test", many[150], many)
    body = str(page("accounts/home.html", visitor=visitor, workspaces=()).body)
    tab = chromium.new_page(viewport={"width": width, "height": 640})
    tab.route(f"{_ORIGIN}/static/**", _answer)
    tab.route(
        f"{_ORIGIN}/",
        lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8"),
    )
    tab.goto(_ORIGIN)
    tab.locator(".switcher summary").click()
    panel = tab.locator(".menu-panel").bounding_box()
    end = tab.get_by_role("link", name="New account…").bounding_box()
    first = tab.locator(".menu-item").first.inner_text()
    tab.close()
    assert panel is not None
    assert end is not None
    assert panel["y"] + panel["height"] <= 640
    assert end["y"] + end["height"] <= panel["y"] + panel["height"]
    assert first == "Account 150"


@pytest.mark.parametrize("width", [320, 1200])
def test_a_field_named_by_a_long_workspace_stays_within_the_window(
    chromium: Browser, width: int
) -> None:
    account = Membership("acc_1", "Acme", Role.OWNER)
    body = page(
        "accounts/member_invite.html",
        visitor=PageVisitor("Robin", "robin@acme.test", account, (account,)),
        workspaces=[Workspace("ws_1", "W" * 100, "", datetime(2026, 11, 24, tzinfo=UTC))],
        values={"email": "", "role": "member", "workspaces": {}},
        errors={},
        lifetime="7 days",
        notice=None,
    ).body
    tab = chromium.new_page(viewport={"width": width, "height": 640})
    tab.route(f"{_ORIGIN}/static/**", _answer)
    tab.route(
        f"{_ORIGIN}/",
        lambda route: route.fulfill(body=str(body), content_type="text/html; charset=utf-8"),
    )
    tab.goto(_ORIGIN)
    inside = tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    tab.close()
    assert inside
