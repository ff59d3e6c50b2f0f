"""Small comforts: shown passwords, hints while typing, waits that count down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.stack]


@pytest.mark.parametrize(
    ("password", "advice"),
    [
        ("violet harb", "4 more characters to go."),
        ("violet harbour", "1 more character to go."),
        ("abcabcabcabcabcabc", "it repeats itself"),
        ("aaaaaaaabbbbbbbb", "it repeats itself"),
        ("Robin-Acme-Acme-2026", "names and digits alone"),
        ("492837561029384756", "digits alone"),
        ("violet harbour under snow", "Long enough."),
    ],
)
def test_a_new_password_is_advised_on_while_it_is_typed(
    tab: Page, password: str, advice: str
) -> None:
    """`A10`."""
    tab.goto("/sign-up")
    tab.get_by_label("Name", exact=True).fill("Robin Okonkwo")
    tab.get_by_label("Account name").fill("Acme")
    tab.get_by_label("Password").fill(password)
    tab.get_by_role("status").filter(has_text=advice).wait_for()
    tab.get_by_label("Password").fill("")
    tab.get_by_role("status").filter(has_text=advice).wait_for(state="detached")


def test_a_password_shows_itself_and_hides_before_it_is_sent(tab: Page) -> None:
    """`A10`."""
    tab.goto("/sign-up")
    field = tab.get_by_label("Password")
    field.fill("violet harbour under snow")
    tab.get_by_role("button", name="Show").click()
    assert field.get_attribute("type") == "text"
    tab.get_by_role("button", name="Hide").click()
    assert field.get_attribute("type") == "password"


@pytest.mark.parametrize("path", ["/password-reset", "/account-unlock"])
def test_asking_again_waits_and_needs_no_typing(tab: Page, path: str) -> None:
    tab.goto(path)
    tab.get_by_label("Email").fill("robin@acme.test")
    tab.get_by_role("button", name="Send link").click()
    tab.get_by_role("heading", name="Check your email").wait_for()
    assert tab.get_by_role("button", name="Send link").is_disabled()
    assert tab.get_by_text("You can send it again in").is_visible()
    assert tab.get_by_label("Email").count() == 0


@pytest.mark.parametrize("path", ["/password-reset", "/account-unlock"])
def test_what_was_typed_is_seen_after_a_reload_too_and_can_be_changed(tab: Page, path: str) -> None:
    tab.goto(path)
    tab.get_by_label("Email").fill("robni@acme.test")
    tab.get_by_role("button", name="Send link").click()
    tab.get_by_role("heading", name="Check your email").wait_for()
    tab.reload()
    tab.get_by_role("heading", name="Check your email").wait_for()
    assert tab.get_by_text("You typed robni@acme.test.").is_visible()
    tab.get_by_role("link", name="Change the address").click()
    tab.get_by_label("Email").fill("robin@acme.test")
    tab.get_by_role("button", name="Send link").click()
    tab.get_by_text("You typed robin@acme.test.").wait_for()


def test_asking_again_needs_no_typing_without_javascript(plain_tab: Page) -> None:
    plain_tab.goto("/password-reset")
    plain_tab.get_by_label("Email").fill("robin@acme.test")
    plain_tab.get_by_role("button", name="Send link").click()
    plain_tab.get_by_role("button", name="Send link").click()
    plain_tab.get_by_role("heading", name="Check your email").wait_for()
