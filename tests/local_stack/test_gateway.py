"""The local gateway answers as API Gateway does."""

from __future__ import annotations

import http.client
import json
import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_stack.conftest import Wire


@pytest.fixture
def client(gateway_port: int) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("localhost", gateway_port, timeout=PATIENCE)
    yield connection
    connection.close()


def _get(
    client: http.client.HTTPConnection, path: str, **headers: str
) -> tuple[int, http.client.HTTPMessage, Any]:
    client.request("GET", path, headers=headers)
    answer = client.getresponse()
    return answer.status, answer.headers, json.loads(answer.read() or b"null")


def _error(body: Any) -> str:
    assert list(body) == ["error"]
    assert list(body["error"]) == ["type", "code", "message", "param", "path"]
    kind: str = body["error"]["type"]
    return kind


def test_every_answer_names_its_request(client: http.client.HTTPConnection) -> None:
    for path in ("/health", "/nowhere", "/guarded"):
        _, headers, _ = _get(client, path)
        assert str(uuid.UUID(headers["X-Request-Id"])) == headers["X-Request-Id"]


def test_a_view_gets_the_request_id_that_the_answer_names(
    client: http.client.HTTPConnection,
) -> None:
    _, headers, event = _get(client, "/echo")
    assert event["requestContext"]["requestId"] == headers["X-Request-Id"]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/", "//health", "/health/x", "/../health", "/things"]
)
def test_an_unknown_path_is_not_found(client: http.client.HTTPConnection, path: str) -> None:
    status, headers, body = _get(client, path)
    assert (status, _error(body)) == (404, "not_found_error")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in headers


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "TRACE", "BREW"])
def test_an_undeclared_method_is_not_found(client: http.client.HTTPConnection, method: str) -> None:
    client.request(method, "/health")
    answer = client.getresponse()
    assert answer.status == 404
    assert _error(json.loads(answer.read())) == "not_found_error"


def test_head_answers_without_a_body(client: http.client.HTTPConnection) -> None:
    for path, status in (("/echo", 200), ("/nowhere", 404)):
        client.request("HEAD", path)
        answer = client.getresponse()
        assert (answer.status, answer.read()) == (status, b"")


def test_a_trailing_slash_changes_nothing(client: http.client.HTTPConnection) -> None:
    assert _get(client, "/health/")[0] == 200


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/things/first", "the first"),
        ("/things/a%20b", "a b"),
        ("/things/a%2Fb", "a/b"),
        ("/things/%C3%A9", "é"),
        ("/things/..", ".."),
        ("/things/%00", "\0"),
    ],
)
def test_path_parameters_arrive_decoded(
    client: http.client.HTTPConnection, path: str, found: str
) -> None:
    assert _get(client, path)[2] == {"id": found}


def test_a_greedy_parameter_takes_the_rest(client: http.client.HTTPConnection) -> None:
    assert _get(client, "/files/a/b%20c/d")[2] == {"proxy": "a/b c/d"}
    assert _get(client, "/files/")[0] == 404


@pytest.mark.parametrize("target", ["/things/%zz", "/things/%ff", "/things/%", "/health?a=%zz"])
def test_broken_escapes_are_a_bad_request(client: http.client.HTTPConnection, target: str) -> None:
    status, _, body = _get(client, target)
    assert (status, _error(body)) == (400, "invalid_request_error")


def test_query_parameters_keep_every_value(client: http.client.HTTPConnection) -> None:
    _, _, event = _get(client, "/echo?a=1&a=2%26&b=&c+d=%C3%A9")
    assert event["multiValueQueryStringParameters"] == {
        "a": ["1", "2&"],
        "b": [""],
        "c d": ["é"],
    }
    assert event["queryStringParameters"]["a"] == "2&"
    assert _get(client, "/echo")[2]["multiValueQueryStringParameters"] is None


def test_headers_keep_every_value(wire: Wire) -> None:
    answer = wire(b"GET /echo HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nX-A: 2\r\n\r\n")
    event = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert event["multiValueHeaders"]["X-A"] == ["1", "2"]
    assert event["headers"]["X-A"] == "2"


def test_the_caller_is_the_real_peer_whatever_headers_say(
    client: http.client.HTTPConnection,
) -> None:
    _, _, event = _get(client, "/echo", **{"X-Forwarded-For": "203.0.113.7"})
    assert event["requestContext"]["identity"]["sourceIp"] in ("127.0.0.1", "::1")


def test_a_text_body_arrives_as_text_and_a_binary_one_as_base64(
    client: http.client.HTTPConnection,
) -> None:
    for kind, sent, body, is_base64 in (
        ("text/plain", "é".encode(), "é", False),
        ("text/plain", b"\xff", "\ufffd", False),
        ("image/png", b"\xff\xd8", "/9g=", True),
    ):
        client.request("POST", "/echo", sent, {"Content-Type": kind})
        event = json.loads(client.getresponse().read())
        assert (event["body"], event["isBase64Encoded"]) == (body, is_base64)


def test_several_cookies_are_several_headers(client: http.client.HTTPConnection) -> None:
    client.request("GET", "/cookies")
    answer = client.getresponse()
    assert answer.headers.get_all("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/"]
    answer.read()


def test_no_content_has_no_body_and_keeps_the_connection(
    client: http.client.HTTPConnection,
) -> None:
    client.request("DELETE", "/nothing")
    answer = client.getresponse()
    assert (answer.status, answer.read(), answer.headers["Content-Length"]) == (204, b"", None)
    assert _get(client, "/health")[0] == 200


def test_an_answer_that_would_be_split_becomes_a_server_error(
    client: http.client.HTTPConnection, capfd: pytest.CaptureFixture[str]
) -> None:
    status, headers, body = _get(client, "/split")
    assert (status, _error(body)) == (500, "api_error")
    assert "X-Evil" not in headers
    assert "line break" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("token", "status", "kind"),
    [
        (None, 401, "authentication_error"),
        ("", 401, "authentication_error"),
        ("unknown", 401, "authentication_error"),
        ("denied", 403, "permission_error"),
        ("elsewhere", 403, "permission_error"),
        ("broken", 500, "api_error"),
        ("nested", 500, "api_error"),
        ("silent", 500, "api_error"),
    ],
)
@pytest.mark.usefixtures("capfd")
def test_an_authorizer_refuses(
    client: http.client.HTTPConnection, token: str | None, status: int, kind: str
) -> None:
    sent = {} if token is None else {"Authorization": token}
    answered, headers, body = _get(client, "/guarded", **sent)
    assert (answered, _error(body)) == (status, kind)
    assert headers["WWW-Authenticate"] == ("Bearer" if status == 401 else None)
    assert "gone" not in json.dumps(body)


def test_an_authorizers_context_arrives_as_strings(client: http.client.HTTPConnection) -> None:
    status, _, context = _get(client, "/guarded", Authorization="good")
    assert status == 200
    assert context == {"principalId": "acc_1", "count": "3", "limited": "true", "name": "CI"}


def test_requests_side_by_side_do_not_mix(gateway_port: int) -> None:
    wrong: list[str] = []

    def ask(mine: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", gateway_port, timeout=PATIENCE)
        for turn in range(40):
            _, _, event = _get(connection, f"/echo?me={mine}-{turn}")
            if event["queryStringParameters"]["me"] != f"{mine}-{turn}":
                wrong.append(f"{mine}-{turn}")
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
