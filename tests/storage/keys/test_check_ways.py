"""Both transports of a check, and the table's model, agree."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.pynamodb_checks import PynamodbChecks
from chalicelib.bootstrap.key_checks import build_key_check, endpoint_url
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.keys.api_key import ApiKeySecret
from chalicelib.settings import Settings
from chalicelib.storage.dynamo.tables import ApiKeyRow
from chalicelib.storage.keys.api_keys import ApiKeys
from chalicelib.storage.keys.check import written
from chalicelib.storage.keys.transport.by_sdk import SdkUpdates
from chalicelib.storage.keys.transport.by_socket import DirectUpdates
from tests.support.personas.owners import TRAIL, a_key, an_owner_in, store_key
from tests.support.personas.users import NOON
from tests.support.servers.engines import REGION, botocore_session
from tests.support.servers.moto_server import moto_server
from tests.support.servers.scripted_server import answer, scripted_server

if TYPE_CHECKING:
    from pathlib import Path

    from chalicelib.services.keys.check import KeyCheckService
    from chalicelib.storage.dynamo.connection import StoreConnection
    from tests.support.servers.engines import Engine

_KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
_ROW = {
    "account_id": {"S": "acc_1"},
    "key_id": {"S": "key_1"},
    f"m{int(NOON.timestamp()) // 60}": {"N": "7"},
}


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.session.get_session", botocore_session)
    for name, value in _KEYS.items():
        monkeypatch.setenv(name, value)


def _check(monkeypatch: pytest.MonkeyPatch, **more: str) -> KeyCheckService:
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    environ = {**_KEYS, **more}
    return build_key_check(Settings.from_environ(environ), lambda: NOON, environ)


@pytest.mark.parametrize("secret", ["first", "second"])
def test_the_sdk_and_the_direct_transport_send_and_read_the_same(
    secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compared on the wire: DynamoDB receives the same request from both."""
    key, uses = ApiKeySecret.new(), []
    row = {"digest": {"S": key.digest}, **_ROW}
    body = json.dumps({"Attributes": row}).encode()
    said = answer(body, 200, b"Content-Type: application/x-amz-json-1.0")
    with scripted_server([said], [said]) as server:
        for transport in ("direct", "sdk"):
            check = _check(
                monkeypatch,
                AWS_ENDPOINT_URL=server.url,
                KEY_CHECK_TRANSPORT=transport,
                AWS_SECRET_ACCESS_KEY=secret,
            )
            uses.append(check.use(key.value))
            del check
        ours, theirs = (request.partition(b"\r\n\r\n") for request in server.requests)
    assert uses[0] == uses[1]
    assert uses[0].remaining == 93
    assert json.loads(ours[2]) == json.loads(theirs[2])
    for name in (b"x-amz-target", b"content-type", b"host"):
        assert _header(ours[0], name) == _header(theirs[0], name)


