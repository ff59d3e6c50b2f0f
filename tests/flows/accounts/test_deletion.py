"""An owner deletes the account: asked on a page, announced by mail, done seven days later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.operators.action import OPERATORS
from chalicelib.domain.roles import Role
from tests.support.audit_log import audit_events, event_names, user_id_of
from tests.support.keys import account_of, add_member, an_owner, make_key
from tests.support.personas.deleted import all_is_swept, rows_that_name
from tests.support.personas.journeys import ADDRESS, PASSWORD, sign_in
from tests.support.personas.operators import done
from tests.support.servers.aws_faults import failing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tests.support.http import Browser, Program
    from tests.support.service import Service

_ADA, _MO = "ada@acme.test", "mo@acme.test"
_PAGE = "/settings/delete-account"
_WEEK = timedelta(days=7)


@pytest.fixture
def owner(service: Service) -> Program:
    return an_owner(service)


@pytest.fixture
def account_id(service: Service, owner: Program) -> str:
    """An account with an admin and a member."""
    found = account_of(owner)
    add_member(service, found, _ADA, Role.ADMIN)
    add_member(service, found, _MO, Role.MEMBER)
    return found


@pytest.fixture
def browser(service: Service, account_id: str) -> Browser:
    """The owner's, on the page."""
    opened = service.browser()
    sign_in(opened)
    opened.open(_PAGE)
    del account_id
    return opened


def _ask(browser: Browser, name: str = "Acme") -> None:
    browser.open(_PAGE)
    browser.press("Delete account", Account_name=name)


def _mailed(service: Service, about: str) -> set[str]:
    service.work()
    return {letter.to for letter in service.outbox if about in letter.subject}


def _of(service: Service, address: str, account_id: str) -> Browser:
    browser = service.browser()
    sign_in(browser, address)
    browser.open("/accounts")
    program = service.program()
    program.jar.values |= browser.jar.values
    assert program.post("/auth/session/account", {"account_id": account_id}).status == 200
    browser.jar.values |= program.jar.values
    return browser


def _later(service: Service, by: timedelta) -> None:
    service.clock.advance(by)
    service.carry_on_deletions()


def test_an_account_is_deleted_a_week_after_its_owner_asked(
    service: Service, owner: Program, browser: Browser, account_id: str
) -> None:
    """`H16`."""
    key = make_key(owner)["key"]
    _ask(browser)
    assert browser.page.status == 200
    assert "Scheduled for deletion" in browser.page.text
    assert "2026-12-01 12:00" in browser.page.text
    assert _mailed(service, "is going to be deleted") == {ADDRESS, _ADA}
    assert "account.deletion_requested" in event_names(service, account_id)

    _later(service, _WEEK - timedelta(seconds=1))
    held = {"Authorization": f"Bearer {key}"}
    assert service.program().get("/api/v1/account", **held).status == 200

    _later(service, timedelta(seconds=1))
    assert service.program().get("/api/v1/account", **held).status == 401
    assert _mailed(service, "is deleted at") == {ADDRESS, _ADA}
    all_is_swept(service)
    assert set(rows_that_name(service, account_id)) <= {
        "audit_events", "deletions", "sessions", "limits",
    }  # fmt: skip
    (event,) = audit_events(service, OPERATORS, "account.deleted")
    assert event["actor"]["type"] == "system"
    assert event["target"] == {"type": "account", "id": account_id, "name": "Deleted account"}
    assert event["details"] == {"asked_by": user_id_of(ADDRESS)}


def test_the_name_has_to_be_typed(service: Service, browser: Browser) -> None:
    for typed in ("", "acme", "Acme!", "Acme Inc"):
        _ask(browser, typed)
        assert browser.page.status == 422
        assert "exactly as it is shown" in browser.page.text
    service.work()
    assert not _mailed(service, "deleted")


