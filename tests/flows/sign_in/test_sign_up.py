"""Signing up, from the form to the first signed-in page."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    become_a_user,
    sign_in,
    sign_up,
)

if TYPE_CHECKING:
    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service


def test_a_stranger_becomes_the_owner_of_an_account_with_main(service: Service) -> None:
    browser = service.browser()
    sign_up(browser)
    assert browser.page.heading == "Check your email"

    browser.open(service.mail_to(ADDRESS).link)
    browser.press("Confirm email")
    assert browser.page.heading == "Sign in"
    assert "confirmed" in browser.page.status_message

    browser.press("Continue", Email=ADDRESS)
    browser.press("Sign in", Password=PASSWORD)
    assert browser.page.url.endswith("/")
    assert "Acme" in browser.page.text
    assert "Main" in browser.page.text


def test_a_mailed_link_signs_nobody_in(service: Service) -> None:
    """`B12`."""
    browser = become_a_user(service)
    assert "thub_session" not in browser.jar.values


def test_the_user_of_a_taken_email_is_notified_only_by_mail(service: Service) -> None:
    """`B1`: the page is the same; the mail says so and contains no confirmation link."""
    become_a_user(service)
    stranger = service.browser()
    sign_up(stranger, password=OTHER_PASSWORD)
    assert stranger.page.heading == "Check your email"
    letter = service.mail_to(ADDRESS)
    assert "token=" not in letter.text
    assert "/sign-in" in letter.text
    assert "/password-reset" in letter.text


def test_signing_up_again_does_not_change_the_password(service: Service) -> None:
    become_a_user(service)
    sign_up(service.browser(), password=OTHER_PASSWORD)
    service.work()
    browser = service.browser()
    sign_in(browser, password=OTHER_PASSWORD)
    assert browser.page.alert == "Invalid email or password."
    sign_in(browser)
    assert "Main" in browser.page.text


def test_opening_the_link_does_not_use_it(service: Service) -> None:
    """`B16`: mail scanners open links, by GET and by HEAD."""
    browser = service.browser()
    sign_up(browser)
    link = service.mail_to(ADDRESS).link
    scanner = service.browser()
    for _ in range(3):
        assert scanner.open(link).status == 200
        assert service.program().call("HEAD", link.partition("8000")[2]).status == 200
    browser.open(link)
    browser.press("Confirm email")
    assert "confirmed" in browser.page.status_message


def test_another_browser_must_enter_the_password_of_the_sign_up(service: Service) -> None:
    """`C4`: signing up with another user's email gains nothing."""
    sign_up(service.browser())
    phone = service.browser()
    phone.open(service.mail_to(ADDRESS).link)
    phone.press("Confirm email", Password=OTHER_PASSWORD)
    assert phone.page.status == 422
    phone.press("Confirm email", Password=PASSWORD)
    assert "confirmed" in phone.page.status_message


def test_the_first_to_confirm_gets_the_email(service: Service) -> None:
    intruder, robin = service.browser(), service.browser()
    sign_up(intruder, password=OTHER_PASSWORD)
    intruders_link = service.mail_to(ADDRESS).link
    sign_up(robin)
    robin.open(service.mail_to(ADDRESS).link)
    robin.press("Confirm email")

    intruder.open(intruders_link)
    assert intruder.page.status == 410
    sign_in(intruder, password=OTHER_PASSWORD)
    assert intruder.page.heading == "Check your email"
    elsewhere = service.browser()
    sign_in(elsewhere, password=OTHER_PASSWORD)
    assert elsewhere.page.alert == "Invalid email or password."


def test_a_used_link_says_so_and_offers_a_new_one(service: Service) -> None:
    """`C3`."""
    browser = service.browser()
    sign_up(browser)
    link = service.mail_to(ADDRESS).link
    browser.open(link)
    browser.press("Confirm email")
    assert browser.open(link).status == 410
    assert "used or is too old" in browser.page.text


def test_a_confirmation_link_expires_after_a_day(service: Service, clock: StoppedClock) -> None:
    """`C5`."""
    browser = service.browser()
    sign_up(browser)
    link = service.mail_to(ADDRESS).link
    clock.advance(timedelta(hours=24) - timedelta(seconds=1))
    assert browser.open(link).status == 200
    clock.advance(timedelta(seconds=1))
    assert browser.open(link).status == 410


def test_resend_mails_a_new_link_and_the_earlier_stays_valid(service: Service) -> None:
    browser = service.browser()
    sign_up(browser)
    first = service.mail_to(ADDRESS).link
    browser.open("/check-your-email")
    browser.press("Resend")
    second = service.mail_to(ADDRESS).link
    assert first != second
    assert browser.open(second).status == 200
    browser.open(first)
    browser.press("Confirm email")
    assert "confirmed" in browser.page.status_message


def test_an_email_gets_five_mails_an_hour_at_most(service: Service, clock: StoppedClock) -> None:
    """`B14`: every answer is the same, but the sixth mail is not sent."""
    browser = service.browser()
    sign_up(browser)
    for _ in range(6):
        browser.open("/check-your-email")
        browser.press("Resend")
        assert browser.page.status == 200
    service.work()
    assert len(service.outbox) == 5
    clock.advance(timedelta(hours=1))
    browser.press("Resend")
    service.work()
    assert len(service.outbox) == 6


def test_a_refused_form_keeps_what_was_typed(service: Service) -> None:
    browser = service.browser()
    browser.open("/sign-up")
    browser.press(
        "Create account", Name="Robin", Email=ADDRESS, Password="short", Account_name="Acme"
    )
    assert browser.page.status == 422
    fields = browser.page.form_of("Create account").fields
    assert fields["Email"].attributes["value"] == ADDRESS
    assert "value" not in fields["Password"].attributes
    assert fields["Password"].attributes["aria-invalid"] == "true"


def test_all_errors_of_a_form_are_shown_at_once(service: Service) -> None:
    browser = service.browser()
    browser.open("/sign-up")
    page = browser.press("Create account", Email="robin", Account_name="Acme")
    assert page.status == 422
    for said in (
        "Some fields need another look",
        "Name : Enter a name.",
        "Email : Enter an email address",
        "Password : Enter a password.",
    ):
        assert said in page.alert
    assert "Account name :" not in page.alert


def test_two_spellings_of_an_email_are_the_same(service: Service) -> None:
    become_a_user(service)
    browser = service.browser()
    sign_in(browser, "Robin@ACME.test")
    assert "Main" in browser.page.text


def test_nothing_that_was_mailed_or_typed_is_stored_in_plain_form(service: Service) -> None:
    """`C2`, `D1`, `A11`: neither the link's nor the session's token, nor the password."""
    browser = service.browser()
    sign_up(browser)
    link = service.mail_to(ADDRESS).link
    token = link.partition("token=")[2]
    before = str([service.rows(table) for table in ("links", "sign_ups")])
    browser.open(link)
    browser.press("Confirm email")
    sign_in(browser)
    after = str([service.rows(table) for table in ("users", "sessions", "emails", "limits")])
    for secret in (token, PASSWORD, browser.jar.values["thub_session"]):
        assert secret not in before + after
