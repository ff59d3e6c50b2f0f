"""The console at `/docs/console`: a call with the reader's own key, and nothing kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.browser.chromium import open_tab
from tests.support.keys import make_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Request

    from tests.support.personas.personas import Cast

pytestmark = [pytest.mark.browser, pytest.mark.stack]

_KEPT = "() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])"


@pytest.fixture
def tab(chromium: Browser, cast: Cast) -> Iterator[Page]:
    """A tab of an owner; it fails if the console complains, as it does of our policy."""
    with open_tab(chromium, cast.stack.origin) as page:
        cast.play(page, cast.sam)
        yield page


def _open(tab: Page, call: str) -> None:
    tab.goto("/docs/console")
    tab.get_by_role("button", name=call).click()
    tab.get_by_role("heading", name="Responses").wait_for()


def _execute(tab: Page, status: int) -> str:
    tab.get_by_role("button", name="Execute").click()
    tab.get_by_role("status").filter(has_text=f"Answered {status}").wait_for(state="attached")
    return tab.locator(".live-responses-table").inner_text()


def test_a_call_is_made_with_the_key_and_without_the_session(tab: Page, cast: Cast) -> None:
    key = make_key(cast.sam, "Console")["key"]
    sent: list[Request] = []
    tab.on("request", lambda request: sent.append(request))  # noqa: PLW0108 - playwright takes no builtin
    _open(tab, "Who this key is")
    tab.get_by_label("API key", exact=True).fill(key)
    assert "Borealis" in _execute(tab, 200)
    assert all(request.url.startswith(cast.stack.origin) for request in sent)
    assert key not in " ".join(request.url for request in sent)
    (call,) = [request for request in sent if request.url.endswith("/api/v1/account")]
    headers = call.all_headers()
    assert headers["authorization"] == f"Bearer {key}"
    assert "cookie" not in headers


def test_nothing_of_the_key_stays(tab: Page, cast: Cast) -> None:
    key = make_key(cast.sam, "Console, forgotten")["key"]
    _open(tab, "Who this key is")
    field = tab.get_by_label("API key", exact=True)
    field.fill(key)
    field.press("Enter")
    assert tab.url == f"{cast.stack.origin}/docs/console"
    _execute(tab, 200)
    assert key not in tab.content()
    assert key not in tab.evaluate(_KEPT)
    tab.reload()
    assert field.input_value() == ""


def test_without_a_key_nobody_is_let_in_though_signed_in(tab: Page) -> None:
    _open(tab, "Who this key is")
    assert "Invalid API key" in _execute(tab, 401)


def test_a_sessions_call_is_shown_and_can_not_be_tried(tab: Page) -> None:
    _open(tab, "Delete a workspace; one that holds records stays")
    assert tab.get_by_role("button", name="Execute").count() == 0


def test_the_console_has_every_call(tab: Page, cast: Cast) -> None:
    tab.goto("/docs/console")
    tab.get_by_role("button", name="Who this key is").wait_for()
    document = cast.stack.program().get("/api/v1/openapi.json").json
    shown = tab.locator("#call-list").inner_text()
    for methods in document["paths"].values():
        for described in methods.values():
            assert described["summary"] in shown


def test_without_javascript_the_reference_is_named(chromium: Browser, cast: Cast) -> None:
    with open_tab(chromium, cast.stack.origin, javascript=False) as tab:
        tab.goto("/docs/console")
        tab.get_by_role("main").get_by_role("link", name="reference").click()
        tab.get_by_role("heading", name="API reference").wait_for()
