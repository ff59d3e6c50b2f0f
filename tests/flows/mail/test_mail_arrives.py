"""A mail that a user needs arrives, whatever strangers request for the same email."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib import bootstrap
from chalicelib.domain.audit.mail_caps import MailCappedError
from chalicelib.domain.mail import Job, JobKind
from chalicelib.domain.sign_in.counter_keys import source_of
from tests.support.keys import an_owner
from tests.support.personas.invitations import INVITED, ask_invite, invite
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    ask_sign_up,
    become_a_user,
    signed_in_program,
    token_of,
)
from tests.support.personas.operators import done

if TYPE_CHECKING:
    from tests.support.http import Program
    from tests.support.service import Service

_STRANGER = "203.0.113.66"
_MINUTE = timedelta(minutes=1)
_FLOWS = ("email_confirmation", "password_reset", "account_unlock")
_SUBJECTS = {"password_reset": "Set a new password", "account_unlock": "Unlock"}


def _ask(program: Program, flow: str, address: str = ADDRESS) -> None:
    reply = program.post(f"/auth/{flow}/request", {"email": address})
    assert reply.status == 202, reply.text


def _mails(service: Service, address: str = ADDRESS, about: str = "") -> int:
    service.work()
    return sum(x.to == address and about in x.subject for x in service.outbox)


def _known(service: Service, address: str = ADDRESS) -> Program:
    """Return a program with the device cookie of its user's sign-in."""
    program = signed_in_program(service, address)
    service.work()
    return program


def test_requested_mails_arrive_while_a_stranger_asks_every_minute(
    service: Service,
) -> None:
    become_a_user(service)
    user = _known(service)
    stranger = service.program(_STRANGER)
    due = {5: "password_reset", 20: "account_unlock", 35: "password_reset", 50: "account_unlock"}
    for minute in range(60):
        for flow in _FLOWS:
            _ask(stranger, flow)
        service.work()
        if minute in due:
            about = _SUBJECTS[due[minute]]
            before = _mails(service, about=about)
            _ask(user, due[minute])
            assert _mails(service, about=about) == before + 1, (minute, about)
        service.clock.advance(_MINUTE)


def test_an_invitation_arrives_while_a_stranger_asks_every_minute(service: Service) -> None:
    owner = an_owner(service)
    stranger = service.program(_STRANGER)
    for _ in range(20):
        for flow in _FLOWS:
            _ask(stranger, flow, INVITED)
        service.clock.advance(_MINUTE)
    assert owner.post("/auth/session/proof", {"password": PASSWORD}).status == 204
    invite(owner)
    assert _mails(service, INVITED, "invited") == 1


def test_extra_mails_are_few_with_any_number_of_racing_sources(service: Service) -> None:
    """Concurrent requests must not send more mails than a source's share."""
    cap, now = bootstrap.services().mail_cap, service.clock()
    admitted = 0
    for number in range(4):
        address = f"198.51.100.{number}"
        source, email = cap.keys.of(source_of(address)), cap.keys.of(ADDRESS)
        for share in range(3):
            cap.shares.admit(f"{JobKind.PASSWORD_RESET}#{source}#{email}", f"share-{share}", now)
        for request in range(3):
            job_id = f"msg-{number}-{request}"
            job = Job(job_id, JobKind.PASSWORD_RESET, ADDRESS, now, address, "", "req")
            with contextlib.suppress(MailCappedError):
                cap.admit(job)
                admitted += 1
    assert admitted == 2


def test_an_operators_reset_arrives_after_any_number_of_mails(service: Service) -> None:
    """So the command may say that the mail is on its way."""
    become_a_user(service)
    for _ in range(10):
        _ask(service.program(_STRANGER), "password_reset")
    before = _mails(service, about="Set a new password")
    for sent in range(1, 8):
        assert "on its way" in done("send-reset", ADDRESS)
        assert _mails(service, about="Set a new password") == before + sent


@pytest.mark.parametrize("flow", ["password_reset", "account_unlock"])
def test_requests_of_one_kind_do_not_hold_back_another(service: Service, flow: str) -> None:
    become_a_user(service)
    service.clock.advance(timedelta(hours=1))
    for other in set(_FLOWS) - {flow}:
        for number in range(8):
            _ask(service.program(f"203.0.113.{number}"), other)
    service.work()
    before = _mails(service, about=_SUBJECTS[flow])
    _ask(service.program("198.51.100.7"), flow)
    assert _mails(service, about=_SUBJECTS[flow]) == before + 1


