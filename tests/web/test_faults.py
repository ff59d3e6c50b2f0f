"""A missing table, queue or mail service: no access, no details, and not answered as a refusal."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from chalicelib import bootstrap
from tests.support.keys import an_owner
from tests.support.personas.invitations import INVITED, invite
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    ask_sign_up,
    become_a_user,
    sign_up,
    signed_in_program,
    token_of,
)
from tests.support.servers.aws_faults import failing
from tests.support.service import changed

if TYPE_CHECKING:
    from tests.support.http import Reply
    from tests.support.service import Service

_UNEXPECTED = "Something went wrong on our side. Try again in a moment."


def _lose_the_tables(service: Service) -> None:
    client = service.engine.client("dynamodb")
    for name in client.list_tables()["TableNames"]:
        client.delete_table(TableName=name)


def _assert_says_nothing(reply: Reply, status: int) -> None:
    assert reply.status == status
    assert reply.error["type"] == "api_error"
    assert reply.error["message"] == _UNEXPECTED
    assert reply.header("X-Request-Id")


def test_without_the_tables_nobody_is_signed_in(service: Service) -> None:
    """`H3`: a session that can't be read gives no access, and isn't answered as signed out."""
    become_a_user(service)
    program = signed_in_program(service)
    _lose_the_tables(service)
    _assert_says_nothing(program.get("/auth/session"), 503)
    _assert_says_nothing(ask_sign_in(service.program()), 503)
    _assert_says_nothing(ask_sign_up(service.program()), 503)


def test_without_the_queue_a_sign_up_is_a_503(service: Service) -> None:
    """`H3`: the user isn't told to wait for a mail that wasn't queued."""
    service.engine.client("sqs").delete_queue(QueueUrl=service.settings.mail_queue_url)
    _assert_says_nothing(ask_sign_up(service.program()), 503)


def test_a_mail_that_ses_refuses_stays_on_the_queue(service: Service) -> None:
    service.engine.client("ses").delete_identity(Identity=service.settings.mail_from)
    sign_up(service.browser())
    with pytest.raises(Exception, match="SendRawEmail"):
        service.work()
    assert service.outbox == []


def test_an_unexpected_error_reveals_nothing_and_is_logged_once(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """`H2`, `H3`."""
    broken = changed(bootstrap.services(), sign_in=None)
    bootstrap.use(broken)
    with caplog.at_level(logging.ERROR):
        reply = ask_sign_in(service.program())
    _assert_says_nothing(reply, 500)
    assert "Traceback" not in reply.text
    assert "NoneType" not in reply.text
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_an_unexpected_error_on_a_page_is_a_page(service: Service) -> None:
    """`H2`."""
    broken = changed(bootstrap.services(), sign_in=None)
    bootstrap.use(broken)
    browser = service.browser()
    browser.open("/sign-in")
    browser.press("Continue", Email=ADDRESS)
    assert browser.page.status == 500
    assert browser.page.heading == "Something went wrong"
    assert "NoneType" not in browser.page.html


def test_an_invitation_is_created_even_if_its_mail_cannot_be_queued(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """After a 503 the inviter would try again, and be refused because the invitation exists."""
    owner = an_owner(service)
    with failing("ServiceUnavailable", lambda name, _: name == "SendMessage"):
        made = invite(owner)
    assert [r for r in caplog.records if r.getMessage() == "notice_lost"]
    service.work()
    assert owner.post(f"/api/v1/invitations/{made['id']}/resend", {}).status == 202
    assert "invited" in service.mail_to(INVITED).subject


@pytest.mark.parametrize("flow", ["email_confirmation", "password_reset", "account_unlock"])
def test_a_used_link_stays_used_if_the_mail_count_fails(service: Service, flow: str) -> None:
    """Neither the queue nor the store can make the finished step fail."""
    if flow == "email_confirmation":
        sign_up(service.browser())
    else:
        become_a_user(service)
        service.program().post(f"/auth/{flow}/request", {"email": ADDRESS})
    token = token_of(service.mail_to(ADDRESS).link)
    body = {"token": token, **({} if flow == "account_unlock" else {"password": PASSWORD})}
    with failing("ServiceUnavailable", lambda name, _: name == "SendMessage"):
        assert service.program().post(f"/auth/{flow}", body).status == 200


def test_a_count_that_cannot_be_lowered_stops_no_mail(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    become_a_user(service)
    service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    token = token_of(service.mail_to(ADDRESS, "Set a new").link)
    body = {"token": token, "password": OTHER_PASSWORD}
    assert service.program().post("/auth/password_reset", body).status == 200
    busy = "ProvisionedThroughputExceededException"
    with failing(busy, lambda name, sent: name == "GetItem" and "limits" in sent["TableName"]):
        service.work()
    assert "changed" in service.outbox[-1].subject
    assert [r for r in caplog.records if r.getMessage() == "mail_count_kept"]
