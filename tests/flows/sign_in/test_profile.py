"""The profile page: name, email, password and sessions, by labels and buttons."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.storage.dynamo.tables import EmailRow, UserRow
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    become_a_user,
    sign_in,
    signed_in_program,
)

if TYPE_CHECKING:
    from tests.support.http import Browser
    from tests.support.ledger import Ledger
    from tests.support.service import Service

NEW_PASSWORD = "seven grey herons at dawn"
NEW_ADDRESS = "robin@elsewhere.test"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def browser(service: Service) -> Browser:
    made = become_a_user(service)
    sign_in(made)
    made.open("/")
    made.follow("Robin")
    assert made.page.heading == "Profile"
    return made


def _sign_in_elsewhere(service: Service) -> None:
    program = service.program("198.51.100.9")
    body = {"email": ADDRESS, "password": PASSWORD}
    assert program.post("/auth/sign_in", body, User_Agent=FIREFOX).status == 200


def test_a_user_changes_their_name(browser: Browser) -> None:
    browser.press("Save name", Name="Robin Okonkwo")
    assert browser.page.status_message == "Your name is saved."
    assert browser.page.link("Robin Okonkwo") == "/profile"
    browser.open("/profile")
    assert browser.page.status_message == ""


def test_a_name_that_is_refused_stays_in_its_field(browser: Browser) -> None:
    browser.press("Save name", Name="\u202enimda")
    assert browser.page.status == 422
    assert "Name" in browser.page.alert
    field = browser.page.form_of("Save name").fields["Name"]
    assert field.attributes["value"] == "\u202enimda"
    assert field.attributes["aria-describedby"] == "name-error"


def test_a_new_email_applies_once_its_link_is_used(service: Service, browser: Browser) -> None:
    """`B11`."""
    browser.press("Change email", New_email=NEW_ADDRESS, Current_password=PASSWORD)
    assert browser.page.status_message.startswith("We've mailed a link to the new address.")
    browser.open(service.mail_to(NEW_ADDRESS).link)
    browser.press("Confirm email")
    assert ask_sign_in(service.program(), NEW_ADDRESS).status == 200


def test_requesting_a_taken_email_looks_the_same(service: Service, browser: Browser) -> None:
    """`B1`."""
    become_a_user(service, NEW_ADDRESS, OTHER_PASSWORD)
    browser.press("Change email", New_email=NEW_ADDRESS, Current_password=PASSWORD)
    assert browser.page.status_message.startswith("We've mailed a link to the new address.")


def test_a_wrong_password_keeps_the_entered_email_and_is_counted(
    service: Service, browser: Browser
) -> None:
    """`A9`, `B2`: a locked user gets the same answer, with the right password too."""
    for _ in range(5):
        browser.press("Change email", New_email=NEW_ADDRESS, Current_password=OTHER_PASSWORD)
        assert browser.page.status == 422
        assert "That password isn't right." in browser.page.alert
        fields = browser.page.form_of("Change email").fields
        assert fields["New email"].attributes["value"] == NEW_ADDRESS
        assert fields["Current password"].attributes["aria-describedby"] == "email_password-error"
    refused = browser.page.alert
    browser.press("Change email", New_email=NEW_ADDRESS, Current_password=PASSWORD)
    assert (browser.page.status, browser.page.alert) == (422, refused)
    service.clock.advance(timedelta(minutes=10, seconds=1))
    browser.press("Change email", New_email=NEW_ADDRESS, Current_password=PASSWORD)
    assert browser.page.status == 200


def test_the_current_email_is_refused_at_once(browser: Browser) -> None:
    browser.press("Change email", New_email=ADDRESS, Current_password=PASSWORD)
    assert "You sign in with this address already." in browser.page.alert


def test_a_new_password_ends_the_other_sessions(service: Service, browser: Browser) -> None:
    """`A9`, `B11`."""
    other = signed_in_program(service)
    browser.press("Change password", Current_password=PASSWORD, New_password=NEW_PASSWORD)
    assert browser.page.status_message.startswith("Your password is changed")
    assert other.get("/auth/session").status == 401
    assert ask_sign_in(service.program(), ADDRESS, NEW_PASSWORD).status == 200


def test_each_password_error_is_shown_at_its_own_field(browser: Browser) -> None:
    browser.press("Change password", Current_password=PASSWORD, New_password="short")
    fields = browser.page.form_of("Change password").fields
    assert "aria-invalid" in fields["New password"].attributes
    assert "aria-invalid" not in fields["Current password"].attributes
    browser.press("Change password", Current_password=OTHER_PASSWORD, New_password=NEW_PASSWORD)
    fields = browser.page.form_of("Change password").fields
    assert "aria-invalid" in fields["Current password"].attributes
    assert "value" not in fields["New password"].attributes
    others = browser.page.form_of("Change email").fields
    assert "aria-invalid" not in others["Current password"].attributes


def test_sessions_are_described_and_ended(service: Service, browser: Browser) -> None:
    """`D8`."""
    _sign_in_elsewhere(service)
    service.clock.advance(timedelta(minutes=5))
    browser.open("/profile")
    assert "Firefox on Linux" in browser.page.text
    assert "198.51.100.9. Started 5 minutes ago" in browser.page.text
    browser.press("End session: Firefox on Linux, 198.51.100.9")
    assert browser.page.status_message == "The session is ended."
    assert "Firefox" not in browser.page.text
    assert "This one" in browser.page.text


def test_all_others_are_ended_at_once(service: Service, browser: Browser) -> None:
    """`D8`."""
    others = [signed_in_program(service) for _ in range(2)]
    browser.open("/profile")
    browser.press("End all others")
    assert browser.page.status_message == "All your other sessions are ended."
    assert "End all others" not in browser.page.text
    assert [other.get("/auth/session").status for other in others] == [401, 401]


def test_a_session_that_ended_meanwhile_is_reported(service: Service, browser: Browser) -> None:
    _sign_in_elsewhere(service)
    browser.open("/profile")
    shown = browser.page
    browser.press("End session: Firefox on Linux, 198.51.100.9")
    browser.history.append(shown)
    browser.press("End session: Firefox on Linux, 198.51.100.9")
    assert (browser.page.status, browser.page.heading) == (404, "Profile")
    assert browser.page.alert == "That session has ended already."


def test_ending_a_session_with_an_old_proof_asks_first_and_returns(
    service: Service, browser: Browser
) -> None:
    """`D8`, `D9`."""
    _sign_in_elsewhere(service)
    service.clock.advance(timedelta(minutes=16))
    for button in ("End session: Firefox on Linux, 198.51.100.9", "End all others"):
        browser.open("/profile")
        browser.press(button)
        assert browser.page.heading == "Confirm it's you"
    browser.press("Continue", Password=PASSWORD)
    assert browser.page.heading == "Profile"
    browser.press("End all others")
    assert browser.page.status_message == "All your other sessions are ended."


def test_a_user_without_a_password_is_not_asked_for_one(browser: Browser) -> None:
    UserRow(EmailRow.get(ADDRESS).user_id).update(actions=[UserRow.password_hash.remove()])
    browser.open("/profile")
    assert "You sign in through your company, so there's no password here." in browser.page.text
    assert "Your company's sign-in decides which address you have here." in browser.page.text
    assert not any("Current password" in form.fields for form in browser.page.forms)


def test_a_user_in_no_account_has_a_profile_too(service: Service) -> None:
    browser = become_a_user(service)
    UserRow(EmailRow.get(ADDRESS).user_id).update(actions=[UserRow.memberships.set({})])
    sign_in(browser)
    assert browser.page.heading == "No account yet"
    browser.follow(ADDRESS)
    assert browser.page.heading == "Profile"


def test_password_managers_find_the_form(service: Service) -> None:
    """`A10`."""
    reply = service.program().get("/.well-known/change-password")
    assert (reply.status, reply.header("Location")) == (303, "/profile#password-title")


def test_the_page_costs_two_requests_for_the_visitor_and_two_for_the_list(
    browser: Browser, ledger: Ledger
) -> None:
    ledger.clear()
    browser.open("/profile")
    assert len(ledger.calls) == 4
