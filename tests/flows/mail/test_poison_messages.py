"""No request queues a job that the worker can't handle; such a job is dropped and logged."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chalicelib.domain.email_address import EmailAddress, InvalidEmailError
from chalicelib.domain.mail import Job, JobKind
from chalicelib.domain.roles import Role
from chalicelib.domain.tokens import new_id
from infra.local.worker import sqs_event
from tests.support.keys import account_of, add_member, an_owner, make_key
from tests.support.personas.invitations import invite
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    ask_sign_up,
    become_a_user,
    signed_in_program,
)
from tests.support.personas.users import NOON
from tests.support.servers.aws_faults import failing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.http import Reply
    from tests.support.service import Service

_SECRET = "A" * 43
_TICKET = f".{_SECRET}"
_JSON = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}
_PUBLIC = (
    "/auth/sign_up",
    "/auth/email_confirmation/request",
    "/auth/password_reset/request",
    "/auth/account_unlock/request",
    "/auth/sign_in",
    "/api/v1/api_keys/leaked",
)
_DROPPED = ("mail_dropped", "mail_failed")
_OFTEN = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def environ() -> dict[str, str]:
    return {
        "SOURCE_MAILS_PER_HOUR": "5000",
        "SOURCE_FAILURES": "1000000",
        "ARGON2_MEMORY_KIB": "7168",
        "ARGON2_TIME": "5",
    }


def _post(service: Service, path: str, body: object, headers: Mapping[str, str]) -> Reply:
    sent = {**_JSON, "Origin": "http://localhost:8000", **headers}
    reply: Reply = service.transport("192.0.2.7")("POST", path, sent, json.dumps(body).encode())
    return reply


def _complaints(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if record.getMessage() in _DROPPED]


def _queued(service: Service) -> list[str]:
    """Receive the queue's messages."""
    sqs, url, bodies = service.engine.client("sqs"), service.settings.mail_queue_url, []
    while messages := sqs.receive_message(QueueUrl=url).get("Messages"):
        for message in messages:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def _texts(message: dict[str, Any]) -> list[str]:
    details = message.pop("details")
    return [str(value) for value in (*message.values(), *details.values())]


def _handle(service: Service, body: str) -> None:
    message = {"MessageId": "1", "ReceiptHandle": "2", "Body": body, "MD5OfBody": "3"}
    service.handler(sqs_event(message, "arn:aws:sqs:eu-west-1:123456789012:mail"), None)


def _message(kind: JobKind, email: str = ADDRESS, **details: str) -> Job:
    return Job(new_id("msg"), kind, email, NOON, "192.0.2.7", "", "req-1", details)


@pytest.mark.parametrize(
    "ticket",
    [
        "s" * 1_100 + "." + _SECRET,
        "s" * 3_000 + "." + _SECRET,
        "." + _SECRET,
        "latest." + _SECRET,
        "sup_" + "A" * 32 + "." + _SECRET,
        "sup_" + "a" * 32 + "." + _SECRET + "A",
        "sup_" + "٣" * 32 + "." + _SECRET,
        "\x00" * 40 + "." + _SECRET,
    ],
    ids=["long", "longer", "empty", "latest", "capitals", "more", "digits", "nul"],
)
@pytest.mark.parametrize("path", _PUBLIC[1:4])
def test_a_made_up_sign_up_cookie_is_ignored(service: Service, ticket: str, path: str) -> None:
    sent = {"Cookie": f"thub_sign_up={ticket}", "User-Agent": "x" * 4_000}
    assert _post(service, path, {"email": ADDRESS}, sent).status == 202
    (message,) = _queued(service)
    details = json.loads(message)["details"]
    assert not details.get("sign_up_id")
    assert not details.get("browser_digest")
    assert max(map(len, _texts(json.loads(message)))) <= 400
    _handle(service, message)


_ODD = st.text(st.characters(codec="latin-1"), max_size=60) | st.sampled_from(
    ["x" * 8_000, "\x00", "\ud800", "=?utf-8?q?a=0Ab?=", "(" * 2_000, "Firefox/" + "9" * 3_000]
)
_COOKIE = st.sampled_from(["thub_sign_up", "thub_device", "thub_session", "thub_address"])
_HEX = st.text("0123456789abcdef", min_size=30, max_size=33)
_VALUE = st.one_of(
    _ODD,
    st.builds(lambda a, b: f"sup_{a}.{b}", _HEX, st.just(_SECRET)),
    st.builds(lambda a, n, b: a * n + b, st.text("s_0"), st.integers(1, 2_000), st.just(_TICKET)),
    st.builds(lambda a, n, b: f"dev_{a}.{n}.{b}", _HEX, st.integers(), st.just(_SECRET)),
)
_LOCAL = st.text("abz019.!#$%&'*+-/=?^_`{|}~", min_size=1, max_size=64)
_EMAIL = st.one_of(
    st.builds("{}@acme.test".format, _LOCAL),
    st.builds("{}@{}.test".format, _LOCAL, st.text(min_size=1, max_size=64)),
    st.sampled_from(
        [
            ADDRESS,
            "=?utf-8?q?a=0D=0ABcc?=@acme.test",
            "=?us-ascii?q?robin?=@acme.test",
            "=?utf-7?q?+2AA-?=@acme.test",
            "\ud800@acme.test",
            "a\x00b@acme.test",
        ]
    ),
)


