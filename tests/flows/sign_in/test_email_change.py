"""Changing the sign-in email: requested, stopped, confirmed and undone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    ask_sign_up,
    become_a_user,
    sign_in,
    signed_in_program,
    token_of,
)

if TYPE_CHECKING:
    from tests.support.http import Program, Reply
    from tests.support.ledger import Ledger
    from tests.support.service import Service

NEW_ADDRESS = "robin@elsewhere.test"
THIRD_ADDRESS = "robin@third.test"
NEW_PASSWORD = "seven grey herons at dawn"
ASKED, CHANGED = "change your", "was changed"


@pytest.fixture
def robin(service: Service) -> Program:
    """A signed-in program of a user."""
    become_a_user(service)
    return signed_in_program(service)


def _ask(program: Program, email: str = NEW_ADDRESS, password: str = PASSWORD) -> None:
    body = {"current_password": password, "email": email}
    assert program.post("/auth/profile/email", body).status == 202


def _link(service: Service, address: str = NEW_ADDRESS, about: str = "Confirm") -> str:
    return token_of(service.mail_to(address, about).link)


def _confirm(program: Program, token: str, password: str | None = None) -> Reply:
    given = {} if password is None else {"password": password}
    return program.post("/auth/email_confirmation", {"token": token, **given})


def _change(service: Service, program: Program, email: str = NEW_ADDRESS) -> None:
    _ask(program, email)
    assert _confirm(program, _link(service, email)).status == 200


def _undo(service: Service, address: str = ADDRESS) -> Reply:
    body = {"token": _link(service, address, CHANGED)}
    return service.program().post("/auth/email_change/undo", body)


def test_a_click_in_another_browser_changes_no_email(service: Service, robin: Program) -> None:
    """`C4`: an attacker asks for the victim's email; the victim's own click isn't enough."""
    _ask(robin, "victim@elsewhere.test")
    token = _link(service, "victim@elsewhere.test")
    victim = service.program()
    reply = _confirm(victim, token)
    assert (reply.status, reply.error["code"]) == (403, "password_required")
    become_a_user(service, "kim@acme.test", OTHER_PASSWORD)
    kim = signed_in_program(service, "kim@acme.test", OTHER_PASSWORD)
    assert _confirm(kim, token).error["code"] == "password_required"
    assert ask_sign_in(service.program(), "victim@elsewhere.test").status == 401
    assert _confirm(robin, token).json == {"next": "sign_in"}


def test_the_page_names_the_user_and_asks_for_the_password(
    service: Service, robin: Program
) -> None:
    _ask(robin)
    browser = service.browser()
    browser.open(service.mail_to(NEW_ADDRESS).link)
    assert "Robin" in browser.page.text
    assert "r…@acme.test" in browser.page.text
    assert ADDRESS not in browser.page.text
    assert "Acme" not in browser.page.text.replace("acme.test", "")
    browser.press("Confirm email", Password=OTHER_PASSWORD)
    assert browser.page.status == 422
    assert "That password isn't right." in browser.page.alert
    browser.press("Confirm email", Password=PASSWORD)
    assert browser.page.heading == "Sign in"
    assert ask_sign_in(service.program(), NEW_ADDRESS).status == 200


def test_a_wrong_password_at_the_link_counts_at_the_users_email(
    service: Service, robin: Program
) -> None:
    """`A9`: five wrong ones lock the email, and the link stays valid."""
    _ask(robin)
    token, stranger = _link(service), service.program()
    for _ in range(5):
        reply = _confirm(stranger, token, OTHER_PASSWORD)
        assert (reply.status, reply.error["code"]) == (422, "wrong_password")
    assert _confirm(stranger, token, PASSWORD).status == 422
    assert ask_sign_in(service.program()).status == 401
    service.clock.advance(timedelta(minutes=11))
    assert _confirm(stranger, token, PASSWORD).status == 200


def test_every_other_session_ends_with_the_change(service: Service, robin: Program) -> None:
    """`D7`: including an attacker's session."""
    others = [signed_in_program(service) for _ in range(2)]
    _change(service, robin)
    assert [other.get("/auth/session").status for other in others] == [401, 401]
    session = robin.get("/auth/session")
    assert (session.status, session.json["user"]["email"]) == (200, NEW_ADDRESS)


def test_confirmed_with_the_password_every_session_ends(service: Service, robin: Program) -> None:
    _ask(robin)
    assert _confirm(service.program(), _link(service), PASSWORD).status == 200
    assert robin.get("/auth/session").status == 401


def test_in_the_browser_that_asked_the_page_leads_back_to_the_profile(service: Service) -> None:
    browser = become_a_user(service)
    sign_in(browser)
    browser.open("/profile")
    browser.press("Change email", New_email=NEW_ADDRESS, Current_password=PASSWORD)
    browser.open(service.mail_to(NEW_ADDRESS).link)
    assert not any("Password" in form.fields for form in browser.page.forms)
    browser.press("Confirm email")
    assert browser.page.heading == "Profile"
    assert "changed" in browser.page.status_message
    assert NEW_ADDRESS in browser.page.text


