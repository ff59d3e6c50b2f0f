"""Too many wrong passwords in a row: the password stops, and its user gets a mail."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

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
    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service

UNKNOWN = "nobod@acme.test"
_MOST = 7
_SOURCES = count()


@pytest.fixture
def environ() -> dict[str, str]:
    """Seven in a row instead of a hundred; not a multiple of the five that cause a lockout."""
    return {
        "CONSECUTIVE_FAILURES_MAX": str(_MOST),
        "ARGON2_MEMORY_KIB": "7168",
        "ARGON2_TIME": "5",
    }


def _fail(
    service: Service, times: int = _MOST, address: str = ADDRESS, program: Program | None = None
) -> None:
    """Fail in a row, each time from another source, with a wait that ends each lockout.

    One source alone would lock itself out before it could stop a password.
    """
    for number in range(times):
        if number:
            service.clock.advance(timedelta(minutes=10))
        source = f"198.51.100.{next(_SOURCES) % 250}"
        reply = ask_sign_in(program or service.program(source), address, OTHER_PASSWORD)
        assert reply.status == 401


def test_the_last_failure_in_a_row_stops_the_password_until_it_is_reset(
    service: Service, clock: StoppedClock
) -> None:
    """`B4`: neither waiting nor the unlock link helps."""
    become_a_user(service)
    _fail(service, _MOST - 1)
    signed_in_program(service).delete("/auth/session")
    _fail(service)
    assert ask_sign_in(service.program()).status == 401
    clock.advance(timedelta(days=300))
    assert ask_sign_in(service.program()).status == 401

    program = service.program()
    program.post("/auth/password_reset/request", {"email": ADDRESS})
    body = {"token": token_of(service.mail_to(ADDRESS).link), "password": OTHER_PASSWORD}
    assert program.post("/auth/password_reset", body).status == 200
    signed_in_program(service, password=OTHER_PASSWORD)


def test_the_user_gets_one_mail_about_a_stopped_password(service: Service) -> None:
    """`B4`: only by mail, and without a link that looks like an unlock."""
    become_a_user(service)
    _fail(service, _MOST - 1)
    service.work()
    before = len(service.outbox)
    _fail(service, 4)
    letter = service.mail_to(ADDRESS)
    assert len(service.outbox) == before + 1
    assert "stopped working" in letter.subject
    assert f"{service.settings.public_url}/password-reset" in letter.text.splitlines()
    assert "token=" not in letter.text + letter.html


def test_a_flood_of_requested_mails_does_not_hold_back_the_notice(service: Service) -> None:
    """`B14`: it is a notice, not a mail that anyone can request."""
    become_a_user(service)
    _fail(service, _MOST - 1)
    for _ in range(6):
        service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    service.work()
    _fail(service, 1)
    assert "stopped working" in service.mail_to(ADDRESS).subject


def test_the_mail_of_an_unlock_request_says_that_only_a_reset_helps(service: Service) -> None:
    become_a_user(service)
    _fail(service)
    service.work()
    service.program().post("/auth/account_unlock/request", {"email": ADDRESS})
    letter = service.mail_to(ADDRESS)
    assert "stopped working" in letter.subject
    assert service.rows("links") == [] or "token=" not in letter.text


def test_an_earlier_unlock_link_leaves_the_password_stopped(service: Service) -> None:
    """`B4`: a lockout can be ended early, the long count can't."""
    become_a_user(service)
    service.program().post("/auth/account_unlock/request", {"email": ADDRESS})
    token = token_of(service.mail_to(ADDRESS).link)
    _fail(service, _MOST - 3)
    # The rest within the time of one lockout, so that the link is still valid.
    assert service.program().post("/auth/account_unlock", {"token": token}).status == 200
    _fail(service, 3)
    assert ask_sign_in(service.program()).status == 401


def test_the_count_of_a_user_is_kept_until_a_reset(service: Service) -> None:
    """`B4`: TTL must not restore a stopped password; only counts without a user expire."""
    become_a_user(service)
    _fail(service)
    _fail(service, address=UNKNOWN)
    service.work()
    rows = [row for row in service.rows("limits") if row["subject"]["S"].startswith("address#")]
    years = sorted(
        (float(row["ttl"]["N"]) - service.clock().timestamp()) / (365 * 86_400) for row in rows
    )
    assert len(years) == 2
    assert years[0] < 2
    assert years[1] > 50


def test_failures_before_a_sign_up_stop_no_password(service: Service) -> None:
    """`B6`: a user who confirms an email starts a new count."""
    _fail(service)
    become_a_user(service)
    signed_in_program(service)


def test_an_unknown_email_gets_no_mail(service: Service) -> None:
    _fail(service, address=UNKNOWN)
    service.work()
    assert service.outbox == []


def test_the_message_of_the_last_failure_is_the_same_for_known_and_unknown(
    service: Service,
) -> None:
    """`B1`: only the worker looks up the user."""
    become_a_user(service)
    for address in (ADDRESS, UNKNOWN):
        _fail(service, _MOST - 1, address)
    service.work()
    messages = []
    for address in (ADDRESS, UNKNOWN):
        _fail(service, 1, address)
        (message,) = _queued(service)
        messages.append(message)
    assert messages[0]["details"] == messages[1]["details"]
    assert len(json.dumps(messages[0])) == len(json.dumps(messages[1]))


def test_strangers_cannot_stop_a_password_in_a_known_browser(service: Service) -> None:
    """`B6`: a known browser has a count of its own, with the same limit."""
    become_a_user(service)
    own = signed_in_program(service)
    _fail(service)
    assert ask_sign_in(service.program()).status == 401
    assert ask_sign_in(own).status == 200
    # Its success clears only its own count, not that of strangers at the email.
    assert ask_sign_in(service.program()).status == 401


def test_a_known_browser_has_as_many_guesses_as_any_other(service: Service) -> None:
    """`B4`: and its user gets a mail."""
    become_a_user(service)
    own = signed_in_program(service)
    _fail(service, program=own)
    service.clock.advance(timedelta(days=1))
    assert ask_sign_in(own).status == 401
    assert ask_sign_in(service.program()).status == 200
    service.mail_to(ADDRESS, "stopped working")


def test_wrong_current_passwords_stop_the_password_too(service: Service) -> None:
    """`A9`, `B4`."""
    become_a_user(service)
    program = signed_in_program(service)
    body = {"current_password": OTHER_PASSWORD, "password": "seven grey herons at dawn"}
    for _ in range(_MOST):
        service.clock.advance(timedelta(minutes=10))
        assert program.post("/auth/profile/password", body).status == 422
    service.clock.advance(timedelta(minutes=10))
    body["current_password"] = PASSWORD
    assert program.post("/auth/profile/password", body).status == 422
    assert "stopped working" in service.mail_to(ADDRESS).subject


def _queued(service: Service) -> list[dict[str, Any]]:
    sqs, url = service.engine.client("sqs"), service.settings.mail_queue_url
    found = []
    while messages := sqs.receive_message(QueueUrl=url).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found