@_OFTEN
@example(_PUBLIC[1], ADDRESS, "", ("", {"thub_sign_up": "s" * 1_100 + _TICKET}))
@example(_PUBLIC[0], "=?utf-8?q?a=0Ab?=@acme.test", "Robin", ("", {}))
@given(
    path=st.sampled_from(_PUBLIC),
    email=_EMAIL,
    text=_ODD,
    headers=st.tuples(_ODD, st.dictionaries(_COOKIE, _VALUE, max_size=3)),
)
def test_no_public_request_makes_a_message_that_the_worker_cannot_handle(
    service: Service,
    caplog: pytest.LogCaptureFixture,
    path: str,
    email: str,
    text: str,
    headers: tuple[str, dict[str, str]],
) -> None:
    caplog.clear()
    agent, cookies = headers
    body = {
        "/auth/sign_up": {
            "email": email,
            "name": text,
            "account_name": text,
            "password": PASSWORD,
        },
        "/auth/sign_in": {"email": email, "password": text},
        "/api/v1/api_keys/leaked": {"key": text},
    }.get(path, {"email": email})
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    sent = {"Cookie": cookie, "User-Agent": agent, "X-Forwarded-For": agent}
    _post(service, path, body, sent)
    for message in _queued(service):
        assert max(map(len, _texts(json.loads(message)))) <= 400
        _handle(service, message)
    assert _complaints(caplog) == []


@_OFTEN
@example(JobKind.PASSWORD_CHANGED, "=?utf-8?q?a=0Ab?=@acme.test", "Robin", "")
@given(
    kind=st.sampled_from(JobKind),
    email=_EMAIL,
    name=st.text(min_size=1, max_size=100),
    agent=st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"])),
)
def test_the_worker_handles_every_kind_of_job_with_any_values(
    service: Service,
    caplog: pytest.LogCaptureFixture,
    kind: JobKind,
    email: str,
    name: str,
    agent: str,
) -> None:
    """Emails as they are accepted, names of any text, and any user agent."""
    caplog.clear()
    try:
        address = EmailAddress.parse(email).value
    except (InvalidEmailError, UnicodeError):
        return
    texts = (
        "name",
        "key_name",
        "old_owner",
        "new_owner",
        "account_name",
        "step",
        "how",
        "by",
        "heir",
        "heir_email",
        "new_email",
        "old_email",
        "user_name",
    )
    details = {
        **dict.fromkeys(texts, name.encode(errors="replace").decode()),
        **dict.fromkeys(
            ("user_id", "inviter_id", "account_id", "invitation_id"), "usr_" + "0" * 32
        ),
        **dict.fromkeys(("digest", "browser_digest"), _SECRET),
        "sign_up_id": "sup_" + "0" * 32,
        "device": "device#" + _SECRET,
        "device_version": "1",
        "credentials_version": "1",
        "failures": "5",
        "browser": "new",
        "is_owner": "yes",
        "event": "session.ended",
        "news": "requested",
        "due_at": service.clock().isoformat(),
        "version": "1",
        "locks": "yes",
        "source_count": _SECRET,
        "source_entry": new_id("msg"),
    }
    request = Job(
        new_id("msg"), kind, address, service.clock(), "192.0.2.7", agent[:400], "req-1", details
    )
    _handle(service, request.to_json())
    assert _complaints(caplog) == []


