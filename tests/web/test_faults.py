"""When something that we depend on is gone: closed, quiet, and told apart from a refusal."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from chalicelib import bootstrap
from tests.support.journeys import (
    ADDRESS,
    ask_sign_in,
    ask_sign_up,
    become_a_user,
    sign_up,
    signed_in_program,
)

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


def test_without_its_tables_nobody_gets_in(service: Service) -> None:
    """`H3`: a session that can't be looked up is no session, and no refusal either."""
    become_a_user(service)
    program = signed_in_program(service)
    _lose_the_tables(service)
    _assert_says_nothing(program.get("/auth/session"), 503)
    _assert_says_nothing(ask_sign_in(service.program()), 503)
    _assert_says_nothing(ask_sign_up(service.program()), 503)


def test_without_its_queue_a_sign_up_says_so(service: Service) -> None:
    """`H3`: nobody is told to wait for a mail that was never asked for."""
    service.engine.client("sqs").delete_queue(QueueUrl=service.settings.mail_queue_url)
    _assert_says_nothing(ask_sign_up(service.program()), 503)


def test_a_mail_that_ses_refuses_stays_on_the_queue(service: Service) -> None:
    service.engine.client("ses").delete_identity(Identity=service.settings.mail_from)
    sign_up(service.browser())
    with pytest.raises(Exception, match="SendRawEmail"):
        service.work()
    assert service.outbox == []


def test_a_fault_of_ours_says_nothing_and_is_logged_once(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """`H2`, `H3`."""
    broken = replace(bootstrap.services(), sign_in=None)  # type: ignore[arg-type]
    bootstrap.use(broken)
    with caplog.at_level(logging.ERROR):
        reply = ask_sign_in(service.program())
    _assert_says_nothing(reply, 500)
    assert "Traceback" not in reply.text
    assert "NoneType" not in reply.text
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_a_fault_of_ours_on_a_page_is_a_page(service: Service) -> None:
    """`H2`."""
    broken = replace(bootstrap.services(), sign_in=None)  # type: ignore[arg-type]
    bootstrap.use(broken)
    browser = service.browser()
    browser.open("/sign-in")
    browser.press("Continue", Email=ADDRESS)
    assert browser.page.status == 500
    assert browser.page.heading == "Something went wrong"
    assert "NoneType" not in browser.page.html
