"""A key's check when DynamoDB, or a proxy, answers in another shape (`H3`)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidApiKeyError, RateLimitedError, UnavailableError
from chalicelib.domain.keys.api_key import ApiKeySecret
from chalicelib.services.keys.check import KeyCheckService
from chalicelib.storage.keys.check import KeyChecks
from chalicelib.storage.keys.transport.by_sdk import SdkUpdates
from chalicelib.storage.keys.transport.by_socket import DirectUpdates
from chalicelib.storage.keys.transport.connections import Endpoint, KeptConnections
from chalicelib.storage.keys.transport.signing import AwsCredentials, Signer
from tests.support.personas.users import NOON
from tests.support.servers.engines import REGION, botocore_session
from tests.support.servers.scripted_server import ScriptedServer, answer, plain, scripted_server

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEY = ApiKeySecret.parse("thub_000000000000000000000000003vSKjy")
_COUNTER = f"m{int(NOON.timestamp()) // 60}"
_ROW: Mapping[str, Any] = {
    "digest": {"S": _KEY.digest},
    "account_id": {"S": "acc_1"},
    "key_id": {"S": "key_1"},
    _COUNTER: {"N": "7"},
}
_REFUSED = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}
_MANY = {f"m{minute}": {"N": "1"} for minute in range(40)}


def _good(**changed: Any) -> Any:
    return {"Attributes": {**_ROW, **changed}}


def _without(name: str) -> Any:
    return {"Attributes": {key: value for key, value in _ROW.items() if key != name}}


_OTHER: list[Any] = [{}, [], "x", 1, None, True, {"Attributes": {}}]
_TEXTS: list[Any] = [None, "acc_1", ["S"], {}, {"S": ""}, {"S": 1}, {"N": "1"}, {"S": {"S": "x"}}]
_MALFORMED: list[tuple[int, Any]] = [
    *((200, body) for body in _OTHER),
    *((200, {"Attributes": row}) for row in ([], [_ROW], "row", 7, None, True, {"digest": 1})),
    *((200, _without(name)) for name in _ROW),
    *((200, _good(account_id=value)) for value in _TEXTS),
    *((200, _good(key_id=value)) for value in _TEXTS),
    *((200, _good(digest=value)) for value in (*_TEXTS, {"S": "other"}, {"B": _KEY.digest})),
    *((200, _good(**{_COUNTER: {"N": n}})) for n in ("", "x", "-1", "0", "101", "1e2", "1_0", 7)),
    *((200, _good(**{_COUNTER: {"N": n}})) for n in ("٣", "²", "9" * 5_000, None, "NaN", " 7")),
    (200, {**_REFUSED, **_good()}),
    (200, _REFUSED),
    *((400, {**_REFUSED, "Item": row}) for row in ([], "row", 7, None, [_ROW], {"digest": 1})),
    (400, {**_REFUSED, "Item": {"digest": {"S": "other"}}}),
    (400, {**_REFUSED, "Item": {"digest": {"S": _KEY.digest}}}),
    (400, {**_REFUSED, "Item": {**_ROW, "key_id": {"S": 1}}}),
    (400, {"__type": 7}),
    (400, {"__type": ["ConditionalCheckFailedException"]}),
    (302, _good()),
    (201, _good()),
]
_NO_JSON = [
    b"",
    b"not json",
    b"\xff\xfe{}",
    b"{" * 1_000_000,
    b"[" * 3_900_000,
    b'{"Attributes":' * 250_000,
    b'{"Attributes": ' + b"9" * 10_000 + b"}",
    json.dumps(_good()).encode()[:-1],
    json.dumps(_good()).encode() + b"}",
]


def _direct(server: ScriptedServer) -> tuple[KeyCheckService, KeptConnections]:
    endpoint = Endpoint.parse(server.url)
    connections = KeptConnections(endpoint, plain)
    signer = Signer(endpoint.host_header, REGION)
    updates = DirectUpdates(connections, signer, lambda: AwsCredentials("test", "test"))
    return KeyCheckService(KeyChecks(updates, "api_keys", 100), lambda: NOON), connections


def _written(status: int, body: Any) -> bytes:
    return answer(json.dumps(body).encode(), status, b"Content-Type: application/x-amz-json-1.0")


_ANSWERS = [
    *(_written(status, body) for status, body in _MALFORMED),
    *(answer(body) for body in _NO_JSON),
]
# The SDK reads only the status.
_BY_SDK = [said for said in _ANSWERS if b" 200 " in said and b"__type" not in said]


@pytest.mark.parametrize("malformed", _ANSWERS, ids=map(str, range(len(_ANSWERS))))
def test_an_answer_of_another_shape_accepts_no_key(malformed: bytes) -> None:
    """503: never an accepted key, and never a fault; nothing after it is read."""
    good = _written(200, _good())
    with scripted_server([good, malformed, good], [good]) as server:
        check, connections = _direct(server)
        assert check.use(_KEY.value).remaining == 93
        with pytest.raises(UnavailableError):
            check.use(_KEY.value)
        assert connections.kept == []
        assert len(server.requests) == 2


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    "malformed",
    _BY_SDK,
    ids=map(str, range(len(_BY_SDK))),
)
def test_an_answer_of_another_shape_accepts_no_key_by_the_sdk(malformed: bytes) -> None:
    with scripted_server([malformed]) as server:
        client = botocore_session().create_client(
            "dynamodb",
            region_name=REGION,
            endpoint_url=server.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
        )
        checks = KeyChecks(SdkUpdates(client), "api_keys", 100)
        with pytest.raises(UnavailableError):
            KeyCheckService(checks, lambda: NOON).use(_KEY.value)
        client.close()


def test_names_of_attributes_can_be_anything() -> None:
    """A name that resembles an old counter isn't part of the update that removes them."""
    odd = {"": {"N": "1"}, "m": {"N": "1"}, "m²": {"N": "1"}, "m" + "9" * 5_000: {"N": "1"}}
    said = _written(200, _good(**_MANY, **odd))
    with scripted_server([said, answer()]) as server:
        check, _ = _direct(server)
        assert check.use(_KEY.value).remaining == 93
        dropped = json.loads(server.requests[1].partition(b"\r\n\r\n")[2])["UpdateExpression"]
    assert set(dropped.removeprefix("REMOVE ").split(", ")) == set(_MANY)