@pytest.mark.parametrize(
    "address",
    ["=?us-ascii?q?robin?=@acme.test", "=?utf-8?q?a=0Ab?=@acme.test", "robin=?@acme.test"],
)
def test_an_email_that_a_mail_would_decode_is_refused(service: Service, address: str) -> None:
    """Its mail would go to another mailbox than the one that is counted."""
    assert ask_sign_up(service.program(), address).status == 422
    reply = service.program().post("/auth/password_reset/request", {"email": address})
    assert reply.status == 422


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "",
        "[]",
        "7",
        "{}",
        "[" * 100_000,
        '{"kind": "password_reset"}',
        _message(JobKind.PASSWORD_RESET).to_json().replace('"details": {}', '"details": []'),
        _message(JobKind.PASSWORD_RESET).to_json().replace('"req-1"', "1"),
    ],
)
def test_a_malformed_message_is_logged_and_dropped(
    service: Service, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    _handle(service, body)
    (complaint,) = _complaints(caplog)
    assert (complaint["levelno"], complaint["reason"]) == (logging.ERROR, "malformed")


def test_a_message_of_a_newer_version_is_redelivered(service: Service) -> None:
    """During a deployment the API may be newer than the worker."""
    body = json.loads(_message(JobKind.PASSWORD_RESET).to_json())
    with pytest.raises(ValueError, match="not known yet"):
        _handle(service, json.dumps({**body, "kind": "not known yet"}))
    with pytest.raises(TypeError, match="unknown"):
        _handle(service, json.dumps({**body, "unknown": ""}))


@pytest.mark.parametrize("operation", ["GetItem", "BatchGetItem", "PutItem"])
def test_a_job_that_the_store_will_never_take_is_dropped(
    service: Service, caplog: pytest.LogCaptureFixture, operation: str
) -> None:
    become_a_user(service)
    service.work()
    request = _message(JobKind.PASSWORD_RESET)
    with failing("ValidationException", lambda name, _: name == operation) as failed:
        _handle(service, request.to_json())
    assert failed
    (complaint,) = _complaints(caplog)
    assert complaint["reason"] == "ValidationException"
    assert complaint["asked_by"] == "req-1"
    assert complaint["levelno"] == logging.ERROR
    assert ADDRESS not in str(complaint)


def test_a_job_whose_transaction_can_never_succeed_is_dropped(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    owner = an_owner(service)
    key = make_key(owner)["key"]
    service.program().post("/api/v1/api_keys/leaked", {"key": key})
    with failing("ValidationException", lambda name, _: name == "TransactWriteItems"):
        service.work()
    assert [c["reason"] for c in _complaints(caplog)] == ["ValidationException"]


@pytest.mark.parametrize(
    "code", ["ThrottlingException", "InternalServerError", "ResourceNotFoundException"]
)
def test_a_job_with_a_passing_error_is_redelivered(service: Service, code: str) -> None:
    become_a_user(service)
    service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    with (
        failing(code, lambda name, _: name == "BatchGetItem"),
        pytest.raises(Exception, match="wrong on our side"),
    ):
        service.work()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("InvalidParameterValue", "Local address contains control or whitespace"),
        ("MessageRejected", "Address blacklisted."),
    ],
)
def test_a_mail_that_ses_will_never_accept_is_dropped(
    service: Service, caplog: pytest.LogCaptureFixture, code: str, words: str
) -> None:
    become_a_user(service)
    service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    with failing(code, lambda name, _: name == "SendRawEmail", words):
        service.work()
    (complaint,) = _complaints(caplog)
    assert (complaint["reason"], complaint["kind"]) == (code, "password_reset")
    assert complaint["asked_by"]
    assert service.work() == 0


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("MessageRejected", "Email address is not verified."),
        ("MessageRejected", "Sending suspended for this account."),
        ("Throttling", "Maximum sending rate exceeded."),
        ("AccountSendingPausedException", "Paused."),
        ("MailFromDomainNotVerifiedException", "Not yet."),
        ("ConfigurationSetDoesNotExist", "Configuration set <x> does not exist."),
    ],
)
def test_a_mail_that_an_operator_can_unblock_is_redelivered(
    service: Service, code: str, words: str
) -> None:
    become_a_user(service)
    service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    with (
        failing(code, lambda name, _: name == "SendRawEmail", words),
        pytest.raises(Exception, match=code),
    ):
        service.work()


def test_one_admins_refused_email_does_not_hold_back_the_others(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """The leaked key is removed from the list too."""
    owner = an_owner(service)
    add_member(service, account_of(owner), "kim@acme.test", Role.ADMIN)
    key = make_key(owner)
    service.program().post("/api/v1/api_keys/leaked", {"key": key["key"]})

    def to_robin(name: str, parameters: Mapping[str, Any]) -> bool:
        return name == "SendRawEmail" and parameters["Destinations"] == [ADDRESS]

    with failing("InvalidParameterValue", to_robin):
        service.work()
    assert [c["kind"] for c in _complaints(caplog)] == ["api_key_leaked"]
    assert "leaked" in service.mail_to("kim@acme.test").subject
    assert key["id"] not in owner.get("/api/v1/api_keys").text


def test_ordinary_sign_ins_and_invitations_are_handled(service: Service) -> None:
    owner = an_owner(service)
    invite(owner)
    ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD)
    signed_in_program(service)
    assert service.work() >= 2
