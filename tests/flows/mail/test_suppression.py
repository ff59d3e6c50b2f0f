"""What SES reports of a mail decides which mails its email still gets."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.roles import Role
from chalicelib.jobs.mail_events import NotAMailEventError, read_mail_event
from tests.support import mail_events
from tests.support.keys import account_of, add_member, an_owner, make_key
from tests.support.personas.invitations import invite
from tests.support.personas.journeys import (
    ADDRESS,
    PASSWORD,
    ask_sign_up,
    become_a_user,
    signed_in_program,
)
from tests.support.personas.users import NOON
from tests.support.servers.aws_faults import failing

if TYPE_CHECKING:
    from tests.support.http import Reply
    from tests.support.service import Service

_FLOWS = ("password_reset", "account_unlock")
_NEW_PASSWORD = "seven grey herons at dawn"
_OF_ONE_REQUEST = frozenset(("x-request-id", "date"))


@pytest.fixture(autouse=True)
def _at_every_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "chalicelib")


def _ask(service: Service, flow: str = "password_reset", email: str = ADDRESS) -> Reply:
    return service.program("198.51.100.9").post(f"/auth/{flow}/request", {"email": email})


def _sent_by(service: Service, email: str = ADDRESS) -> int:
    service.work()
    return sum(letter.to == email for letter in service.outbox)


def _said(caplog: pytest.LogCaptureFixture, name: str) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if record.getMessage() == name]


def _visible(reply: Reply) -> tuple[int, bytes, list[tuple[str, str]]]:
    headers = [(k, v) for k, v in reply.headers if k.lower() not in _OF_ONE_REQUEST]
    return reply.status, reply.body, headers


@pytest.mark.parametrize("sub", mail_events.PERMANENT)
def test_a_mailbox_that_refuses_for_good_gets_no_mail_at_all(
    service: Service, caplog: pytest.LogCaptureFixture, sub: str
) -> None:
    """Suppressed within one run of the worker; requested mails and notices alike."""
    become_a_user(service)
    program = signed_in_program(service)
    before = _sent_by(service)
    mail_events.deliver(service, mail_events.bounce(ADDRESS, sub=sub))
    for flow in _FLOWS:
        assert _ask(service, flow).status == 202
    body = {"current_password": PASSWORD, "password": _NEW_PASSWORD}
    assert program.post("/auth/profile/password", body).status == 204
    assert _sent_by(service) == before
    assert [line["reason"] for line in _said(caplog, "mail_bounced")] == [f"Permanent {sub}"]
    assert {line["reason"] for line in _said(caplog, "mail_suppressed")} == {"bounce"}
    assert ADDRESS not in json.dumps([str(record.__dict__) for record in caplog.records])


def test_it_gets_mail_again_after_thirty_days(service: Service) -> None:
    become_a_user(service)
    mail_events.deliver(service, mail_events.bounce(ADDRESS))
    before = _sent_by(service)
    service.clock.advance(timedelta(days=30) - timedelta(seconds=1))
    _ask(service)
    assert _sent_by(service) == before
    service.clock.advance(timedelta(seconds=1))
    _ask(service)
    assert _sent_by(service) == before + 1


@pytest.mark.parametrize(("of", "sub"), mail_events.MAILBOX)
def test_a_full_mailbox_gets_no_requested_mail_for_an_hour_but_every_notice(
    service: Service, caplog: pytest.LogCaptureFixture, of: str, sub: str
) -> None:
    become_a_user(service)
    program = signed_in_program(service)
    before = _sent_by(service)
    mail_events.deliver(service, mail_events.bounce(ADDRESS, of, sub))
    _ask(service)
    assert _sent_by(service) == before
    body = {"current_password": PASSWORD, "password": _NEW_PASSWORD}
    assert program.post("/auth/profile/password", body).status == 204
    assert "changed" in service.mail_to(ADDRESS).subject
    assert [line["reason"] for line in _said(caplog, "mail_delayed")] == [f"{of} {sub}"]
    service.clock.advance(timedelta(hours=1))
    _ask(service)
    assert _sent_by(service) == before + 2


@pytest.mark.parametrize("sub", mail_events.OF_THE_MAIL)
def test_a_bounce_about_the_mail_itself_suppresses_nothing(service: Service, sub: str) -> None:
    become_a_user(service)
    mail_events.deliver(service, mail_events.bounce(ADDRESS, "Transient", sub))
    before = _sent_by(service)
    _ask(service)
    assert _sent_by(service) == before + 1
    assert service.rows("suppressions") == []


@pytest.mark.parametrize("feedback", mail_events.COMPLAINTS)
def test_who_complains_gets_no_more_mail_that_others_can_ask_for(
    service: Service, caplog: pytest.LogCaptureFixture, feedback: str | None
) -> None:
    become_a_user(service)
    program = signed_in_program(service)
    before = _sent_by(service)
    mail_events.deliver(service, mail_events.complaint(ADDRESS, feedback))
    for flow in _FLOWS:
        _ask(service, flow)
    ask_sign_up(service.program("198.51.100.9"), ADDRESS)
    assert _sent_by(service) == before
    assert len(_said(caplog, "mail_complained")) == 1
    body = {"current_password": PASSWORD, "password": _NEW_PASSWORD}
    assert program.post("/auth/profile/password", body).status == 204
    assert "changed" in service.mail_to(ADDRESS).subject


def test_who_complained_can_still_reset_from_a_browser_that_is_known(service: Service) -> None:
    """Somebody else's sign-up at their email may be all that they complained about."""
    become_a_user(service)
    program = signed_in_program(service)
    mail_events.deliver(service, mail_events.complaint(ADDRESS))
    before = _sent_by(service)
    assert program.post("/auth/password_reset/request", {"email": ADDRESS}).status == 202
    assert _sent_by(service) == before + 1