def test_only_the_browser_that_confirms_stays_known(service: Service, robin: Program) -> None:
    other = signed_in_program(service)
    _change(service, robin)
    for _ in range(5):
        ask_sign_in(service.program(), NEW_ADDRESS, OTHER_PASSWORD)
    assert ask_sign_in(other, NEW_ADDRESS).status == 401
    assert ask_sign_in(robin, NEW_ADDRESS).status == 200


def test_the_mail_to_the_new_email_names_the_user(service: Service, robin: Program) -> None:
    robin.call("PATCH", "/auth/profile", {"name": "Robin Hale"})
    _ask(robin)
    text = service.mail_to(NEW_ADDRESS).text
    assert "Robin Hale" in text
    assert "Don't know them?" in text
    assert "Acme" not in text


def test_the_old_email_is_notified_of_the_request_at_once(service: Service, robin: Program) -> None:
    """`B11`: it names the request's origin and the new email, and how to stop it."""
    _ask(robin)
    letter = service.mail_to(ADDRESS, ASKED)
    assert letter.text.startswith("Hello Robin")
    assert NEW_ADDRESS in letter.text
    assert "192.0.2.7" in letter.text
    assert "/email-change/stop?token=" in letter.link


def test_requesting_a_taken_email_notifies_the_old_one_too(
    service: Service, robin: Program, ledger: Ledger
) -> None:
    """`B1`: the user reads the old email, so its mail must not reveal a taken one."""
    become_a_user(service, NEW_ADDRESS, OTHER_PASSWORD)
    work = []
    for email in (NEW_ADDRESS, "free1@elsewhere.test"):
        ledger.clear()
        _ask(robin, email)
        work.append([str(call) for call in ledger.calls])
    assert work[0] == work[1]
    service.work()
    texts = [letter.text for letter in service.outbox if ASKED in letter.subject]
    assert [NEW_ADDRESS in texts[0], "free1@elsewhere.test" in texts[1]] == [True, True]
    lines = [{line for line in text.splitlines() if "://" not in line} for text in texts]
    assert len(lines[0] ^ lines[1]) == 2


def test_the_old_email_can_stop_the_change_with_a_button(service: Service, robin: Program) -> None:
    """`B16`: opening the link changes nothing; its button ends the link and every session."""
    _ask(robin)
    token = _link(service)
    browser = service.browser()
    stop = service.mail_to(ADDRESS, ASKED).link
    for _ in range(2):
        browser.open(stop)
    assert robin.get("/auth/session").status == 200
    browser.press("Stop the change")
    assert browser.page.heading == "Reset your password"
    assert "stopped" in browser.page.status_message
    assert robin.get("/auth/session").status == 401
    assert _confirm(service.program(), token, PASSWORD).status == 410
    assert browser.open(stop).status == 410
    assert ask_sign_in(service.program()).status == 200


def test_a_stop_after_the_change_is_refused(service: Service, robin: Program) -> None:
    _ask(robin)
    stop = _link(service, ADDRESS, ASKED)
    assert _confirm(robin, _link(service)).status == 200
    reply = service.program().post("/auth/email_change/stop", {"token": stop})
    assert (reply.status, reply.error["code"]) == (410, "link_invalid")


def test_the_old_email_can_undo_the_change_for_72_hours(service: Service, robin: Program) -> None:
    """A thief of a session and a password changes the email; its user undoes it."""
    _change(service, robin)
    body = {"current_password": PASSWORD, "password": NEW_PASSWORD}
    assert robin.post("/auth/profile/password", body).status == 204
    service.clock.advance(timedelta(hours=71, minutes=59))
    owner = service.browser()
    owner.open(service.mail_to(ADDRESS, CHANGED).link)
    assert owner.page.heading == "Take your email back"
    assert robin.get("/auth/session").status in (200, 401)
    owner.press("Take it back")
    assert owner.page.heading == "Reset your password"
    assert robin.get("/auth/session").status == 401
    for address in (ADDRESS, NEW_ADDRESS):
        for password in (PASSWORD, NEW_PASSWORD):
            assert ask_sign_in(service.program(), address, password).status == 401
    owner.press("Send link", Email=ADDRESS)
    owner.open(service.mail_to(ADDRESS, "Set a new password").link)
    owner.press("Set password", New_password="eleven brown otters at dusk")
    reply = ask_sign_in(service.program(), ADDRESS, "eleven brown otters at dusk")
    assert reply.status == 200


def test_the_undo_ends_after_72_hours(service: Service, robin: Program) -> None:
    """`C5`."""
    _change(service, robin)
    token = _link(service, ADDRESS, CHANGED)
    service.clock.advance(timedelta(hours=72))
    reply = service.program().post("/auth/email_change/undo", {"token": token})
    assert (reply.status, reply.error["code"]) == (410, "link_invalid")


