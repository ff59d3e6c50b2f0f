"""How DynamoDB's refusals are handled, and which of them are retried."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from chalicelib.storage.keys.transport.by_socket import DirectUpdates
from chalicelib.storage.keys.transport.connections import Endpoint, KeptConnections
from chalicelib.storage.keys.transport.signing import AwsCredentials, Signer
from chalicelib.storage.keys.transport.transport import (
    ClockCorrectedError,
    UpdateRefusedError,
    UpdateUndecidedError,
)
from tests.support.servers.scripted_server import answer, plain, scripted_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.servers.scripted_server import ScriptedServer

_NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_OLD, _NEW = AwsCredentials("AKOLD", "s", "t"), AwsCredentials("AKNEW", "s", "t")


def _updates(
    server: ScriptedServer,
    *credentials: AwsCredentials,
    pause: Callable[[float], None] = lambda _: None,
) -> DirectUpdates:
    endpoint = Endpoint.parse(server.url)
    read = iter(credentials or (_OLD, _OLD))
    return DirectUpdates(
        KeptConnections(endpoint, plain),
        Signer(endpoint.host_header, "eu-west-1"),
        lambda: next(read),
        _NOW.timestamp,
        pause,
    )


def _error(code: str, status: int = 400, *headers: bytes, **more: object) -> bytes:
    kind = f"com.amazon.coral.service#{code}"
    return answer(json.dumps({"__type": kind, **more}).encode(), status, *headers)


def _dated(at: datetime) -> bytes:
    return b"Date: " + format_datetime(at, usegmt=True).encode()


def test_an_update_is_sent_as_json_and_its_answer_is_given() -> None:
    with scripted_server([answer(b'{"Attributes":{"k":{"S":"\xc3\xa9"}}}')]) as server:
        got = _updates(server).update({"TableName": "t", "Key": {"k": {"S": "é"}}})
        assert got == {"Attributes": {"k": {"S": "é"}}}
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert json.loads(body) == {"TableName": "t", "Key": {"k": {"S": "é"}}}
    assert b"\r\nx-amz-target:DynamoDB_20120810.UpdateItem\r\n" in head


def _of(row: str) -> bytes:
    return answer(json.dumps({"Attributes": {"k": {"S": row}, "owner": {"S": row}}}).encode())


def test_an_answer_of_another_row_decides_nothing_and_ends_its_connection() -> None:
    """`H3`: an answer that arrived twice would otherwise be read as the next key's."""
    limited = _error("ConditionalCheckFailedException", Item={"k": {"S": "b"}})
    for shifted in (_of("b"), limited):
        with scripted_server([_of("b"), _of("a")], [_of("a")]) as server:
            updates = _updates(server)
            updates.update({"Key": {"k": {"S": "b"}}})
            server.talking[0].sendall(shifted)
            with pytest.raises(UpdateUndecidedError, match="another row's answer"):
                updates.update({"Key": {"k": {"S": "a"}}})
            got = updates.update({"Key": {"k": {"S": "a"}}})
            assert got["Attributes"]["owner"] == {"S": "a"}


def test_a_condition_that_fails_brings_the_row() -> None:
    row = {"k": {"S": "x"}}
    script = [_error("ConditionalCheckFailedException", Item=row)]
    with scripted_server([*script, _error("ConditionalCheckFailedException")]) as server:
        updates = _updates(server)
        for expected in (row, {}):
            with pytest.raises(UpdateRefusedError) as refused:
                updates.update({"Key": row})
            assert refused.value.row == expected


@pytest.mark.parametrize("code", ["ExpiredTokenException", "UnrecognizedClientException"])
def test_refused_credentials_are_read_anew(code: str) -> None:
    with scripted_server([_error(code), answer(), answer()]) as server:
        updates = _updates(server, _OLD, _NEW)
        updates.update({})
        updates.update({})
        used = [b"AKNEW" in request for request in server.requests]
    assert used == [False, True, True]


def test_the_same_credentials_are_not_tried_again() -> None:
    with scripted_server([_error("ExpiredTokenException"), answer()]) as server:
        with pytest.raises(UpdateUndecidedError, match="400 ExpiredTokenException"):
            _updates(server).update({})
        assert len(server.requests) == 1