@pytest.mark.parametrize("feedback", mail_events.NO_COMPLAINTS)
def test_feedback_that_is_no_complaint_suppresses_nothing(service: Service, feedback: str) -> None:
    become_a_user(service)
    mail_events.deliver(service, mail_events.complaint(ADDRESS, feedback))
    assert service.rows("suppressions") == []


def test_a_complaint_that_ses_itself_remembers_counts_too(service: Service) -> None:
    event = mail_events.complaint(ADDRESS, None, "OnAccountSuppressionList")
    mail_events.deliver(service, event)
    (row,) = service.rows("suppressions")
    assert row["complaint_detail"]["S"] == "OnAccountSuppressionList"


def test_a_mail_in_which_ses_finds_a_virus_is_counted_and_suppresses_nobody(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    mail_events.deliver(service, mail_events.reject(ADDRESS))
    (line,) = _said(caplog, "mail_rejected")
    assert (line["levelno"], line["reason"]) == (logging.ERROR, "Bad content")
    assert service.rows("suppressions") == []


def test_invitations_and_new_emails_pass_no_suppression(service: Service) -> None:
    owner = an_owner(service)
    mail_events.deliver(service, mail_events.bounce("kim@elsewhere.test"))
    invite(owner, "kim@elsewhere.test")
    body = {"current_password": PASSWORD, "email": "kim@elsewhere.test"}
    assert owner.post("/auth/profile/email", body).status == 202
    assert _sent_by(service, "kim@elsewhere.test") == 0


def test_one_suppressed_admin_keeps_no_mail_from_the_others(service: Service) -> None:
    owner = an_owner(service)
    add_member(service, account_of(owner), "kim@acme.test", Role.ADMIN)
    mail_events.deliver(service, mail_events.bounce(ADDRESS))
    before = _sent_by(service)
    service.program().post("/api/v1/api_keys/leaked", {"key": make_key(owner)["key"]})
    assert "leaked" in service.mail_to("kim@acme.test").subject
    assert _sent_by(service) == before


@pytest.mark.parametrize("flow", ["password_reset", "account_unlock", "email_confirmation"])
def test_no_answer_shows_that_an_email_is_suppressed(service: Service, flow: str) -> None:
    """`B1`: byte by byte, for every caller."""
    become_a_user(service)
    answers = [_visible(_ask(service, flow))]
    mail_events.deliver(service, mail_events.bounce(ADDRESS))
    answers += [_visible(_ask(service, flow)), _visible(_ask(service, flow, "nobody@acme.test"))]
    assert answers == [answers[0]] * 3


def test_a_bounce_stops_the_mails_of_the_recipient_not_of_who_it_names(service: Service) -> None:
    """The mailbox's own server writes the delivery status notification that SES quotes."""
    become_a_user(service)
    event = mail_events.bounce("mallory@evil.test")
    event["bounce"]["bouncedRecipients"] = [{"emailAddress": ADDRESS}]
    mail_events.deliver(service, event)
    assert [row["email"]["S"] for row in service.rows("suppressions")] == ["mallory@evil.test"]
    before = _sent_by(service)
    _ask(service)
    assert _sent_by(service) == before + 1


def test_a_report_that_is_delivered_again_changes_nothing(service: Service) -> None:
    event = mail_events.bounce(ADDRESS)
    mail_events.deliver(service, event)
    rows = service.rows("suppressions")
    service.clock.advance(timedelta(days=3))
    mail_events.deliver(service, event)
    assert service.rows("suppressions") == rows


def test_a_clock_that_is_ahead_makes_no_reason_of_the_future(service: Service) -> None:
    mail_events.deliver(service, mail_events.bounce(ADDRESS, at=NOON + timedelta(days=900)))
    (row,) = service.rows("suppressions")
    assert row["bounce_at"]["S"] == "2026-11-24T12:00:00.000000+0000"


def test_a_report_that_the_store_cannot_take_comes_again(service: Service) -> None:
    with (
        failing("ThrottlingException", lambda name, _: name == "UpdateItem"),
        pytest.raises(Exception, match="wrong on our side"),
    ):
        mail_events.deliver(service, mail_events.bounce(ADDRESS))
    assert service.rows("suppressions") == []


def _changed(name: str, **fields: Any) -> str:
    event = mail_events.bounce(ADDRESS)
    return json.dumps({**event, name: {**event[name], **fields}})


_TO_NOBODY = _changed("mail", destination=[])
_UNEXPECTED = [
    json.dumps({**mail_events.bounce(ADDRESS), "eventType": "Delivery"}),
    json.dumps({**mail_events.bounce(ADDRESS), "eventType": "DeliveryDelay"}),
    json.dumps({"mail": mail_events.bounce(ADDRESS)["mail"]}),
    _changed("bounce", bounceType="Unheard"),
    _TO_NOBODY,
    _changed("mail", destination=[ADDRESS, "kim@acme.test"]),
]
_MALFORMED = [
    _changed("mail", destination=["not an email"]),
    _changed("mail", destination=["robin@acme.test\r\nBcc: kim@acme.test, x"]),
    _changed("mail", destination=["a" * 70_000 + "@acme.test"]),
    _changed("mail", destination=[7]),
    _changed("mail", destination=ADDRESS),
    _changed("mail", tags=[]),
    _changed("bounce", timestamp="yesterday"),
    _changed("bounce", timestamp="2017-08-05T00:41:02"),
    _changed("bounce", timestamp=None),
    _changed("bounce", bounceType={}),
    '{"eventType": "Bounce"}',
    '{"Type": "SubscriptionConfirmation"}',
    '{"mail": ' * 50_000,
    "\ud800",
]


@pytest.mark.parametrize("body", _UNEXPECTED + _MALFORMED)
def test_a_report_of_another_form_is_logged_and_dropped(
    service: Service, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    from infra.local.worker import sqs_event

    message = {"MessageId": "1", "ReceiptHandle": "2", "Body": body, "MD5OfBody": "3"}
    service.handler(sqs_event(message, "arn:aws:sqs:eu-west-1:123456789012:mail"), None)
    (line,) = _said(caplog, "mail_dropped")
    expected = "unexpected_event" if body in _UNEXPECTED else "malformed"
    assert (line["levelno"], line["reason"]) == (logging.ERROR, expected)
    assert service.rows("suppressions") == []


def test_the_word_that_ses_sends_first_is_no_report(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    body = "Successfully validated SNS topic for Amazon SES event publishing."
    mail_events.deliver(service, f"{body}\n")
    assert _said(caplog, "mail_dropped") == []


def test_hostile_words_reach_neither_the_log_nor_the_row() -> None:
    for words in ("x\n{}", "\x1b[31m", "\u202e"):
        assert read_mail_event(_changed("bounce", bounceSubType=words)).detail == "none"
    assert len(read_mail_event(_changed("bounce", bounceSubType="x" * 100_000)).detail) == 60
    with pytest.raises(NotAMailEventError):
        read_mail_event(_TO_NOBODY)


def test_notifications_of_an_identity_are_read_too(service: Service) -> None:
    """Without tags and headers, and under another name: what the local emulator sends."""
    event = mail_events.bounce(ADDRESS)
    event["notificationType"] = event.pop("eventType")
    for name in ("tags", "headers", "headersTruncated", "commonHeaders"):
        del event["mail"][name]
    mail_events.deliver(service, event)
    assert len(service.rows("suppressions")) == 1


def test_a_worker_that_is_killed_between_its_writes_makes_up_for_it(service: Service) -> None:
    """The message comes again: the email is suppressed already, the place is held now."""
    event = mail_events.bounce(ADDRESS, tags={"source": "A" * 43, "message": "msg_1"})
    with (
        failing("InternalServerError", lambda name, _: name == "PutItem"),
        pytest.raises(Exception, match="wrong on our side"),
    ):
        mail_events.deliver(service, event)
    assert len(service.rows("suppressions")) == 1
    assert service.rows("limits") == []
    mail_events.deliver(service, event)
    assert len(service.rows("limits")) == 1
