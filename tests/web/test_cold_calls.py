"""The first call of a process loads only the packages that its kind of call uses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.keys import make_key
from tests.support.personas.journeys import ask_sign_up, become_a_user, signed_in_program
from tests.support.personas.users import StoppedClock
from tests.support.servers.children import ROOT
from tests.support.servers.moto_server import moto_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.engines import Engine
    from tests.support.service import Service

_SAML = {"lxml", "xmlsec", "onelogin"}
_RULES = {"argon2", "zxcvbn", "email_validator"}
_STORE = {"pynamodb", "botocore"}
_WATCHED = _SAML | _RULES | _STORE | {"jinja2", "dns", "publicsuffixlist"}

# No mail is sent, because the test's server only answers for DynamoDB.
_CALL = """
import json, sys
asked = json.loads(sys.stdin.read())
if asked["kind"] == "authorizer":
    from chalicelib.web.authorizer import check_api_key
    arn = "a:b:c:d:e:f/api/GET/api/v1/account"
    check_api_key({"type": "TOKEN", "authorizationToken": asked["token"], "methodArn": arn}, None)
    said = 200
else:
    import app
    if asked["kind"] == "mail":
        from chalicelib.gateways.mail.ses import Ses
        sent = []
        Ses.__call__ = lambda self, message: sent.append(message)
        record = {"body": asked["body"], "messageId": "m", "receiptHandle": "r", "attributes": {}}
        app.app.handler_map["mail"]({"Records": [record]}, None)
        said = 200 if sent else 0
    elif asked["kind"] == "daily":
        app.app.handler_map["sso_watch"](asked["event"], None)
        said = 200
    else:
        said = app.app(asked["event"], None)["statusCode"]
print(json.dumps([said, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


@pytest.fixture
def clock() -> StoppedClock:
    """The time of the system, by which the other process judges a session's age."""
    return StoppedClock(datetime.now(UTC))


@pytest.fixture
def server(moto: Engine) -> Iterator[str]:
    """The tables of the service under test, for another process."""
    assert moto.endpoint is None
    with moto_server() as url:
        yield url


def _loads(service: Service, server: str, kind: str, **asked: Any) -> set[str]:
    """Make one call in a new interpreter; return the heavy packages that it loaded."""
    settings = service.settings
    environ = {
        **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE")},
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_REGION": settings.region,
        "AWS_ENDPOINT_URL_DYNAMODB": server,
        "TABLE_PREFIX": settings.table_prefix,
        "PASSWORD_PEPPERS": settings.password_peppers,
        "ADDRESS_KEY": b64encode(settings.address_key).decode(),
        "COOKIE_KEY": ",".join(b64encode(key).decode() for key in settings.cookie_keys),
        "SAML_PRIVATE_KEY": settings.saml_private_key,
        "SAML_CERTIFICATE": settings.saml_certificate,
    }
    done = subprocess.run(
        [sys.executable, "-c", _CALL],
        cwd=ROOT,
        env=environ,
        input=json.dumps({"kind": kind, **asked}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    status, loaded = json.loads(done.stdout.splitlines()[-1])
    assert status == 200, done.stderr
    return _WATCHED & set(loaded)


def _event(path: str, authorizer: dict[str, str] | None = None, **headers: str) -> dict[str, Any]:
    context = {"httpMethod": "GET", "resourcePath": path, "path": path, "requestId": "r"}
    identity = {"sourceIp": "192.0.2.7", "userAgent": "Program/1.0"}
    given = {"authorizer": authorizer} if authorizer else {}
    return {
        "resource": path,
        "path": path,
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {**context, **given, "identity": identity},
    }


def test_health_loads_nothing_heavy(service: Service, server: str) -> None:
    assert _loads(service, server, "api", event=_event("/health")) == set()


def test_a_call_with_an_api_key_loads_the_store_alone(service: Service, server: str) -> None:
    from chalicelib.web.authorizer import check_api_key

    become_a_user(service)
    key = make_key(signed_in_program(service))["key"]
    arn = "arn:aws:execute-api:eu-west-1:123456789012:abc123/api/GET/api/v1/account"
    asked = {"type": "TOKEN", "authorizationToken": f"Bearer {key}", "methodArn": arn}
    event = _event("/api/v1/account", check_api_key(asked, None)["context"])
    assert _loads(service, server, "api", event=event) == _STORE


@pytest.mark.parametrize("path", ["/auth/session", "/api/v1/api_keys"])
def test_a_sessions_call_of_the_api_loads_the_store_alone(
    service: Service, server: str, path: str
) -> None:
    """Also if the flow has a mailer, because the worker renders the mails."""
    become_a_user(service)
    cookie = signed_in_program(service).jar.header["Cookie"]
    event = _event(path, Cookie=cookie)
    assert _loads(service, server, "api", event=event) == _STORE


def test_a_page_loads_templates_and_neither_argon2_nor_saml(service: Service, server: str) -> None:
    become_a_user(service)
    cookie = signed_in_program(service).jar.header["Cookie"]
    event = _event("/accounts", Cookie=cookie)
    assert _loads(service, server, "api", event=event) == {*_STORE, "jinja2"}


def test_the_worker_loads_templates_and_neither_argon2_nor_saml(
    service: Service, server: str
) -> None:
    assert ask_sign_up(service.program()).status == 202
    sqs = service.engine.client("sqs")
    received = sqs.receive_message(QueueUrl=service.settings.mail_queue_url)["Messages"]
    loaded = _loads(service, server, "mail", body=received[0]["Body"])
    assert loaded >= {*_STORE, "jinja2"}
    assert loaded.isdisjoint(_SAML | {"argon2", "zxcvbn"})


def test_the_daily_job_without_domains_loads_the_store_alone(service: Service, server: str) -> None:
    from tests.support.service import _DAILY

    assert _loads(service, server, "daily", event=_DAILY) == _STORE


def test_the_authorizer_loads_nothing_heavy_to_check_a_key(service: Service, server: str) -> None:
    become_a_user(service)
    key = make_key(signed_in_program(service))["key"]
    assert _loads(service, server, "authorizer", token=f"Bearer {key}") == set()
