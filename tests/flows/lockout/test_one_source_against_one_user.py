"""One source attacks one user for hours, and the user can still sign in."""

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
from tests.support.races.sign_in_races import counted_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service

ATTACKER, HOME = "198.51.100.66", "203.0.113.5"
_MINUTE = timedelta(minutes=1)
_SIX_HOURS = 6 * 60
_FIRST_LOCK_ENDS = 5 + 10
# The flows that end a lockout, and the subjects of their mails.
_WAYS_IN = {"account_unlock": "Unlock", "password_reset": "Set a new password"}


@pytest.fixture
def environ() -> dict[str, str]:
    """Lower limits, which attackers reach sooner: 20 stop a password, 30 a source."""
    return {"CONSECUTIVE_FAILURES_MAX": "20", "SOURCE_FAILURES": "30"}


@pytest.fixture
def service(service: Service) -> Iterator[Service]:
    """A service with a user and cheap hashes, because the tests make hours of attempts."""
    with counted_hashes():
        become_a_user(service)
        yield service


def _guess(service: Service, source: str = ATTACKER, times: int = 1) -> list[int]:
    return [
        ask_sign_in(service.program(source), ADDRESS, OTHER_PASSWORD).status for _ in range(times)
    ]


def _sign_in_anew(service: Service, source: str = HOME, password: str = PASSWORD) -> int:
    """Enter the right password in a new browser."""
    return ask_sign_in(service.program(source), ADDRESS, password).status


def _spend(service: Service, clock: StoppedClock) -> None:
    """Let the attacker cause a lockout, and wait until it is over."""
    _guess(service, times=5)
    clock.advance(10 * _MINUTE)


def test_a_guess_a_minute_for_six_hours_refuses_the_user_only_in_the_first_lockout(
    service: Service, clock: StoppedClock
) -> None:
    """The user tries the right password every seven minutes, each time in a new browser."""
    refused = []
    for minute in range(_SIX_HOURS):
        _guess(service)
        service.program(ATTACKER).post("/auth/password_reset/request", {"email": ADDRESS})
        if minute % 7 == 0 and _sign_in_anew(service) != 200:
            refused.append(minute)
        clock.advance(_MINUTE)
    assert [minute for minute in refused if minute >= _FIRST_LOCK_ENDS] == []


@pytest.mark.parametrize("way", _WAYS_IN)
def test_every_mailed_link_works_during_six_hours_of_attack(
    service: Service, clock: StoppedClock, way: str
) -> None:
    """The user asks once an hour in a new browser; the attacker asks every minute."""
    password, attacker = PASSWORD, service.program(ATTACKER)
    for minute in range(_SIX_HOURS):
        _guess(service)
        for flow in (*_WAYS_IN, "email_confirmation"):
            attacker.post(f"/auth/{flow}/request", {"email": ADDRESS})
        if minute % 60 == 45:
            before = _arrived(service, way)
            password = _complete(service, way, HOME, password)
            assert _arrived(service, way) == before + 1
            assert _sign_in_anew(service, HOME, password) == 200
        clock.advance(_MINUTE)


def test_after_the_attack_the_user_signs_in_at_the_first_try(
    service: Service, clock: StoppedClock
) -> None:
    """Two hours of failures without a success in between."""
    for _ in range(120):
        _guess(service)
        clock.advance(_MINUTE)
    assert _sign_in_anew(service) == 200


def test_guesses_too_slow_for_a_lockout_do_not_keep_the_email_close_to_one(
    service: Service, clock: StoppedClock
) -> None:
    """Four guesses in each window would leave the user one mistake for as long as they continue."""
    for _ in range(15):
        _guess(service)
        clock.advance(4 * _MINUTE)
    assert _guess(service, HOME, 3) == [401] * 3
    assert _sign_in_anew(service) == 200


def test_one_source_alone_never_stops_a_password(service: Service, clock: StoppedClock) -> None:
    """`B4`: as many failures in a row as stop a password stop only their own source."""
    for _ in range(40):
        _guess(service)
        clock.advance(timedelta(hours=7))
    assert _sign_in_anew(service) == 200


@pytest.mark.parametrize("source", [HOME, ATTACKER], ids=["from elsewhere", "behind one address"])
@pytest.mark.parametrize("way", _WAYS_IN)
@pytest.mark.parametrize("minutes", [0, 60], ids=["in the first lock", "an hour later"])
def test_after_a_mailed_link_the_user_signs_in_from_a_new_browser(
    service: Service, clock: StoppedClock, minutes: int, way: str, source: str
) -> None:
    """Even from the network of the attack."""
    for _ in range(minutes):
        _guess(service)
        clock.advance(_MINUTE)
    _guess(service, times=6)
    password = _complete(service, way, source)
    assert _sign_in_anew(service, source, password) == 200