def test_the_mail_of_a_lockout_arrives_after_requested_unlock_mails(service: Service) -> None:
    become_a_user(service)
    for number in range(8):
        _ask(service.program(f"203.0.113.{number}"), "account_unlock")
    before = _mails(service, about="Unlock")
    for _ in range(5):
        ask_sign_in(service.program(_STRANGER), ADDRESS, OTHER_PASSWORD)
    assert _mails(service, about="Unlock") == before + 1


def test_a_known_browser_has_five_mails_of_a_kind_an_hour_of_its_own(service: Service) -> None:
    """Strangers have five as well, and neither uses up the other's."""
    become_a_user(service)
    user = _known(service)
    for number in range(8):
        _ask(service.program(f"203.0.113.{number}"), "password_reset")
    assert _mails(service, about="Set a new password") == 5
    for _ in range(8):
        _ask(user, "password_reset")
    assert _mails(service, about="Set a new password") == 10


def test_one_source_that_uses_its_five_mails_leaves_two_for_others(service: Service) -> None:
    """For any number of others: an attacker with many sources can't fill a mailbox either."""
    become_a_user(service)
    for _ in range(8):
        _ask(service.program(_STRANGER), "password_reset")
    assert _mails(service, about="Set a new password") == 5
    for number, total in enumerate((6, 7, 7, 7, 7)):
        _ask(service.program(f"198.51.100.{number}"), "password_reset")
        assert _mails(service, about="Set a new password") == total


def test_a_browser_from_before_a_reset_counts_as_unknown(service: Service) -> None:
    become_a_user(service)
    thief = _known(service)
    _ask(service.program("198.51.100.7"), "password_reset")
    token = token_of(service.mail_to(ADDRESS, "Set a new password").link)
    body = {"token": token, "password": OTHER_PASSWORD}
    assert service.program().post("/auth/password_reset", body).status == 200
    before = _mails(service, about="Set a new password")
    for number in range(5):
        _ask(service.program(f"203.0.113.{number}"), "password_reset")
        _ask(thief, "password_reset")
    assert _mails(service, about="Set a new password") == before + 4


def test_a_device_cookie_of_another_email_has_no_count(service: Service) -> None:
    become_a_user(service)
    become_a_user(service, "kim@acme.test")
    kim = _known(service, "kim@acme.test")
    for number in range(5):
        _ask(service.program(f"203.0.113.{number}"), "password_reset")
    before = _mails(service, about="Set a new password")
    _ask(kim, "password_reset")
    assert _mails(service, about="Set a new password") == before


def test_forty_plus_tags_from_one_source_bring_twenty_mails(service: Service) -> None:
    for number in range(40):
        assert ask_sign_up(service.program(_STRANGER), f"robin+{number}@acme.test").status == 202
    service.work()
    assert len(service.outbox) == 20
    service.clock.advance(timedelta(hours=1))
    assert ask_sign_up(service.program(_STRANGER), "robin+41@acme.test").status == 202
    service.work()
    assert len(service.outbox) == 21


def test_one_ipv6_site_is_one_source(service: Service) -> None:
    for number in range(30):
        ask_sign_up(service.program(f"2001:db8:1:2::{number + 1:x}"), f"r{number}@acme.test")
    service.work()
    assert len(service.outbox) == 20


def test_a_source_has_twenty_mails_over_all_kinds(service: Service) -> None:
    addresses = [f"robin{number}@acme.test" for number in range(12)]
    for address in addresses:
        become_a_user(service, address)
    service.clock.advance(timedelta(hours=1))
    before = len(service.outbox)
    for address in addresses:
        _ask(service.program(_STRANGER), "password_reset", address)
        _ask(service.program(_STRANGER), "account_unlock", address)
    service.work()
    assert len(service.outbox) == before + 20


def test_thirty_colleagues_behind_one_ip_address_all_sign_up_within_an_hour(
    service: Service,
) -> None:
    for number in range(30):
        become_a_user(service, f"colleague{number}@acme.test")
    service.work()
    assert len(service.rows("users")) == 30


