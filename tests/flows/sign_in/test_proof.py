"""The proof page, which asks for the password before a sensitive change."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import OTHER_PASSWORD, PASSWORD, become_a_user, sign_in

if TYPE_CHECKING:
    from tests.support.service import Service


def test_an_old_session_proves_itself_and_continues_to_create_its_key(service: Service) -> None:
    """`D9`: without typing its name again."""
    browser = become_a_user(service)
    sign_in(browser)
    service.clock.advance(timedelta(minutes=16))
    browser.open("/settings/api-keys")
    browser.press("Create key", Name="Zoë's CI & “more” 100 %")
    assert browser.page.heading == "Confirm it's you"
    browser.press("Continue", Password=OTHER_PASSWORD)
    assert browser.page.status == 422
    assert browser.page.alert == "That password isn't right."
    browser.press("Continue", Password=PASSWORD)
    assert browser.page.heading == "API keys"
    assert browser.page.form_of("Create key").fields["Name"].attributes["value"] == (
        "Zoë's CI & “more” 100 %"
    )
    browser.press("Create key")
    assert "thub_" in browser.page.html
    assert "Zoë's CI & “more” 100 %" in browser.page.text


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.test/",
        "//evil.test",
        "///evil.test/settings",
        "/settings/../x",
        "/settings@evil.test",
        "/settings.evil.test",
        "/settings/api-keys?name=x//evil.test",
        "/settings/api-keys%23x",
        "/settings/api-keys%0a",
        "/settings//evil.test",
        "/sign-out",
        "/\\evil",
        "javascript:x",
        "",
    ],
)
def test_the_proof_page_never_leads_to_another_site(service: Service, path: str) -> None:
    """`E15`."""
    browser = become_a_user(service)
    sign_in(browser)
    browser.open(f"/proof?next={path}")
    browser.press("Continue", Password=PASSWORD)
    assert browser.page.heading == "Workspaces"


def test_the_proof_page_redirects_a_visitor_to_sign_in(service: Service) -> None:
    browser = service.browser()
    browser.open("/proof?next=/settings/api-keys")
    assert browser.page.heading == "Sign in"
