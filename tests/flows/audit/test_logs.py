"""The log lines of a whole journey."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from chalicelib.logs import JsonFormatter
from tests.support.keys import Holder, a_holder
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    sign_in,
    sign_up,
    signed_in_program,
    token_of,
)

if TYPE_CHECKING:
    from tests.support.service import Service


@pytest.fixture(autouse=True)
def _talkative(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="chalicelib")


def _journey(service: Service) -> dict[str, str]:
    """Go from sign-up to sign-out; returns the secret and personal values."""
    browser = service.browser()
    sign_up(browser)
    link = service.mail_to(ADDRESS).link
    browser.open(link)
    browser.press("Confirm email")
    sign_in(browser, password=OTHER_PASSWORD)
    sign_in(browser)
    secrets = {
        "password": PASSWORD,
        "wrong password": OTHER_PASSWORD,
        "link": token_of(link),
        "session": browser.jar.values["thub_session"],
        "address": ADDRESS,
    }
    browser.press("Sign out")
    return secrets


def _lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [JsonFormatter().format(record) for record in caplog.records]


def test_no_secret_and_no_address_is_logged(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """`H5`, `D14`, `C6`."""
    secrets = _journey(service)
    text = "\n".join(_lines(caplog))
    assert "request_refused" in text
    assert [name for name, secret in secrets.items() if secret in text] == []


def test_each_line_is_one_json_object_with_its_time_and_event(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """`H4`."""
    _journey(service)
    lines = [json.loads(line) for line in _lines(caplog)]
    assert lines
    assert all({"timestamp", "level", "event", "logger"} <= set(line) for line in lines)
    requests = [line for line in lines if line["event"] == "request"]
    assert all({"request_id", "method", "route", "status"} <= set(request) for request in requests)


def test_every_authentication_is_logged_with_its_method_and_request(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """`H4`: successes and failures, by password and by key."""
    holder = a_holder(service)
    program = signed_in_program(service)
    caplog.clear()
    ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD)
    ask_sign_in(service.program(), "nobody@acme.test")
    ask_sign_in(service.program())
    for password in (PASSWORD, OTHER_PASSWORD):
        program.post("/auth/session/proof", {"password": password})
    holder.get("/api/v1/account")
    Holder(service.program(), "thub_" + "a" * 32).get("/api/v1/account")
    lines = [json.loads(line) for line in _lines(caplog)]
    proofs = [line for line in lines if line["event"].startswith("authentication_")]
    assert [(p["event"].rpartition("_")[2], p["method"], p.get("step")) for p in proofs] == [
        ("failed", "password", "sign_in"),
        ("failed", "password", "sign_in"),
        ("succeeded", "password", "sign_in"),
        ("succeeded", "password", "proof"),
        ("failed", "password", "proof"),
        ("succeeded", "api_key", None),
        ("failed", "api_key", None),
    ]
    # API Gateway doesn't give the authorizer the request's id.
    assert all(p["request_id"] for p in proofs[:-1])
    known, unknown = proofs[:2]
    assert known.keys() == unknown.keys()


def test_a_line_break_in_a_value_starts_no_new_line() -> None:
    """`H5`."""
    record = logging.makeLogRecord({"msg": 'x\n{"event": "forged"}', "agent": "a\r\nb"})
    assert len(JsonFormatter().format(record).splitlines()) == 1


def test_awss_message_about_a_wrong_signature_hides_the_session_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """`H5`: it repeats the request that should have been signed."""
    token = "IQoJb3JpZ2luX2VjEJ//wEaCWV1+dGVzdA=="
    words = (
        "The Canonical String for this request should have been\n'POST\n/\n\n"
        f"host:dynamodb\nx-amz-date:20261124T120000Z\nx-amz-security-token:{token}\n\nhost;x-amz-date'"
    )
    error = ClientError(
        {"Error": {"Code": "InvalidSignatureException", "Message": words}}, "GetItem"
    )
    for raised in (
        error,
        RuntimeError(repr(words)),
        RuntimeError(f"X-Amz-Security-Token={token}&"),
    ):
        logging.getLogger("chalicelib.test").error("request_failed", exc_info=raised)
    lines = _lines(caplog)
    assert len(lines) == 3
    for line in lines:
        assert token[:12] not in line
        assert "-security-token:[left out]" in line.lower()
    assert "x-amz-date:20261124T120000Z" in lines[0]
