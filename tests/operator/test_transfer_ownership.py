"""Operators hand over an account whose owner lost password and mailbox, after a day's notice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.accounts.handover import (
    HandoverTooEarlyError,
    HandoverWaitsError,
    NoHandoverError,
)
from chalicelib.domain.errors import ConflictError, InvalidValueError, NotFoundError
from chalicelib.domain.operators.action import OPERATORS
from chalicelib.domain.roles import Role
from tests.support.audit_log import audit_events
from tests.support.keys import account_of, add_member, an_owner
from tests.support.personas.journeys import ADDRESS, PASSWORD, sign_in, signed_in_program
from tests.support.personas.operators import done, operate

if TYPE_CHECKING:
    from tests.support.http import Browser, Program
    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service

_ADA, _EVA, _MO = "ada@acme.test", "eva@acme.test", "mo@acme.test"
_DAY = timedelta(days=1)
_REQUESTED = "account.ownership_requested"
_STOPPED = "account.ownership_request_stopped"
_MOVED = "account.ownership_transferred"


@pytest.fixture
def owner(service: Service) -> Program:
    return an_owner(service)


@pytest.fixture
def account_id(service: Service, owner: Program) -> str:
    """An account with two admins and a member."""
    found = account_of(owner)
    for address, role in ((_ADA, Role.ADMIN), (_EVA, Role.ADMIN), (_MO, Role.MEMBER)):
        add_member(service, found, address, role)
    return found


def _ask(account_id: str, *more: str) -> Any:
    return operate("transfer-ownership", "--account", account_id, "--to", _ADA, "--yes", *more)


def _refusal(account_id: str, *more: str) -> object:
    result = _ask(account_id, *more)
    assert result.exit_code != 0, result.output
    return type(result.exception)


def _roles(program: Program) -> dict[str, str]:
    return {m["email"]: m["role"] for m in program.get("/api/v1/members").json["items"]}


def _events(service: Service, account_id: str) -> list[str]:
    return [e["event"] for e in audit_events(service, account_id) if ".ownership_" in e["event"]]


def _mailed(service: Service, about: str) -> set[str]:
    service.work()
    return {letter.to for letter in service.outbox if about in letter.subject}


def _in(service: Service, address: str, account_id: str) -> Program:
    program = signed_in_program(service, address)
    program.post("/auth/session/account", {"account_id": account_id})
    return program


def _page_of(service: Service, address: str, account_id: str) -> Browser:
    browser = service.browser()
    browser.jar.values |= _in(service, address, account_id).jar.values
    browser.open("/settings/members")
    return browser


def test_an_admin_becomes_the_owner_a_day_after_everybody_was_mailed(
    service: Service, account_id: str, clock: StoppedClock
) -> None:
    said = done("transfer-ownership", "--account", account_id, "--to", _ADA, said="y\n")
    assert "From 2026-11-25 12:00:00Z on, run it again with --confirm." in said
    assert _mailed(service, "may get a new owner") == {ADDRESS, _ADA, _EVA}
    letter = service.mail_to(ADDRESS, "may get a new owner")
    assert "Operator Jo, who helps to run" in letter.text
    assert "25 November 2026, 12:00 UTC" in letter.text
    assert "http://localhost:8000/settings/members" in letter.text
    assert _events(service, account_id) == [_REQUESTED]

    clock.advance(_DAY)
    assert f"{_ADA} is the owner of Acme." in _ask(account_id, "--confirm").output
    ada = _in(service, _ADA, account_id)
    assert _roles(ada) == {ADDRESS: "admin", _ADA: "owner", _EVA: "admin", _MO: "member"}
    assert _mailed(service, "has been given a new owner") == {ADDRESS, _ADA, _EVA}
    assert sorted(_events(service, account_id)) == sorted([_REQUESTED, _MOVED])
    assert sorted(_events(service, OPERATORS)) == sorted([_REQUESTED, _MOVED])
    assert _refusal(account_id, "--confirm") in (InvalidValueError, NoHandoverError)


def test_nothing_happens_before_the_day_is_over(
    service: Service, account_id: str, clock: StoppedClock
) -> None:
    assert _refusal(account_id, "--confirm") is NoHandoverError
    assert _ask(account_id).exit_code == 0
    clock.advance(_DAY - timedelta(seconds=1))
    assert _refusal(account_id, "--confirm") is HandoverTooEarlyError
    assert _refusal(account_id) is HandoverWaitsError
    assert _roles(_in(service, ADDRESS, account_id))[ADDRESS] == "owner"


def test_the_owner_stops_it_by_a_button_after_a_fresh_proof(
    service: Service, account_id: str, clock: StoppedClock
) -> None:
    """`D9`."""
    assert _ask(account_id).exit_code == 0
    clock.advance(timedelta(hours=23))
    browser = _page_of(service, ADDRESS, account_id)
    assert "A new owner is requested" in browser.page.text
    assert "Operator Jo was asked to make" in browser.page.text
    assert "2026-11-25 12:00:00Z" in browser.page.text
    clock.advance(timedelta(minutes=30))
    browser.press("Stop it")
    assert browser.page.heading == "Confirm it's you"
    browser.press("Continue", Password=PASSWORD)
    assert browser.page.heading == "Members"
    browser.press("Stop it")
    assert "The request is stopped." in browser.page.status_message
    assert "A new owner is requested" not in browser.page.text
    assert _mailed(service, "keeps its owner") == {ADDRESS, _ADA, _EVA}
    clock.advance(_DAY)
    assert _refusal(account_id, "--confirm") is NoHandoverError
    assert sorted(_events(service, account_id)) == sorted([_REQUESTED, _STOPPED])


def test_admins_see_it_and_only_the_owner_stops_it(service: Service, account_id: str) -> None:
    assert _ask(account_id).exit_code == 0
    browser = _page_of(service, _EVA, account_id)
    assert "A new owner is requested" in browser.page.text
    assert "Stop it" not in {caption for form in browser.page.forms for caption in form.buttons}
    reply = _in(service, _EVA, account_id).call(
        "POST",
        "/settings/handover/stop",
        f"account_id={account_id}".encode(),
        Content_Type="application/x-www-form-urlencoded",
    )
    assert (reply.status, reply.header("Location")) == (303, "/?done=not-allowed")
    assert "A new owner is requested" in browser.open("/settings/members").text


def test_an_operator_cancels_it(service: Service, account_id: str, clock: StoppedClock) -> None:
    assert _ask(account_id).exit_code == 0
    assert "keeps its owner" in done("transfer-ownership", "--account", account_id, "--cancel")
    clock.advance(_DAY)
    assert _refusal(account_id, "--confirm") is NoHandoverError
    assert _mailed(service, "keeps its owner") == {ADDRESS, _ADA, _EVA}
    assert operate("transfer-ownership", "--account", account_id, "--cancel").exit_code != 0


@pytest.mark.parametrize("how", ["demoted", "suspended", "removed", "owner changed"])
def test_what_has_changed_meanwhile_stops_it(
    service: Service, account_id: str, clock: StoppedClock, how: str
) -> None:
    assert _ask(account_id).exit_code == 0
    clock.advance(_DAY)
    owner = _in(service, ADDRESS, account_id)
    ids = {m["email"]: m["user_id"] for m in owner.get("/api/v1/members").json["items"]}
    path = f"/api/v1/members/{ids[_ADA]}"
    if how == "demoted":
        owner.call("PATCH", path, {"role": "member"})
    elif how == "suspended":
        owner.post(f"{path}/suspend", {})
    elif how == "removed":
        owner.delete(path)
    else:
        owner.post("/api/v1/account/transfer_ownership", {"user_id": ids[_EVA]})
    refused = _refusal(account_id, "--confirm")
    assert refused in (InvalidValueError, NotFoundError, NoHandoverError, ConflictError)
    heads = [who for who, role in _roles(_in(service, _EVA, account_id)).items() if role == "owner"]
    assert heads == [_EVA if how == "owner changed" else ADDRESS]


def test_a_request_that_nobody_carries_out_lapses_after_a_week(
    account_id: str, clock: StoppedClock
) -> None:
    assert _ask(account_id).exit_code == 0
    clock.advance(timedelta(days=7))
    assert _refusal(account_id, "--confirm") is NoHandoverError
    assert _ask(account_id).exit_code == 0
    assert _refusal(account_id, "--confirm") is HandoverTooEarlyError


def test_a_request_whose_mails_did_not_leave_can_not_be_carried_out(
    service: Service, account_id: str, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only asked for again: the day is there for people who know."""
    from chalicelib.domain.errors import UnavailableError
    from chalicelib.gateways.mail.queue import JobQueue

    def away(*_: object) -> None:
        raise UnavailableError

    with monkeypatch.context() as patched:
        patched.setattr(JobQueue, "put", away)
        assert _refusal(account_id) is UnavailableError
    clock.advance(_DAY)
    assert _refusal(account_id, "--confirm") is NoHandoverError
    assert "A new owner" not in _page_of(service, ADDRESS, account_id).page.text
    assert _ask(account_id).exit_code == 0


@pytest.mark.parametrize("address", [_MO, ADDRESS, "nobody@acme.test"])
def test_only_an_active_admin_can_be_asked_for(account_id: str, address: str) -> None:
    result = operate("transfer-ownership", "--account", account_id, "--to", address, "--yes")
    assert isinstance(result.exception, InvalidValueError | NotFoundError)


@pytest.mark.usefixtures("service")
def test_an_account_that_is_not_there_is_said_to_be_so() -> None:
    result = _ask("acc_none")
    assert str(result.exception) == "There is no account acc_none."


def test_another_account_hears_and_sees_nothing(service: Service, account_id: str) -> None:
    """`H15`."""
    an_owner(service, "sam@borealis.test")
    assert _ask(account_id).exit_code == 0
    browser = service.browser()
    sign_in(browser, "sam@borealis.test")
    browser.open("/settings/members")
    assert "A new owner" not in browser.page.text
    assert "sam@borealis.test" not in _mailed(service, "new owner")
