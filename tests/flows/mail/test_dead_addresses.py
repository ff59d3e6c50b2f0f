"""A day of sign-ups at dead addresses from one source, against the real limits."""

from __future__ import annotations

import contextlib
import copy
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from botocore.client import BaseClient

from chalicelib import bootstrap
from chalicelib.domain.audit.mail_caps import MailCappedError
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.mail import Job, JobKind
from chalicelib.domain.sign_in.sign_up import SignUp
from chalicelib.domain.tokens import new_id
from chalicelib.jobs.mail_events import read_mail_event
from tests.support import mail_events
from tests.support.servers.sent import recorded_mails

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service

_SIGN_UPS = 10_000
_DAY = timedelta(days=1)


@pytest.fixture
def environ() -> dict[str, str]:
    return {"MAIL_CONFIGURATION_SET": "thub-test-mail"}


def _sign_up(clock: StoppedClock, email: str, address: str = "192.0.2.7") -> bool:
    """Do what the worker does for a sign-up; says whether its mail passed the counts."""
    ready, message_id = bootstrap.services(), new_id("msg")
    job = Job(message_id, JobKind.SIGN_UP_CONFIRMATION, email, clock(), address, "", "req-1", {})
    try:
        admitted = ready.mail_cap.admit(job)
    except MailCappedError:
        return False
    # The request has stored it, without the cost of a hash for each of ten thousand.
    found = EmailAddress(email)
    ready.shared.sign_ups.add(SignUp(new_id("sup"), found, "R", "Acme", "-", clock(), "-"))
    ready.sign_up.send_mail(admitted)
    return True


def _report(sent: Mapping[str, Any], clock: StoppedClock) -> dict[str, Any]:
    tags = {tag["Name"]: tag["Value"] for tag in sent["Tags"]}
    (email,) = sent["Destinations"]
    return mail_events.bounce(email, tags=tags, at=clock())


def _bounce(sent: Mapping[str, Any], clock: StoppedClock) -> None:
    report = mail_events.text(_report(sent, clock))
    bootstrap.services().mail_feedback.take(read_mail_event(report))


@contextlib.contextmanager
def _unchanged_rows_read_once() -> Iterator[None]:
    """Answer a read that is repeated before any write from memory: moto takes 2 ms for each."""
    call = BaseClient._make_api_call  # noqa: SLF001 - every AWS call passes here
    answers: dict[str, Any] = {}

    def made(self: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        if operation != "GetItem":
            answers.clear()
            return call(self, operation, parameters)
        key = repr(parameters)
        if key not in answers:
            answers[key] = call(self, operation, parameters)
        return copy.deepcopy(answers[key])

    with mock.patch.object(BaseClient, "_make_api_call", made):
        yield


def test_ten_thousand_sign_ups_of_a_day_at_dead_addresses_reach_ses_fewer_than_fifty_times(
    service: Service, clock: StoppedClock
) -> None:
    """Each address another one; a report takes as long as three sign-ups."""
    with recorded_mails() as sent, _unchanged_rows_read_once():
        reported = 0
        for number in range(_SIGN_UPS):
            _sign_up(clock, f"gone{number}@acme.test")
            clock.advance(_DAY / _SIGN_UPS)
            for mail in sent[reported : len(sent) - 3]:
                _bounce(mail, clock)
                reported += 1
    assert 0 < len(sent) < 50
    assert len(service.rows("suppressions")) == reported


@pytest.mark.usefixtures("service")
def test_a_bounced_mail_takes_its_place_for_a_day_and_no_longer(clock: StoppedClock) -> None:
    with recorded_mails() as sent:
        for number in range(20):
            assert _sign_up(clock, f"gone{number}@acme.test")
        for mail in sent[:15]:
            _bounce(mail, clock)
            _bounce(mail, clock)
    assert not _sign_up(clock, "robin@acme.test")
    clock.advance(timedelta(hours=1))
    assert [_sign_up(clock, f"robin{n}@acme.test") for n in range(6)] == [True] * 5 + [False]
    clock.advance(timedelta(hours=22, minutes=59))
    assert [_sign_up(clock, f"kim{n}@acme.test") for n in range(6)] == [True] * 5 + [False]
    clock.advance(timedelta(minutes=1))
    assert _sign_up(clock, "lee@acme.test")


@pytest.mark.usefixtures("service")
def test_another_sources_bounces_are_not_counted(clock: StoppedClock) -> None:
    with recorded_mails() as sent:
        for number in range(20):
            _sign_up(clock, f"gone{number}@acme.test")
        for mail in sent:
            _bounce(mail, clock)
    assert _sign_up(clock, "robin@acme.test", "198.51.100.9")


def test_a_report_that_comes_a_day_late_holds_no_place(
    service: Service, clock: StoppedClock
) -> None:
    with recorded_mails() as sent:
        _sign_up(clock, "gone@acme.test")
    report = _report(sent[0], clock)
    clock.advance(_DAY)
    mail_events.deliver(service, report)
    assert all(_sign_up(clock, f"robin{number}@acme.test") for number in range(20))


@pytest.mark.parametrize("tags", [{"source": "x"}, {"message": "msg_1"}, {}])
def test_a_report_without_its_tags_suppresses_all_the_same(
    service: Service, tags: dict[str, str]
) -> None:
    mail_events.deliver(service, mail_events.bounce("gone@acme.test", tags=tags))
    assert len(service.rows("suppressions")) == 1
    assert service.rows("limits") == []