@pytest.mark.parametrize("way", _WAYS_IN)
def test_a_mailed_link_helps_if_the_source_is_stopped(
    service: Service, clock: StoppedClock, way: str
) -> None:
    for _ in range(30):
        _guess(service)
        clock.advance(timedelta(hours=25))
    assert _sign_in_anew(service, ATTACKER) == 401
    password = _complete(service, way, ATTACKER)
    assert _sign_in_anew(service, ATTACKER, password) == 200


@pytest.mark.parametrize("environ", [{}], ids=["the usual limits"])
def test_each_lockout_of_a_source_is_twice_as_long_up_to_a_day(
    service: Service, clock: StoppedClock
) -> None:
    _spend(service, clock)
    for minutes in (20, 40, 80, 160, 320, 640, 1280, 1440, 1440):
        assert _guess(service, times=5) == [401] * 5
        clock.advance(minutes * _MINUTE - timedelta(seconds=1))
        # The right password is refused until the end too, without extending the lockout.
        assert _sign_in_anew(service, ATTACKER) == 401
        clock.advance(timedelta(seconds=1))
    assert _sign_in_anew(service, ATTACKER) == 200


def test_a_lockout_of_a_source_looks_like_a_wrong_password_and_sends_no_mail(
    service: Service, clock: StoppedClock
) -> None:
    wrong = ask_sign_in(service.program(ATTACKER), ADDRESS, OTHER_PASSWORD)
    _spend(service, clock)
    service.work()
    before = len(service.outbox)
    _guess(service, times=6)
    locked = ask_sign_in(service.program(ATTACKER))
    service.work()
    assert (locked.status, locked.body) == (wrong.status, wrong.body)
    assert len(service.outbox) == before


def test_several_sources_can_each_lock_the_email_once(
    service: Service, clock: StoppedClock
) -> None:
    """`B6`: the email's limit applies to all sources together."""
    for number in range(5):
        _guess(service, f"198.51.100.{number}")
    assert _sign_in_anew(service) == 401
    clock.advance(10 * _MINUTE)
    assert _sign_in_anew(service) == 200


def test_a_success_resets_a_source(service: Service, clock: StoppedClock) -> None:
    """Others in the user's network are counted as before."""
    _spend(service, clock)
    assert _sign_in_anew(service, ATTACKER) == 200
    _guess(service, times=5)
    assert _sign_in_anew(service) == 401


def test_no_email_or_ip_address_is_stored_with_the_counts(
    service: Service, clock: StoppedClock
) -> None:
    """`H12`: a stolen table shows neither who was attacked nor from where."""
    _spend(service, clock)
    _guess(service)
    pairs = [row for row in service.rows("limits") if row["subject"]["S"].startswith("pair#")]
    assert pairs
    assert all("ttl" in row for row in pairs)
    written = str(service.rows("limits"))
    assert ADDRESS not in written
    assert ATTACKER not in written


def test_sessions_and_known_browsers_work_on_in_a_refused_source(
    service: Service,
) -> None:
    """`G5`: an office isn't refused because of one machine in it."""
    session = signed_in_program(service)
    known = signed_in_program(service)
    known.delete("/auth/session")
    for number in range(service.settings.source_failures):
        ask_sign_in(service.program(), f"person{number}@acme.test", OTHER_PASSWORD)
    assert ask_sign_in(service.program()).status == 429
    assert ask_sign_in(known).status == 200
    assert session.get("/auth/session").status == 200
    assert session.post("/auth/session/proof", {"password": PASSWORD}).status == 204


def test_a_session_without_a_device_cookie_can_prove_itself_in_a_refused_source(
    service: Service,
) -> None:
    session = signed_in_program(service)
    session.jar.values = {
        name: value for name, value in session.jar.values.items() if "device" not in name
    }
    for number in range(service.settings.source_failures):
        ask_sign_in(service.program(), f"person{number}@acme.test", OTHER_PASSWORD)
    assert session.post("/auth/session/proof", {"password": PASSWORD}).status == 204


def test_failures_in_a_session_or_known_browser_do_not_count_for_the_source(
    service: Service, clock: StoppedClock
) -> None:
    session = signed_in_program(service)
    for _ in range(service.settings.source_failures + 1):
        session.post("/auth/session/proof", {"password": OTHER_PASSWORD})
        ask_sign_in(session, ADDRESS, OTHER_PASSWORD)
        clock.advance(timedelta(seconds=1))
    assert _sign_in_anew(service, "192.0.2.7") == 200


def _arrived(service: Service, way: str) -> int:
    service.work()
    return sum(x.to == ADDRESS and _WAYS_IN[way] in x.subject for x in service.outbox)


def _complete(service: Service, way: str, source: str, password: str = PASSWORD) -> str:
    """Request a mail and use its link; returns the password that is valid from then on."""
    program = service.program(source)
    program.post(f"/auth/{way}/request", {"email": ADDRESS})
    token = token_of(service.mail_to(ADDRESS, _WAYS_IN[way]).link)
    new = {"password": "seven kites over the estuary"} if way == "password_reset" else {}
    assert program.post(f"/auth/{way}", {"token": token, **new}).status == 200
    return new.get("password", password)
