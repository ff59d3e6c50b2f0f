"""Operators see which emails get no mail, and let it go out again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.email_address import InvalidEmailError
from chalicelib.domain.errors import InvalidValueError, NotFoundError
from chalicelib.domain.operators.action import OPERATORS
from tests.support import mail_events
from tests.support.audit_log import audit_events
from tests.support.keys import account_of
from tests.support.personas.journeys import ADDRESS, ask_sign_up, become_a_user, signed_in_program
from tests.support.personas.operators import done, operate

if TYPE_CHECKING:
    from tests.support.service import Service

_NOBODY = "gone@x.test"


def _mails(service: Service, email: str) -> int:
    service.program().post("/auth/password_reset/request", {"email": email})
    service.work()
    return sum(letter.to == email for letter in service.outbox)


def test_they_list_who_gets_no_mail_and_why_the_newest_first(service: Service) -> None:
    assert done("suppressions", "list") == "No email is suppressed.\n"
    mail_events.suppress(_NOBODY)
    service.clock.advance(timedelta(minutes=1))
    mail_events.deliver(service, mail_events.complaint(ADDRESS, at=service.clock()))
    later, earlier = done("suppressions", "list").splitlines()
    assert earlier == (
        f"{_NOBODY}  no mail: bounce (Permanent NoEmail) of 2026-11-24 12:00:00Z,"
        " until 2026-12-24 12:00:00Z"
    )
    assert later.startswith(f"{ADDRESS}  notices only: complaint (abuse) of 2026-11-24 12:01:00Z")


def test_what_has_ended_is_listed_no_more(service: Service) -> None:
    mail_events.deliver(service, mail_events.bounce(ADDRESS, "Transient", "MailboxFull"))
    assert "MailboxFull" in done("suppressions", "list")
    service.clock.advance(timedelta(hours=1))
    assert done("suppressions", "list") == "No email is suppressed.\n"


def test_find_says_it_of_a_user_of_a_sign_up_and_of_nobody(service: Service) -> None:
    become_a_user(service)
    assert "goes out" in done("find", ADDRESS)
    ask_sign_up(service.program(), "waiting@x.test")
    for email in (ADDRESS, "waiting@x.test", _NOBODY):
        mail_events.suppress(email)
    assert "no mail: bounce (Permanent NoEmail)" in done("find", ADDRESS)
    waiting = done("find", "waiting@x.test")
    assert "no mail: bounce" in waiting
    assert "waits for its confirmation" in waiting
    found = operate("find", _NOBODY)
    assert "no mail: bounce" in found.output
    assert isinstance(found.exception, NotFoundError)


def test_a_removal_lets_mail_out_at_once_and_is_in_the_audit_logs(service: Service) -> None:
    become_a_user(service)
    account_id = account_of(signed_in_program(service))
    mail_events.suppress(ADDRESS)
    before = _mails(service, ADDRESS)
    service.clock.advance(timedelta(minutes=1))
    said = done("suppressions", "remove", ADDRESS.upper())
    assert "Told in the audit log of 1 account, as Operator Jo" in said
    assert _mails(service, ADDRESS) == before + 1
    (event,) = audit_events(service, account_id, "suppression.removed")
    assert event["target"]["type"] == "user"
    assert [e["event"] for e in audit_events(service, OPERATORS)] == ["suppression.removed"]


def test_a_report_of_before_the_removal_suppresses_nobody_again(service: Service) -> None:
    become_a_user(service)
    event = mail_events.bounce(ADDRESS)
    mail_events.deliver(service, event)
    service.clock.advance(timedelta(minutes=1))
    done("suppressions", "remove", ADDRESS)
    before = len(service.outbox)
    mail_events.deliver(service, event)
    assert _mails(service, ADDRESS) == before + 1
    service.clock.advance(timedelta(minutes=1))
    mail_events.deliver(service, mail_events.bounce(ADDRESS, at=service.clock()))
    assert _mails(service, ADDRESS) == before + 1


def test_an_email_of_nobody_is_removed_and_only_the_operators_log_has_it(
    service: Service,
) -> None:
    mail_events.suppress(_NOBODY)
    service.clock.advance(timedelta(minutes=1))
    assert "Told in the operators' trail" in done("suppressions", "remove", _NOBODY)
    (event,) = audit_events(service, OPERATORS)
    assert event["target"] == {"type": "anonymous", "id": _NOBODY, "name": _NOBODY}
    assert f"Let mail go to an email again  {_NOBODY}" in done("trail")


def test_what_is_not_suppressed_can_not_be_removed(service: Service) -> None:
    del service
    assert isinstance(operate("suppressions", "remove", ADDRESS).exception, NotFoundError)
    assert isinstance(operate("suppressions", "remove", "nobody").exception, InvalidEmailError)


def test_listing_is_in_the_operators_log(service: Service) -> None:
    done("suppressions", "list")
    assert [event["event"] for event in audit_events(service, OPERATORS)] == ["suppression.listed"]


def test_a_reset_is_not_promised_where_no_mail_goes(service: Service) -> None:
    become_a_user(service)
    mail_events.suppress(ADDRESS)
    result = operate("send-reset", ADDRESS)
    assert isinstance(result.exception, InvalidValueError)
    assert "suppressions remove" in str(result.exception)


def test_a_reset_by_an_operator_reaches_who_complained(service: Service) -> None:
    become_a_user(service)
    mail_events.deliver(service, mail_events.complaint(ADDRESS))
    before = len(service.outbox)
    done("send-reset", ADDRESS)
    service.work()
    assert len(service.outbox) == before + 1
