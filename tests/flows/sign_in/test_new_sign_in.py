"""Notices of sign-ins in new browsers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    become_a_user,
    signed_in_program,
    token_of,
)

if TYPE_CHECKING:
    from tests.support.http import Program
    from tests.support.ledger import Ledger
    from tests.support.service import Letter, Service

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def known(service: Service) -> Program:
    """The browser of the first sign-in."""
    become_a_user(service)
    return signed_in_program(service)


def _notices(service: Service) -> list[Letter]:
    service.work()
    return [letter for letter in service.outbox if letter.subject.startswith("New sign-in")]


def test_the_first_sign_in_sends_no_notice(service: Service, known: Program) -> None:
    assert known.get("/auth/session").status == 200
    assert _notices(service) == []


@pytest.mark.usefixtures("known")
def test_a_sign_in_in_a_new_browser_sends_a_notice(service: Service) -> None:
    """`B10`: when, from where, and what to do."""
    body = {"email": ADDRESS, "password": PASSWORD}
    other = service.program("198.51.100.9")
    assert other.post("/auth/sign_in", body, User_Agent=FIREFOX).status == 200
    (notice,) = _notices(service)
    assert notice.to == ADDRESS
    for part in (notice.text, notice.html):
        assert "in a browser that we don't know as yours" in part.replace("&#39;", "'")
        assert "24 November 2026, 12:00 UTC" in part
        assert "198.51.100.9, Firefox on Linux" in part
        assert "Reset your password" in part
        assert "wrong passwords" not in part
        assert "?token=" not in part
    assert ask_sign_in(other).status == 200
    assert len(_notices(service)) == 1


@pytest.mark.usefixtures("known")
def test_the_first_sign_in_after_a_reset_sends_no_notice_but_the_next_does(
    service: Service,
) -> None:
    """The reset already sent a notice."""
    asked = service.program()
    asked.post("/auth/password_reset/request", {"email": ADDRESS})
    token = token_of(service.mail_to(ADDRESS, "Set a new password").link)
    body = {"token": token, "password": OTHER_PASSWORD}
    assert asked.post("/auth/password_reset", body).status == 200
    assert ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD).status == 200
    assert _notices(service) == []
    assert ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD).status == 200
    assert len(_notices(service)) == 1


def test_a_new_password_leaves_only_its_own_browser_known(service: Service, known: Program) -> None:
    body = {"current_password": PASSWORD, "password": OTHER_PASSWORD}
    assert known.post("/auth/profile/password", body).status == 204
    assert ask_sign_in(known, ADDRESS, OTHER_PASSWORD).status == 200
    assert _notices(service) == []
    assert ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD).status == 200
    assert len(_notices(service)) == 1


def test_a_sign_in_in_a_known_browser_sends_no_notice(service: Service, known: Program) -> None:
    assert ask_sign_in(known).status == 200
    assert _notices(service) == []


@pytest.mark.usefixtures("known")
def test_a_success_after_many_failures_says_how_many(service: Service) -> None:
    """`B10`."""
    guesser = service.program()
    for _ in range(5):
        ask_sign_in(guesser, ADDRESS, OTHER_PASSWORD)
    service.clock.advance(timedelta(minutes=20))
    assert ask_sign_in(guesser).status == 200
    (notice,) = _notices(service)
    assert "Before that, 5 wrong passwords in a row were tried" in notice.text


def test_many_failures_in_a_known_browser_send_a_notice_too(
    service: Service, known: Program
) -> None:
    """`B10`."""
    for _ in range(5):
        ask_sign_in(known, ADDRESS, OTHER_PASSWORD)
    service.clock.advance(timedelta(minutes=20))
    assert ask_sign_in(known).status == 200
    (notice,) = _notices(service)
    assert "5 wrong passwords" in notice.text
    assert "don't know as yours" not in notice.text


@pytest.mark.usefixtures("known")
def test_only_a_success_sends_a_notice_and_no_cap_holds_it_back(service: Service) -> None:
    """`B14`: a stranger can't cause one, and requested mails don't use it up."""
    stranger = service.program()
    for _ in range(6):
        stranger.post("/auth/password_reset/request", {"email": ADDRESS})
    for _ in range(4):
        ask_sign_in(stranger, ADDRESS, OTHER_PASSWORD)
    assert _notices(service) == []
    assert ask_sign_in(service.program()).status == 200
    assert len(_notices(service)) == 1


def test_a_notice_costs_one_message(service: Service, known: Program, ledger: Ledger) -> None:
    """A known browser's sign-in sends none."""
    for program, messages in ((known, 0), (service.program(), 1)):
        ledger.clear()
        assert ask_sign_in(program).status == 200
        sent = [call for call in ledger.calls if call.service == "sqs"]
        assert len(sent) == messages


@pytest.mark.usefixtures("known")
def test_a_program_without_cookies_causes_one_notice_an_hour(service: Service) -> None:
    """Each of its sign-ins is in a new browser; many failures still send a notice."""
    for _ in range(3):
        assert ask_sign_in(service.program()).status == 200
    assert len(_notices(service)) == 1
    guesser = service.program()
    for _ in range(5):
        ask_sign_in(guesser, ADDRESS, OTHER_PASSWORD)
    service.clock.advance(timedelta(minutes=20))
    assert ask_sign_in(service.program()).status == 200
    assert "5 wrong passwords" in _notices(service)[1].text
    service.clock.advance(timedelta(minutes=41))
    assert ask_sign_in(service.program()).status == 200
    assert len(_notices(service)) == 3