def test_a_clock_that_is_wrong_is_corrected_once_and_for_all() -> None:
    dated = _dated(datetime(2026, 11, 24, 12, 20, tzinfo=UTC))
    script = [_error("InvalidSignatureException", 400, dated), answer(), answer()]
    with scripted_server(script) as server:
        updates = _updates(server)
        with pytest.raises(ClockCorrectedError):
            updates.update({})
        updates.update({})
        updates.update({})
        stamps = [request.partition(b"x-amz-date:")[2][:16] for request in server.requests]
    assert stamps == [b"20261124T120000Z", b"20261124T122000Z", b"20261124T122000Z"]


def test_a_clock_that_stays_wrong_is_not_corrected_for_ever() -> None:
    dated = _dated(datetime(2026, 11, 24, 12, 20, tzinfo=UTC))
    refusal = _error("InvalidSignatureException", 400, dated)
    with scripted_server([refusal, refusal, refusal]) as server:
        updates = _updates(server)
        with pytest.raises(ClockCorrectedError):
            updates.update({})
        for asked in (2, 3):
            with pytest.raises(UpdateUndecidedError) as undecided:
                updates.update({})
            assert not isinstance(undecided.value, ClockCorrectedError)
            assert len(server.requests) == asked


@pytest.mark.parametrize("headers", [(), (b"Date: yesterday",), (_dated(_NOW),), (b"Date: \xff",)])
def test_a_wrong_signature_at_the_right_time_corrects_no_clock(headers: tuple[bytes, ...]) -> None:
    """`H5`: and DynamoDB's message, which repeats what was signed, isn't logged."""
    words = "The Canonical String should have been x-amz-security-token:the-token"
    refusal = _error("InvalidSignatureException", 400, *headers, message=words)
    with scripted_server([refusal, answer()]) as server:
        with pytest.raises(UpdateUndecidedError) as undecided:
            _updates(server).update({})
        assert len(server.requests) == 1
    assert "the-token" not in f"{undecided.value!r} {undecided.value.__cause__!r}"


_TURNED_AWAY = [
    _error("ProvisionedThroughputExceededException"),
    _error("ThrottlingException"),
    _error("ThrottlingException", 503),
    _error("RequestLimitExceeded"),
    _error("TransactionConflictException"),
]


@pytest.mark.parametrize("refusal", _TURNED_AWAY)
def test_a_throttled_request_is_sent_again_once(refusal: bytes) -> None:
    """These answers mean that nothing was written, so no call is counted twice."""
    pauses: list[float] = []
    for second, error in ((answer(), None), (refusal, UpdateUndecidedError)):
        with scripted_server([refusal, second, answer()]) as server:
            updates = _updates(server, pause=pauses.append)
            with contextlib.nullcontext() if error is None else pytest.raises(error):
                updates.update({})
            assert len(server.requests) == 2
            assert server.requests[0].endswith(b"{}")
    assert len(pauses) == 2
    assert all(0 <= pause <= 0.1 for pause in pauses)


@pytest.mark.parametrize(
    "refusal",
    [
        _error("InternalServerError", 500),
        _error("ServiceUnavailable", 503),
        answer(b"{}", 503),
        answer(b"<html>502 Bad Gateway</html>", 502),
        answer(b"[]", 500),
        answer(b"not json"),
        answer(b'"text"'),
        answer(b'{"a":' * 100_000),
        answer(b"[" * 1_000_000),
        answer(b"{}", 200, b"Date: a", b"Date: b"),
        answer(b"{}", 204),
        answer(b'{"__type": "ConditionalCheckFailedException"}', 200),
        answer(b'{"__type": "ConditionalCheckFailedException"}', 500),
        answer(b'{"__type": ["ConditionalCheckFailedException"]}', 400),
        answer(b"\xff{}"),
    ],
)
def test_any_other_answer_decides_nothing_and_is_not_sent_again(refusal: bytes) -> None:
    """`H3`."""
    with scripted_server([refusal, answer()]) as server:
        with pytest.raises(UpdateUndecidedError):
            _updates(server).update({})
        assert len(server.requests) == 1