def test_used_links_free_only_their_own_place(service: Service) -> None:
    """Confirming one sign-up often doesn't allow more mails to others."""
    source = _STRANGER
    for number in range(19):
        ask_sign_up(service.program(source), f"victim{number}@acme.test")
    browser = service.program(source)
    ask_sign_up(browser, "own@evil.test")
    token = token_of(service.mail_to("own@evil.test").link)
    for _ in range(3):
        browser.post("/auth/email_confirmation", {"token": token})
        service.work()
    for number in range(5):
        ask_sign_up(service.program(source), f"another{number}@acme.test")
    service.work()
    assert sum(x.to.startswith("another") for x in service.outbox) == 1


@pytest.mark.parametrize(
    ("flow", "path", "body"),
    [
        ("password_reset", "/auth/password_reset", {"password": OTHER_PASSWORD}),
        ("account_unlock", "/auth/account_unlock", {}),
    ],
)
def test_a_used_reset_or_unlock_frees_its_place(
    service: Service, flow: str, path: str, body: dict[str, str]
) -> None:
    become_a_user(service)
    service.clock.advance(timedelta(hours=1))
    _ask(service.program(_STRANGER), flow)
    token = token_of(service.mail_to(ADDRESS, _SUBJECTS[flow]).link)
    for number in range(19):
        ask_sign_up(service.program(_STRANGER), f"full{number}@acme.test")
    assert service.program().post(path, {"token": token, **body}).status == 200
    service.work()
    ask_sign_up(service.program(_STRANGER), "one@more.test")
    assert _mails(service, "one@more.test") == 1


def test_mails_of_a_session_do_not_count_for_the_source(service: Service) -> None:
    owner = an_owner(service)
    for number in range(25):
        ask_sign_up(service.program(), f"full{number}@acme.test")
    service.work()
    for number in range(22):
        invite(owner, f"guest{number}@acme.test")
    service.work()
    assert sum(x.to.startswith("guest") for x in service.outbox) == 22


def test_one_accounts_invitations_do_not_hold_back_anothers(service: Service) -> None:
    """One account sends five an hour to an email, and so does one user over all accounts."""
    owner = an_owner(service)
    made = invite(owner)
    for _ in range(8):
        owner.post(f"/api/v1/invitations/{made['id']}/resend", {})
    assert _mails(service, INVITED, "invited") == 5
    become_a_user(service, "sam@borealis.test")
    other = signed_in_program(service, "sam@borealis.test")
    invite(other)
    assert _mails(service, INVITED, "invited") == 6


def test_one_user_with_many_accounts_fills_no_mailbox_with_invitations(service: Service) -> None:
    owner = an_owner(service)
    for number in range(8):
        made = owner.post("/auth/accounts", {"account_name": f"Account {number}"})
        assert made.status == 201, made.text
        assert ask_invite(owner).status == 201
    assert _mails(service, INVITED, "invited") == 5


def test_the_user_of_a_taken_email_gets_one_mail_a_day(service: Service) -> None:
    become_a_user(service)
    answers = []
    for number in range(4):
        answers.append(ask_sign_up(service.program(f"203.0.113.{number}")).body)
        service.work()
        service.clock.advance(timedelta(hours=6) - _MINUTE)
    assert _mails(service, about="already have") == 1
    assert answers == [answers[0]] * 4
    service.clock.advance(timedelta(minutes=5))
    ask_sign_up(service.program("203.0.113.9"))
    assert _mails(service, about="already have") == 2


def test_a_capped_mail_is_logged_with_the_cap_and_without_the_email(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    become_a_user(service)
    for number in range(7):
        _ask(service.program(f"203.0.113.{number}"), "password_reset")
    for number in range(22):
        ask_sign_up(service.program(_STRANGER), f"full{number}@acme.test")
    ask_sign_up(service.program("198.51.100.1"))
    ask_sign_up(service.program("198.51.100.2"))
    with caplog.at_level("INFO"):
        service.work()
    capped = [record for record in caplog.records if record.getMessage() == "mail_capped"]
    caps = [(vars(record)["kind"], vars(record)["cap"]) for record in capped]
    assert caps.count(("password_reset", "address")) == 2
    assert caps.count(("sign_up_confirmation", "source")) == 2
    assert caps.count(("sign_up_confirmation", "once_a_day")) == 1
    assert all(vars(record)["asked_by"] for record in capped)
    assert not any("@" in str(vars(record)) for record in capped)
