"""Signing in, and out, by pages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.support.personas.journeys import ADDRESS, OTHER_PASSWORD, become_a_user, sign_in, sign_up

if TYPE_CHECKING:
    from tests.support.http import Browser
    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service

_REFUSAL = "Invalid email or password."


def test_a_wrong_password_and_an_unknown_email_look_the_same(service: Service) -> None:
    """`B1`, `B2`: except for the entered email."""
    become_a_user(service)
    wrong, unknown = service.browser(), service.browser()
    sign_in(wrong, password=OTHER_PASSWORD)
    sign_in(unknown, "nobody@acme.test", OTHER_PASSWORD)
    assert wrong.page.status == unknown.page.status == 401
    assert wrong.page.alert == unknown.page.alert == _REFUSAL
    assert wrong.page.html.replace(ADDRESS, "nobody@acme.test") == unknown.page.html


def test_the_email_stays_and_can_be_changed(service: Service) -> None:
    browser = service.browser()
    browser.open("/sign-in")
    browser.press("Continue", Email=ADDRESS)
    email = browser.page.form_of("Sign in").fields["Email"]
    assert email.attributes["value"] == ADDRESS
    assert email.attributes["autocomplete"] == "username"
    browser.follow("Change email")
    assert "Password" not in browser.page.form_of("Continue").fields


def test_the_right_password_of_an_unconfirmed_email_leads_to_resend(service: Service) -> None:
    browser = service.browser()
    sign_up(browser)
    sign_in(browser)
    assert browser.page.heading == "Check your email"
    assert "thub_session" not in browser.jar.values
    browser.press("Resend")
    service.work()
    assert len(service.outbox) == 2


def test_a_wrong_password_of_an_unconfirmed_email_reveals_nothing(service: Service) -> None:
    """`B2`."""
    sign_up(service.browser())
    browser = service.browser()
    sign_in(browser, password=OTHER_PASSWORD)
    assert browser.page.alert == _REFUSAL


def test_signing_out_ends_the_session_on_the_server(service: Service) -> None:
    """`D6`, `D13`."""
    browser = become_a_user(service)
    sign_in(browser)
    thief = service.browser()
    thief.jar.values.update(browser.jar.values)
    browser.press("Sign out")
    assert browser.page.heading == "Sign in"
    assert "signed out" in browser.page.status_message
    assert thief.open("/").heading == "Sign in"


def test_signing_in_again_ends_the_browsers_earlier_session(service: Service) -> None:
    """`D3`: a user never signs in to a planted session."""
    browser = become_a_user(service)
    sign_in(browser)
    earlier = browser.jar.values["thub_session"]
    sign_in(browser)
    assert browser.jar.values["thub_session"] != earlier
    thief = service.browser()
    thief.jar.values["thub_session"] = earlier
    assert thief.open("/").heading == "Sign in"


def test_a_session_ends_unused_after_twelve_hours(service: Service, clock: StoppedClock) -> None:
    """`D5`."""
    browser = become_a_user(service)
    sign_in(browser)
    clock.advance(timedelta(hours=11, minutes=59))
    assert "Main" in browser.open("/").text
    clock.advance(timedelta(hours=12, seconds=1))
    assert browser.open("/").heading == "Sign in"


def test_a_session_ends_after_thirty_days_of_use(service: Service, clock: StoppedClock) -> None:
    """`D5`."""
    browser = become_a_user(service)
    sign_in(browser)
    for _ in range(60):
        clock.advance(timedelta(hours=11, minutes=59))
        assert "Main" in browser.open("/").text
    clock.advance(timedelta(hours=1, minutes=1))
    assert browser.open("/").heading == "Sign in"


def test_a_visitor_of_a_page_is_redirected_to_sign_in(service: Service) -> None:
    browser = service.browser()
    for path in ("/", "/accounts"):
        assert browser.open(path).heading == "Sign in"


def test_a_password_is_checked_exactly_as_typed(service: Service) -> None:
    """`A4`: only its Unicode form is normalised."""
    composed, decomposed = "caf\u00e9 in the old harbour ", "cafe\u0301 in the old harbour "
    browser = become_a_user(service, password=composed)
    sign_in(browser, password=decomposed.strip())
    assert browser.page.alert == _REFUSAL
    sign_in(browser, password=decomposed)
    assert "Main" in browser.page.text


def test_password_managers_know_the_fields(service: Service) -> None:
    """`A10`."""
    browser = service.browser()
    browser.open("/sign-up")
    assert _autocomplete(browser, "Create account", "Password") == "new-password"
    browser.open("/sign-in")
    assert _autocomplete(browser, "Continue", "Email") == "username"
    browser.press("Continue", Email=ADDRESS)
    assert _autocomplete(browser, "Sign in", "Password") == "current-password"


def _autocomplete(browser: Browser, button: str, label: str) -> str:
    return browser.page.form_of(button).fields[label].attributes["autocomplete"]
