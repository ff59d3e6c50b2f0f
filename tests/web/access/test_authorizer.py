"""The authorizer as Lambda calls it: by its module's name, in a process that has no app."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import bootstrap
from chalicelib.domain.keys.api_key import ApiKeySecret
from chalicelib.web.authorizer import check_api_key
from tests.support.keys import an_owner, make_key
from tests.support.servers.children import ROOT
from tests.support.servers.moto_server import moto_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.engines import Engine
    from tests.support.service import Service

_ARN = "arn:aws:execute-api:eu-west-1:123456789012:abc123/api/GET/api/v1/records"

_COLD_START = """
import json, sys
from chalicelib.web.authorizer import check_api_key
try:
    event = {"type": "TOKEN", "authorizationToken": "garbage", "methodArn": "a:b:c:d:e:f/g"}
    check_api_key(event, None)
except Exception as error:
    print(json.dumps([str(error), sorted({name.partition(".")[0] for name in sys.modules})]))
"""


@pytest.fixture(params=["sdk", "direct"])
def environ(
    request: pytest.FixtureRequest, moto: Engine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Both transports of the key check; all other calls go to moto."""
    with moto_server() as url:
        if request.param == "direct":
            assert moto.endpoint is None
            monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        yield {"KEY_CHECK_TRANSPORT": request.param}


def _ask(token: str) -> Any:
    return check_api_key({"type": "TOKEN", "authorizationToken": token, "methodArn": _ARN}, None)


@pytest.fixture
def key(service: Service) -> str:
    made: str = make_key(an_owner(service))["key"]
    return made


def test_a_good_key_may_read_under_the_public_api_alone(key: str) -> None:
    """`F9`: no other method and no other path, even if a route forgets its own check."""
    answer = _ask(f"Bearer {key}")
    (statement,) = answer["policyDocument"]["Statement"]
    place = "arn:aws:execute-api:eu-west-1:123456789012:abc123/api"
    assert statement == {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": [f"{place}/GET/api/v1/*", f"{place}/HEAD/api/v1/*"],
    }


def test_the_context_has_what_the_api_needs_and_no_secret(key: str) -> None:
    answer = _ask(f"Bearer {key}")
    context = answer["context"]
    assert set(context) == {"account_id", "key_id", "limit", "remaining", "seconds"}
    assert all(isinstance(value, str) for value in context.values())
    assert answer["principalId"] == context["key_id"]
    assert key not in json.dumps(answer)


@pytest.mark.parametrize("token", ["", "Bearer", "garbage", "Bearer " + "thub_" + "0" * 32])
@pytest.mark.usefixtures("service")
def test_a_refusal_is_the_one_message_that_api_gateway_knows(token: str) -> None:
    """`F7`."""
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        _ask(token)


@pytest.mark.usefixtures("service")
def test_an_unknown_key_is_refused_like_a_malformed_one() -> None:
    """`F8`."""
    with pytest.raises(Exception, match=r"^Unauthorized$") as refusal:
        _ask(f"Bearer {ApiKeySecret.new().value}")
    assert type(refusal.value) is Exception
    assert refusal.value.__suppress_context__


def test_a_full_minute_is_passed_on(service: Service, key: str) -> None:
    for _ in range(service.settings.api_key_requests_per_minute):
        _ask(f"Bearer {key}")
    context = _ask(f"Bearer {key}")["context"]
    assert context == {"limited": "true", "limit": "100", "seconds": "60"}


@pytest.mark.parametrize("length", [100, 10_000, 1_000_000])
@pytest.mark.parametrize("filler", ["a", " ", "bearer ", "\t", "thub_"])
@pytest.mark.usefixtures("service")
def test_a_long_header_is_refused_at_once(filler: str, length: int) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        _ask("Bearer " + filler * (length // len(filler)))


def test_a_cold_start_loads_only_what_a_check_needs() -> None:
    """Neither app.py nor anything that pages, bodies, mail and passwords need."""
    environ = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    environ |= {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", _COLD_START],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said, loaded = json.loads(done.stdout)
    assert said == "Unauthorized"
    unwanted = {"app", "pynamodb", "jinja2", "argon2", "msgspec", "zxcvbn", "email_validator"}
    unwanted |= {"botocore", "urllib3", "http", "email"}
    assert unwanted.isdisjoint(loaded)


def test_the_checks_of_the_app_and_of_the_function_are_built_alike(service: Service) -> None:
    ready = bootstrap.services().key_check
    bootstrap.use(None)
    for name, value in {"TABLE_PREFIX": service.settings.table_prefix}.items():
        os.environ[name] = value
    try:
        alone = bootstrap.key_check()
        assert bootstrap.key_check() is alone
    finally:
        del os.environ["TABLE_PREFIX"]
    assert (alone.checks.table, alone.checks.limit) == (ready.checks.table, ready.checks.limit)
