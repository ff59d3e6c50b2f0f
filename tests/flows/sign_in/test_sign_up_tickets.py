"""Sign-up, then sign-in: no sequence of the two reveals whether an email is taken."""

from __future__ import annotations

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
    sign_up,
    signed_in_program,
    token_of,
)

if TYPE_CHECKING:
    from tests.support.http import Program, Reply
    from tests.support.ledger import Ledger
    from tests.support.service import Service

FREE = "nobody@acme.test"
THIEFS_PASSWORD = "seven grey herons at dawn"
_OF_ONE_REQUEST = frozenset(("x-request-id", "date"))


@pytest.fixture
def taken(service: Service) -> str:
    """An email that has a user."""
    become_a_user(service)
    return ADDRESS


def _visible(reply: Reply) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [(k, v) for k, v in reply.headers if k.lower() not in _OF_ONE_REQUEST]
    return reply.status, reply.body, headers


def _signed_up(service: Service, address: str, password: str = THIEFS_PASSWORD) -> Program:
    program = service.program()
    assert ask_sign_up(program, address, password).status == 202
    return program


def _seen(ledger: Ledger, program: Program, address: str) -> object:
    ledger.clear()
    reply = ask_sign_in(program, address, THIEFS_PASSWORD)
    return _visible(reply), ledger.work


@pytest.mark.usefixtures("taken")
def test_the_browser_that_signed_up_gets_the_same_answer_for_taken_and_free(
    service: Service, ledger: Ledger
) -> None:
    """`B1`, `B3`: the same answer by the same calls and two hashes."""
    seen = []
    for address in (ADDRESS, FREE):
        program = _signed_up(service, address)
        ask_sign_in(program, address, THIEFS_PASSWORD)
        seen.append(_seen(ledger, program, address))
        assert len(ledger.hashes) == 2
        reply = ask_sign_in(program, address, THIEFS_PASSWORD)
        assert (reply.status, reply.error["code"]) == (403, "email_unconfirmed")
    assert seen[0] == seen[1]


@pytest.mark.usefixtures("taken")
def test_any_other_browser_gets_the_common_answer(service: Service, ledger: Ledger) -> None:
    """`B1`, `B3`: with the right password of a waiting sign-up too."""
    seen = []
    for address in (ADDRESS, FREE):
        _signed_up(service, address)
        program = service.program()
        ask_sign_in(program, address, THIEFS_PASSWORD)
        seen.append(_seen(ledger, program, address))
        assert len(ledger.hashes) == 1
        reply = ask_sign_in(program, address, THIEFS_PASSWORD)
        assert (reply.status, reply.error["code"]) == (401, "invalid_credentials")
    assert seen[0] == seen[1]


def test_in_another_browser_the_right_password_mails_a_new_link(service: Service) -> None:
    browser = service.browser()
    sign_up(browser)
    service.work()
    before = len(service.outbox)
    phone = service.browser()
    sign_in(phone)
    assert phone.page.alert == "Invalid email or password."
    assert service.work() == 1
    assert len(service.outbox) == before + 1
    phone.open(service.mail_to(ADDRESS, "Confirm").link)
    phone.press("Confirm email", Password=PASSWORD)
    sign_in(phone)
    assert "Main" in phone.page.text


def test_a_wrong_password_in_another_browser_mails_nothing(service: Service) -> None:
    sign_up(service.browser())
    service.work()
    before = len(service.outbox)
    ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD)
    service.work()
    assert len(service.outbox) == before


def test_the_mails_of_sign_ins_count_as_mails_of_sign_ups(service: Service) -> None:
    """`B14`."""
    sign_up(service.browser())
    for _ in range(4):
        ask_sign_in(service.program())
    for _ in range(3):
        service.program().post("/auth/email_confirmation/request", {"email": ADDRESS})
    service.work()
    letters = [x for x in service.outbox if x.to == ADDRESS and "Confirm" in x.subject]
    assert len(letters) == 5