@pytest.mark.parametrize("transport", ["direct", "sdk"])
def test_dynamodbs_message_about_a_signature_is_not_logged(
    transport: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """`H5`: it repeats what was signed, including the session token."""
    kind = "com.amazon.coral.service#InvalidSignatureException"
    words = "The Canonical String should have been x-amz-security-token:the-token"
    date = format_datetime(datetime.now(UTC), usegmt=True).encode()
    body = json.dumps({"__type": kind, "message": words}).encode()
    said = answer(body, 400, b"Date: " + date)
    with scripted_server([said], [said]) as server:
        check = _check(monkeypatch, AWS_ENDPOINT_URL=server.url, KEY_CHECK_TRANSPORT=transport)
        with pytest.raises(UnavailableError):
            check.use(ApiKeySecret.new().value)
    assert "InvalidSignatureException" in caplog.text
    assert "the-token" not in caplog.text


def _header(head: bytes, name: bytes) -> bytes:
    lines = (line.partition(b":") for line in head.split(b"\r\n"))
    (value,) = (value.strip() for found, _, value in lines if found.lower() == name)
    return value


def test_a_row_is_the_same_whether_we_or_the_model_wrote_it(
    engine: Engine, connection: StoreConnection, tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written by the model, updated and read by both."""
    manager, digest = an_owner_in(connection), ApiKeySecret.new().digest
    key = a_key(manager)
    store_key(ApiKeys(connection, TRAIL), key, digest, manager)
    with contextlib.ExitStack() as stack:
        url = engine.endpoint or stack.enter_context(moto_server())
        ours = _check(monkeypatch, AWS_ENDPOINT_URL_DYNAMODB=url, TABLE_PREFIX=tables).checks
        theirs = PynamodbChecks(100)
        later = NOON + timedelta(minutes=3, seconds=7, microseconds=60)
        for at in (NOON, NOON + timedelta(minutes=1), later):
            uses = [ours.use(digest, at), theirs.use(digest, at), ours.use(digest, at)]
            assert [use.remaining for use in uses] == [99, 98, 97]
            assert {(use.account_id, use.key_id) for use in uses} == {(key.account_id, key.id)}
            assert len({use.seconds_left for use in uses}) == 1
    row = ApiKeyRow.get(digest, consistent_read=True)
    assert (row.key_id, row.account_id, row.name) == (key.id, key.account_id, key.name)
    assert row.created_at == NOON
    assert row.last_used_at == later
    assert row.revoked_at is None
    counters = {name for name in _raw(engine, tables, digest) if name[1:].isdigit()}
    assert counters == {f"m{int(NOON.timestamp()) // 60 + minute}" for minute in (0, 1, 3)}


@pytest.mark.parametrize("microsecond", [0, 60, 999_999])
def test_a_time_is_written_as_the_model_writes_it(microsecond: int) -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    for at in (NOON.replace(microsecond=microsecond), NOON.astimezone(east)):
        assert written(at) == ApiKeyRow.last_used_at.serialize(at)


def _raw(engine: Engine, tables: str, digest: str) -> dict[str, Any]:
    answer: dict[str, Any] = engine.client("dynamodb").get_item(
        TableName=f"{tables}api_keys", Key={"digest": {"S": digest}}, ConsistentRead=True
    )["Item"]
    return answer


@pytest.mark.parametrize(
    "more",
    [
        {"KEY_CHECK_TRANSPORT": "sdk"},
        {"AWS_ACCESS_KEY_ID": ""},
        {"AWS_SECRET_ACCESS_KEY": ""},
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"HTTPS_PROXY": "http://proxy.test:3128"},
        {"ALL_PROXY": "http://proxy.test:3128"},
        {"AWS_REGION": "us-iso-east-1"},
    ],
    ids="".join,
)
def test_settings_that_only_the_sdk_supports_use_the_sdk(
    more: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unsupported setting is never ignored."""
    assert isinstance(_check(monkeypatch, **more).checks.updates, SdkUpdates)


@pytest.mark.parametrize("name", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
@pytest.mark.parametrize(
    "wish",
    [
        "[default]\nuse_fips_endpoint = true\n",
        "[profile other]\nuse_dualstack_endpoint=true",
        "[services mine]\ndynamodb =\n  endpoint_url = https://ddb.test\n",
        "[default]\r\nignore_configured_endpoint_urls = true",
        "[default]\nca_bundle = /etc/own.pem",
        "[default]\naccount_id_endpoint_mode = required",
    ],
)
def test_a_setting_in_an_aws_file_uses_the_sdk(
    name: str, wish: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").write_text(wish)
    monkeypatch.setenv(name, str(tmp_path / "own"))
    assert _has_other_wishes({**_KEYS, name: str(tmp_path / "own")})
    assert not _has_other_wishes({**_KEYS, name: str(tmp_path / "none")})


def test_a_setting_in_the_home_directorys_files_uses_the_sdk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    bare = {name: value for name, value in _KEYS.items() if not name.endswith("_FILE")}
    assert not _has_other_wishes(bare)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\nregion = eu-west-1\noutput = json\n")
    assert not _has_other_wishes(bare)
    (tmp_path / ".aws" / "config").write_text("[default]\nuse_fips_endpoint = true\n")
    assert _has_other_wishes(bare)


def _has_other_wishes(environ: dict[str, str]) -> bool:
    """Check whether the SDK's transport is chosen."""
    check = build_key_check(Settings.from_environ(environ), lambda: NOON, environ)
    return not isinstance(check.checks.updates, DirectUpdates)


@pytest.mark.parametrize("more", [{}, {"AWS_USE_FIPS_ENDPOINT": "false", "HTTPS_PROXY": ""}])
def test_a_lambda_uses_the_direct_transport(
    more: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(_check(monkeypatch, **more).checks.updates, DirectUpdates)


def test_each_region_has_the_endpoint_that_the_sdk_gives_it() -> None:
    session, known = botocore_session(), 0
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("dynamodb", partition):
            ours = endpoint_url(region, {})
            if ours is not None:
                client = session.create_client("dynamodb", region_name=region)
                assert ours == client.meta.endpoint_url
                known += 1
    assert known > 30