def test_a_stale_proof_is_asked_for_first(service: Service, browser: Browser) -> None:
    """`D9`."""
    service.clock.advance(timedelta(minutes=16))
    _ask(browser)
    assert browser.page.url.startswith("http://localhost:8000/proof")
    browser.press("Continue", Password=PASSWORD)
    _ask(browser)
    assert "Scheduled for deletion" in browser.page.text


def test_the_owner_cancels_without_a_proof(
    service: Service, browser: Browser, account_id: str
) -> None:
    _ask(browser)
    service.clock.advance(timedelta(hours=11))
    browser.open(_PAGE)
    browser.press("Cancel deletion")
    assert "The deletion is cancelled" in browser.page.text
    assert _mailed(service, "stays at") == {ADDRESS, _ADA}
    assert event_names(service, account_id)[-1] == "account.deletion_cancelled"
    _later(service, _WEEK * 2)
    sign_in(browser)
    assert browser.open(_PAGE).status == 200
    # It can be asked for again.
    _ask(browser)
    assert "Scheduled for deletion" in browser.page.text


def test_an_admin_sees_it_and_a_member_does_not(
    service: Service, browser: Browser, account_id: str
) -> None:
    ada, mo = _of(service, _ADA, account_id), _of(service, _MO, account_id)
    assert "Only the owner can delete" in ada.open(_PAGE).text
    _ask(browser)
    seen = ada.open(_PAGE)
    assert "Scheduled for deletion" in seen.text
    assert "Cancel deletion" not in seen.text
    assert mo.open(_PAGE).url.endswith("/?done=not-allowed")


def test_the_request_of_a_former_owner_counts_for_nothing(
    service: Service, owner: Program, browser: Browser, account_id: str
) -> None:
    _ask(browser)
    handed = {"user_id": user_id_of(_ADA)}
    assert owner.post("/api/v1/account/transfer_ownership", handed).status == 200
    ada = _of(service, _ADA, account_id)
    assert "for good" in ada.open(_PAGE).text
    _later(service, _WEEK)
    assert _of(service, _ADA, account_id).open(_PAGE).status == 200
    assert not [row for row in service.rows("deletions") if "request_id" in row]


def test_a_new_owner_can_ask_while_the_former_one_s_request_is_there(
    service: Service, owner: Program, browser: Browser, account_id: str
) -> None:
    _ask(browser)
    handed = {"user_id": user_id_of(_ADA)}
    assert owner.post("/api/v1/account/transfer_ownership", handed).status == 200
    ada = _of(service, _ADA, account_id)
    _ask(ada)
    assert "Scheduled for deletion" in ada.page.text


def test_asking_twice_is_one_request(service: Service, browser: Browser) -> None:
    other = service.browser()
    sign_in(other)
    other.open(_PAGE)
    _ask(browser)
    other.press("Delete account", Account_name="Acme")
    assert other.page.status == 409
    assert _mailed(service, "is going to be deleted") == {ADDRESS, _ADA}
    del browser


def test_where_not_everybody_can_be_mailed_nothing_is_deleted(
    service: Service, browser: Browser, account_id: str
) -> None:
    def sends(operation: str, _: Mapping[str, Any]) -> bool:
        return operation == "SendMessage"

    with failing("ServiceUnavailable", sends):
        _ask(browser)
    assert browser.page.status == 503
    browser.open(_PAGE)
    assert "Scheduled" not in browser.page.text
    _later(service, _WEEK * 2)
    sign_in(browser)
    assert browser.open(_PAGE).status == 200
    assert not [row for row in service.rows("deletions") if "request_id" in row]
    del account_id


def test_an_operator_need_not_wait(service: Service, browser: Browser, account_id: str) -> None:
    _ask(browser)
    done("accounts", "delete", account_id, "--yes")
    assert browser.open("/").url.startswith("http://localhost:8000/sign-in")
    _later(service, _WEEK)
    assert _mailed(service, "is deleted at") == {ADDRESS, _ADA}