def test_the_answer_stays_the_same_after_the_user_confirms(service: Service) -> None:
    thief = _signed_up(service, ADDRESS)
    before = _visible(ask_sign_in(thief, ADDRESS, THIEFS_PASSWORD))
    robin = become_a_user(service)
    assert _visible(ask_sign_in(thief, ADDRESS, THIEFS_PASSWORD)) == before
    sign_in(robin)
    assert "Main" in robin.page.text


def test_the_answer_stays_the_same_after_a_resend(service: Service, taken: str) -> None:
    answers = []
    for address in (taken, FREE):
        thief = _signed_up(service, address)
        thief.post("/auth/email_confirmation/request", {"email": address})
        service.work()
        answers.append(_visible(ask_sign_in(thief, address, THIEFS_PASSWORD)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 403


def test_a_ticket_ends_no_lockout(service: Service, taken: str) -> None:
    """Each answer counts as a failure, for a taken email as for a free one."""
    for address in (taken, FREE):
        thief = _signed_up(service, address)
        statuses = [ask_sign_in(thief, address, THIEFS_PASSWORD).status for _ in range(6)]
        assert statuses == [403] * 5 + [401]
    assert ask_sign_in(service.program(), taken).status == 401


def test_links_of_other_sign_ups_end_once_the_email_has_a_user(service: Service) -> None:
    """`C3`: in its own browser and with its password, on the page and by a call."""
    thief = _signed_up(service, ADDRESS)
    link = service.mail_to(ADDRESS).link
    become_a_user(service)
    for program in (thief, service.program()):
        body = {"token": token_of(link), "password": THIEFS_PASSWORD}
        reply = program.post("/auth/email_confirmation", body)
        assert (reply.status, reply.error["code"]) == (410, "link_invalid")
    assert service.browser().open(link).status == 410
    thief.post("/auth/email_confirmation/request", {"email": ADDRESS})
    assert "token=" not in service.mail_to(ADDRESS).text
    assert ask_sign_in(service.program(), ADDRESS, THIEFS_PASSWORD).status == 401


def test_the_users_password_works_in_a_browser_that_signed_up(service: Service, taken: str) -> None:
    """A user who forgot that they have signed up signs up again, then remembers."""
    program = _signed_up(service, taken)
    assert ask_sign_in(program, taken).status == 200


@pytest.mark.parametrize(
    "ticket", ["latest", "", "sup_1", "sup_" + "0" * 32, "sup_" + "A" * 32, "x" * 2_000, "a#b"]
)
def test_a_made_up_ticket_changes_nothing(service: Service, taken: str, ticket: str) -> None:
    program = _signed_up(service, FREE)
    secret = program.jar.values["thub_sign_up"].partition(".")[2]
    program.jar.values["thub_sign_up"] = f"{ticket}.{secret}"
    for address in (FREE, taken):
        assert ask_sign_in(program, address, THIEFS_PASSWORD).status == 401


def test_a_ticket_is_ignored_for_another_email(service: Service, taken: str) -> None:
    program = _signed_up(service, FREE)
    assert ask_sign_in(program, taken, THIEFS_PASSWORD).status == 401


def test_the_sign_in_page_leads_on_to_check_your_email(service: Service, taken: str) -> None:
    for address in (taken, FREE):
        browser = service.browser()
        sign_up(browser, address, THIEFS_PASSWORD)
        sign_in(browser, address, THIEFS_PASSWORD)
        assert browser.page.heading == "Check your email"
        assert address in browser.page.text


def test_only_the_sign_ups_own_flow_accepts_its_password(service: Service, taken: str) -> None:
    """A reset, an unlock and a proof accept only the user's password."""
    thief = _signed_up(service, taken)
    robin = signed_in_program(service)
    assert robin.post("/auth/session/proof", {"password": THIEFS_PASSWORD}).status == 422
    for flow in ("password_reset", "account_unlock"):
        assert thief.post(f"/auth/{flow}/request", {"email": taken}).status == 202
    assert ask_sign_in(robin, taken, THIEFS_PASSWORD).status == 401
