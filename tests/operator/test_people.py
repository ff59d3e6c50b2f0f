"""Operators help one person, and the accounts of that person are told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from chalicelib.domain.errors import InvalidValueError, NotFoundError
from chalicelib.domain.operators.action import OPERATORS
from chalicelib.storage.dynamo.tables import AuditEventRow, UserRow
from infra.operator.cli import cli
from tests.support.audit_log import audit_events, user_id_of
from tests.support.keys import account_of
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    become_a_user,
    sign_in,
    sign_up,
    signed_in_program,
    token_of,
)
from tests.support.personas.operators import done, operate

if TYPE_CHECKING:
    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service


def _lock(service: Service) -> None:
    for _ in range(5):
        assert ask_sign_in(service.program(), password=OTHER_PASSWORD).status == 401


def test_a_person_is_found_by_address_or_id_and_no_hash_is_shown(service: Service) -> None:
    become_a_user(service)
    signed_in_program(service)
    by_address = done("find", ADDRESS.upper())
    user_id = user_id_of(ADDRESS)
    assert done("find", user_id) == by_address
    said = [line.split(maxsplit=1) for line in by_address.splitlines()]
    card = {name: rest.strip() for name, rest in said if name != "last"}
    assert card["id"] == user_id
    assert card["email"] == f"{ADDRESS}, confirmed"
    assert card["password"] == "set"
    assert card["sign-in"] == "open; 0 failures in a row"
    assert card["sessions"] == "1"
    assert "owner" in card["account"]
    assert "2026-11-24 12:00:00Z" in by_address.partition("last sign-in")[2]
    assert "argon2" not in by_address
    assert UserRow.get(user_id).password_hash not in by_address


def test_an_address_that_begins_as_an_id_does_is_found(service: Service) -> None:
    become_a_user(service, "usr_kim@acme.test")
    sign_up(service.browser(), "usr_lee@acme.test")
    assert "usr_kim@acme.test, confirmed" in done("find", "usr_kim@acme.test")
    assert "waits for its confirmation" in done("find", "usr_lee@acme.test")


def test_who_signed_out_still_has_a_last_sign_in(service: Service, clock: StoppedClock) -> None:
    become_a_user(service)
    clock.advance(timedelta(hours=1))
    signed_in_program(service).delete("/auth/session")
    clock.advance(timedelta(hours=1))
    assert "last sign-in   2026-11-24 13:00:00Z" in done("find", ADDRESS)


def test_an_unconfirmed_sign_up_is_told_from_nobody(service: Service) -> None:
    sign_up(service.browser())
    assert "waits for its confirmation" in done("find", ADDRESS)
    result = operate("find", "nobody@acme.test")
    assert isinstance(result.exception, NotFoundError)
    assert str(result.exception) == "There is no user nobody@acme.test."


def test_looking_is_told_to_the_operators_alone(service: Service) -> None:
    become_a_user(service)
    account_id = account_of(signed_in_program(service))
    before = audit_events(service, account_id)
    done("find", ADDRESS)
    assert audit_events(service, account_id) == before
    (viewed,) = audit_events(service, OPERATORS)
    assert viewed["event"] == "user.viewed"
    assert viewed["details"]["identity"].startswith("arn:aws:")


@pytest.mark.requirement("B5")
def test_an_unlocked_person_signs_in_at_once(service: Service) -> None:
    become_a_user(service)
    _lock(service)
    assert ask_sign_in(service.program()).status == 401
    assert "locked until 2026-11-24 12:10:00Z" in done("find", ADDRESS)
    assert f"{ADDRESS} can try again at once." in done("unlock", ADDRESS)
    assert "open; 5 failures in a row" in done("find", ADDRESS)
    account_id = account_of(signed_in_program(service))
    (unlocked,) = audit_events(service, account_id, "sign_in.unlocked")
    assert unlocked["actor"] == {"type": "operator", "id": None, "name": "Jo"}
    assert unlocked["target"]["id"] == user_id_of(ADDRESS)
    assert unlocked["details"] == {}


@pytest.mark.parametrize("environ", [{"CONSECUTIVE_FAILURES_MAX": "5"}], ids=["five in a row"])
def test_unlocking_does_not_bring_a_stopped_password_back(service: Service) -> None:
    """`B4`."""
    become_a_user(service)
    _lock(service)
    assert "only a reset helps" in done("find", ADDRESS)
    assert isinstance(operate("unlock", ADDRESS).exception, InvalidValueError)
    assert ask_sign_in(service.program()).status == 401


@pytest.mark.requirement("D7")
def test_ended_sessions_are_refused_on_the_next_request(service: Service) -> None:
    become_a_user(service)
    programs = [signed_in_program(service) for _ in range(2)]
    account_id = account_of(programs[0])
    done("end-sessions", ADDRESS, "--yes")
    assert [program.get("/auth/session").status for program in programs] == [401, 401]
    assert signed_in_program(service).get("/auth/session").status == 200
    (ended,) = audit_events(service, account_id, "session.ended")
    assert ended["details"] == {"how": "all"}


def test_a_no_changes_nothing(service: Service) -> None:
    become_a_user(service)
    program = signed_in_program(service)
    for command in ("end-sessions", "force-reset"):
        result = operate(command, ADDRESS, said="n\n")
        assert result.exit_code == 1
        assert ADDRESS in result.output
    assert program.get("/auth/session").status == 200
    assert audit_events(service, OPERATORS) == []


def test_a_sent_reset_is_an_ordinary_link(service: Service) -> None:
    become_a_user(service)
    done("send-reset", ADDRESS)
    assert ask_sign_in(service.program()).status == 200
    token = token_of(service.mail_to(ADDRESS, "Set a new password").link)
    reset = {"token": token, "password": OTHER_PASSWORD}
    assert service.program().post("/auth/password_reset", reset).status == 200
    account_id = account_of(signed_in_program(service, password=OTHER_PASSWORD))
    (mailed,) = audit_events(service, account_id, "user.reset_mailed")
    assert token not in str(mailed)


@pytest.mark.requirement("B11", "C4", "C8")
def test_a_forced_reset_ends_password_sessions_and_links_and_says_so(service: Service) -> None:
    become_a_user(service)
    program = signed_in_program(service)
    account_id = account_of(program)
    program.post("/auth/password_reset/request", {"email": ADDRESS})
    old_link = token_of(service.mail_to(ADDRESS).link)
    done("force-reset", ADDRESS, "--yes")
    assert program.get("/auth/session").status == 401
    assert ask_sign_in(service.program()).status == 401
    stale = {"token": old_link, "password": OTHER_PASSWORD}
    assert service.program().post("/auth/password_reset", stale).status == 410
    letter = service.mail_to(ADDRESS, "the old one was stopped")
    assert "/password-reset" in letter.text
    assert "token=" not in letter.text
    assert "none: only single sign-on, or a reset" in done("find", ADDRESS)
    assert isinstance(operate("force-reset", ADDRESS, "--yes").exception, InvalidValueError)
    service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    reset = {"token": token_of(service.mail_to(ADDRESS).link), "password": PASSWORD}
    assert service.program().post("/auth/password_reset", reset).status == 200
    signed_in_program(service)
    (removed,) = audit_events(service, account_id, "user.password_removed")
    assert removed["request_id"].startswith("opr_")


def test_the_audit_page_names_the_operator_and_not_their_address(service: Service) -> None:
    browser = become_a_user(service)
    result = operate("--as", "jo.doe@terminus.test", "end-sessions", ADDRESS, "--yes")
    assert result.exit_code == 0, result.output
    sign_in(browser)
    page = browser.open("/settings/audit-log").text
    assert "Operator jo.doe" in page
    assert "terminus.test" not in page
    assert "arn:aws" not in page
    assert "every session" in page


def test_whoever_gives_no_name_is_called_as_aws_calls_them(service: Service) -> None:
    become_a_user(service)
    result = CliRunner().invoke(cli, ["unlock", ADDRESS])
    assert result.exit_code == 0, result.exception
    (own,) = audit_events(service, OPERATORS)
    assert own["details"]["identity"] == "arn:aws:sts::123456789012:user/moto"
    assert own["actor"]["name"] == "moto"


def test_an_empty_trail_says_so(service: Service) -> None:
    become_a_user(service)
    assert done("trail", "--days", "7") == "No operator did anything in 7 days.\n"


def test_what_operators_did_is_listed(service: Service, clock: StoppedClock) -> None:
    become_a_user(service)
    done("unlock", ADDRESS)
    clock.advance(timedelta(days=2))
    done("send-reset", ADDRESS)
    lines = done("trail").splitlines()
    assert [x.split("  ")[2] for x in lines] == ["Mailed a password reset", "Unlocked a sign-in"]
    assert all("  Jo  " in line and "  Robin  opr_" in line for line in lines)
    assert len(done("trail", "--days", "1").splitlines()) == 1


def test_a_name_that_could_steer_a_terminal_is_refused(service: Service) -> None:
    become_a_user(service)
    result = operate("--as", "Jo\x1b[2J", "unlock", ADDRESS)
    assert isinstance(result.exception, InvalidValueError)
    assert list(AuditEventRow.query(OPERATORS)) == []