def test_a_failed_clean_up_does_not_refuse_the_call() -> None:
    """The call is counted by then; only the log reports that old counters stay."""
    said = _written(200, _good(**_MANY))
    throttled = _written(400, {"__type": "a#ThrottlingException"})
    for failing in ([throttled, throttled], [b""], [answer(b"not json")]):
        with scripted_server([said, *failing]) as server:
            check, _ = _direct(server)
            assert check.use(_KEY.value).remaining == 93
            assert len(server.requests) == 1 + len(failing)


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(status=st.sampled_from([200, 400, 500]), body=_anything, place=st.sampled_from(sorted(_ROW)))
def test_a_wrong_value_in_any_place_accepts_no_key(status: int, body: Any, place: str) -> None:
    """Any wrong value in any place: refused, or undecided."""
    shapes = [body, {"Attributes": body}, {**_REFUSED, "Item": body}, _good(**{place: body})]
    script = [_written(status, shape) for shape in shapes]
    with scripted_server(*([each] for each in script)) as server:
        check, connections = _direct(server)
        for _ in script:
            with pytest.raises((UnavailableError, InvalidApiKeyError, RateLimitedError)):
                check.use(_KEY.value)
            connections.close()


@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=200), cut=st.integers(0, 200))
def test_no_bytes_in_place_of_an_answer_accept_a_key(raw: bytes, cut: int) -> None:
    good = _written(200, _good())
    with scripted_server([raw or b"x"], [good[:cut] + raw]) as server:
        check, connections = _direct(server)
        for _ in range(2):
            with pytest.raises(UnavailableError):
                check.use(_KEY.value)
            assert connections.kept == []