def test_no_other_user_gets_the_old_email_while_it_can_be_undone(
    service: Service, robin: Program
) -> None:
    _change(service, robin)
    squatter = service.program()
    ask_sign_up(squatter, ADDRESS, OTHER_PASSWORD)
    reply = service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    assert reply.status == 202
    letter = service.mail_to(ADDRESS)
    assert "token=" not in letter.text
    become_a_user(service, "kim@acme.test", OTHER_PASSWORD)
    kim = signed_in_program(service, "kim@acme.test", OTHER_PASSWORD)
    _ask(kim, ADDRESS, OTHER_PASSWORD)
    assert [x for x in service.outbox if "Confirm your new" in x.subject and x.to == ADDRESS] == []
    assert _undo(service).json == {"next": "sign_in"}


def test_the_old_email_is_free_again_after_the_undo_ends(service: Service, robin: Program) -> None:
    _change(service, robin)
    service.clock.advance(timedelta(hours=72))
    become_a_user(service, ADDRESS, OTHER_PASSWORD)
    assert ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD).status == 200
    assert ask_sign_in(service.program(), NEW_ADDRESS).status == 200


def test_a_user_may_change_back_to_the_email_they_had(service: Service, robin: Program) -> None:
    _change(service, robin)
    _change(service, robin, ADDRESS)
    assert ask_sign_in(service.program()).status == 200


def test_a_second_change_does_not_end_the_first_undo(service: Service, robin: Program) -> None:
    """A thief gains nothing from a second change, and their own undo ends with the first."""
    _change(service, robin)
    first = _link(service, ADDRESS, CHANGED)
    _change(service, robin, THIRD_ADDRESS)
    second = _link(service, NEW_ADDRESS, CHANGED)
    program = service.program()
    assert program.post("/auth/email_change/undo", {"token": first}).status == 200
    assert program.post("/auth/email_change/undo", {"token": second}).status == 410
    program.post("/auth/password_reset/request", {"email": THIRD_ADDRESS})
    program.post("/auth/password_reset/request", {"email": NEW_ADDRESS})
    service.work()
    assert [x for x in service.outbox if "Set a new password" in x.subject] == []


def test_undoing_the_second_change_leaves_the_first_undo(service: Service, robin: Program) -> None:
    _change(service, robin)
    first = _link(service, ADDRESS, CHANGED)
    _change(service, robin, THIRD_ADDRESS)
    second = _link(service, NEW_ADDRESS, CHANGED)
    program = service.program()
    assert program.post("/auth/email_change/undo", {"token": second}).status == 200
    assert program.post("/auth/email_change/undo", {"token": first}).status == 200
    program.post("/auth/password_reset/request", {"email": ADDRESS})
    assert "token=" in service.mail_to(ADDRESS, "Set a new password").text


def test_an_old_email_of_another_user_is_refused_with_the_reason(
    service: Service, robin: Program
) -> None:
    """Only an operator can cause this: every flow reserves the email for 72 hours."""
    from chalicelib.storage.dynamo.tables import EmailRow

    _change(service, robin)
    token = _link(service, ADDRESS, CHANGED)
    EmailRow(ADDRESS, user_id="usr_kim").save()
    reply = service.program().post("/auth/email_change/undo", {"token": token})
    assert reply.status == 409
    assert "somebody else" in reply.error["message"]
    browser = service.browser()
    browser.open(f"/email-change/undo?token={token}")
    browser.press("Take it back")
    assert browser.page.status == 409
    assert "somebody else" in browser.page.alert


def test_ending_all_others_cancels_the_link_of_an_email_change(
    service: Service, robin: Program
) -> None:
    thief = signed_in_program(service)
    _ask(thief)
    token = _link(service)
    assert robin.delete("/auth/sessions").status == 204
    assert _confirm(service.program(), token, PASSWORD).status == 410
    _change(service, robin)


def test_each_step_is_in_the_audit_log(service: Service, robin: Program) -> None:
    """`H4`."""
    _ask(robin)
    service.program().post("/auth/email_change/stop", {"token": _link(service, ADDRESS, ASKED)})
    again = signed_in_program(service)
    _change(service, again)
    assert _undo(service).status == 200
    service.work()
    events = [(row["event"]["S"], row["details"]["M"]) for row in service.rows("audit_events")]
    names = [name for name, _ in events]
    assert "user.email_change_stopped" in names
    changes = [details for name, details in events if name == "user.email_changed"]
    assert sorted(details["new_email"]["S"] for details in changes) == [ADDRESS, NEW_ADDRESS]
    assert [details["how"]["S"] for details in changes if "how" in details] == ["taken_back"]


def test_a_reset_ends_a_waiting_change_and_its_stop_link(service: Service, robin: Program) -> None:
    """`C4`."""
    _ask(robin)
    token, stop = _link(service), _link(service, ADDRESS, ASKED)
    robin.post("/auth/password_reset/request", {"email": ADDRESS})
    reset = {"token": _link(service, ADDRESS, "Set a new"), "password": NEW_PASSWORD}
    assert robin.post("/auth/password_reset", reset).status == 200
    assert _confirm(service.program(), token, NEW_PASSWORD).status == 410
    assert robin.post("/auth/email_change/stop", {"token": stop}).status == 410
