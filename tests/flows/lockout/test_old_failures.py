"""Failures at an email without a user must not refuse its later user."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import argon2
import pytest

from chalicelib import bootstrap
from chalicelib.domain.email_address import EmailAddress
from tests.support.keys import an_owner
from tests.support.personas.company import a_company
from tests.support.personas.invitations import INVITED, accept_as_new, invite, mailed_token
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    become_a_user,
    sign_in,
)
from tests.support.personas.operators import done
from tests.support.personas.users import StoppedClock
from tests.support.races.sign_in_races import counted_hashes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service

_STRANGERS, OWN = "198.51.100", "192.0.2.7"
_MOST = 7


@pytest.fixture
def environ(dns: DnsServer) -> dict[str, str]:
    """Seven in a row stop a password instead of a hundred."""
    return {"CONSECUTIVE_FAILURES_MAX": str(_MOST), "DNS_SERVER": dns.setting}


@pytest.fixture
def clock() -> StoppedClock:
    """Near the real time, which python3-saml compares with."""
    return StoppedClock.near_now()


def _fail(service: Service, address: str) -> None:
    """Use up every count: that of the email, and that of its future user's own network."""
    for number in range(2 * _MOST):
        source = f"{_STRANGERS}.{number}" if number >= _MOST else OWN
        assert ask_sign_in(service.program(source), address, OTHER_PASSWORD).status == 401
        service.clock.advance(timedelta(days=2))


def _signs_in(service: Service, address: str, password: str = PASSWORD) -> None:
    for source in (OWN, "203.0.113.5"):
        reply = ask_sign_in(service.program(source), address, password)
        assert reply.status == 200, reply.text


def test_old_failures_do_not_refuse_the_first_password_of_a_new_user(service: Service) -> None:
    """`B6`: at the first try, from their own network and from any other."""
    _fail(service, ADDRESS)
    become_a_user(service)
    _signs_in(service, ADDRESS)


def test_old_failures_do_not_refuse_the_first_password_of_an_invited_user(
    service: Service,
) -> None:
    _fail(service, INVITED)
    invite(an_owner(service), INVITED)
    token = mailed_token(service)
    assert accept_as_new(service.program(OWN), token).status == 200
    _signs_in(service, INVITED, OTHER_PASSWORD)


def test_old_failures_do_not_refuse_a_user_at_their_new_email(service: Service) -> None:
    new = "robin@borealis.test"
    _fail(service, new)
    browser = become_a_user(service)
    sign_in(browser)
    browser.open("/profile")
    browser.press("Change email", New_email=new, Current_password=PASSWORD)
    browser.open(service.mail_to(new).link)
    browser.press("Confirm email")
    _signs_in(service, new)


def test_old_failures_do_not_refuse_an_imported_user(service: Service, tmp_path: Path) -> None:
    """An import has no browser, so only their email's count is known to be theirs."""
    for number in range(_MOST):
        ask_sign_in(service.program(f"{_STRANGERS}.{number}"), INVITED, OTHER_PASSWORD)
        service.clock.advance(timedelta(days=2))
    line = {"email": INVITED, "password_hash": argon2.PasswordHasher(1, 8192, 1).hash(PASSWORD)}
    file = tmp_path / "users.jsonl"
    file.write_text(json.dumps(line) + "\n")
    assert "1 added" in done("import-users", str(file))
    _signs_in(service, INVITED)


def test_old_failures_do_not_refuse_a_user_created_by_sso(service: Service, dns: DnsServer) -> None:
    """They have no password yet; from then on their email's count is theirs."""
    email = EmailAddress("mo@acme.test")
    company = a_company(service, dns)
    with counted_hashes():
        for number in range(_MOST):
            ask_sign_in(service.program(f"{_STRANGERS}.{number}"), email.value, OTHER_PASSWORD)
    _, reply = company.sign_in(email.value, "Mo Field")
    assert reply.status == 303
    key = bootstrap.services().sign_in.check.attempt_keys.address(email)
    (row,) = (row for row in service.rows("limits") if row["subject"]["S"] == key)
    assert not {"failed_at", "locked_until", "consecutive"} & set(row)
