"""Bad input gets the right status and envelope quickly, stores nothing, and is never a 500."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.personas.journeys import ADDRESS, PASSWORD

if TYPE_CHECKING:
    from tests.support.http import Reply
    from tests.support.service import Service

_GOOD = {"name": "Robin", "email": ADDRESS, "password": PASSWORD, "account_name": "Acme"}
_FIELDS = ["type", "code", "message", "param", "path"]
_FORM = "application/x-www-form-urlencoded"


def _assert_envelope(reply: Reply, status: int, kind: str = "invalid_request_error") -> None:
    assert reply.status == status, reply.text
    assert list(reply.json) == ["error"]
    assert list(reply.error) == _FIELDS
    assert reply.error["type"] == kind


def _nothing_stored(service: Service) -> bool:
    return not service.rows("sign_ups") and service.work() == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"email": "a@acme.test", "email": "b@acme.test"}',
        b'{"email": NaN}',
        b'{"email": "\\ud800@acme.test"}',
        b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_an_unreadable_body_is_a_400(service: Service, body: bytes) -> None:
    """`H1`, `H11`."""
    _assert_envelope(service.program().post("/auth/sign_up", body), 400)
    assert _nothing_stored(service)


@pytest.mark.parametrize("missing", sorted(_GOOD))
def test_a_missing_parameter_is_named(service: Service, missing: str) -> None:
    body = {name: value for name, value in _GOOD.items() if name != missing}
    reply = service.program().post("/auth/sign_up", body)
    _assert_envelope(reply, 400)
    assert reply.error["param"] == missing


@pytest.mark.parametrize("wrong", [None, 1, True, ["x"], {"x": 1}], ids=json.dumps)
@pytest.mark.parametrize("name", sorted(_GOOD))
def test_a_wrong_type_is_a_422_that_names_the_parameter(
    service: Service, name: str, wrong: Any
) -> None:
    """`H11`."""
    reply = service.program().post("/auth/sign_up", {**_GOOD, name: wrong})
    _assert_envelope(reply, 422)
    assert reply.error["param"] == name
    assert _nothing_stored(service)


def test_an_unknown_parameter_is_refused(service: Service) -> None:
    """`H11`: a user can't make themselves an owner."""
    reply = service.program().post("/auth/sign_up", {**_GOOD, "role": "owner"})
    _assert_envelope(reply, 422)
    assert reply.error["param"] == "role"


@pytest.mark.parametrize(
    "email",
    [
        "",
        " ",
        "robin",
        "robin@",
        "@acme.test",
        "robin@acme",
        "robin@acme.test\r\nBcc: x@evil.test",
        "robin\x00@acme.test",
        "robin@acme.test\x00",
        "r\u043ebin@acme.test",
        "robin@ac\u200bme.test",
        "robin@[127.0.0.1]",
        "robin@acme.test," + "kim@acme.test",
        "r" * 65 + "@acme.test",
        "r@" + "a" * 250 + ".test",
        "x" * 200_000,
    ],
    ids=lambda email: f"{email[:24]!r} of {len(email)}",
)
@pytest.mark.parametrize(
    "path",
    [
        "sign_up",
        "sign_in",
        "identify",
        "email_confirmation/request",
        "password_reset/request",
        "account_unlock/request",
    ],
)
def test_a_text_that_cannot_be_an_email_is_a_422_everywhere(
    service: Service, path: str, email: str
) -> None:
    needed = {
        "sign_up": _GOOD,
        "sign_in": {"password": PASSWORD},
    }
    body = {**needed.get(path, {}), "email": email}
    reply = service.program().post(f"/auth/{path}", body)
    _assert_envelope(reply, 422)
    assert reply.error["param"] == "email"
    assert _nothing_stored(service)


@pytest.mark.parametrize(
    "password", ["", "fourteen chars", "x" * 257, "a\x00" * 10, "password" * 3]
)
def test_a_password_that_cannot_be_set_is_a_422(service: Service, password: str) -> None:
    """`A1`, `A2`, `A5`."""
    reply = service.program().post("/auth/sign_up", {**_GOOD, "password": password})
    if password == "a\x00" * 10:
        assert reply.status in (202, 422)
        return
    _assert_envelope(reply, 422)
    assert reply.error["param"] == "password"
    assert password == "" or password not in reply.text
    assert _nothing_stored(service)


@pytest.mark.parametrize("name", ["name", "account_name"])
@pytest.mark.parametrize("value", ["", "   ", "a\x00b", "a\nb", "x" * 101, "\u202eevil"])
def test_a_name_that_cannot_be_shown_is_a_422(service: Service, name: str, value: str) -> None:
    reply = service.program().post("/auth/sign_up", {**_GOOD, name: value})
    _assert_envelope(reply, 422)
    assert reply.error["param"] == name


def test_a_body_over_256_kilobytes_is_a_413(service: Service) -> None:
    """`A14`: a megabyte of password never reaches the hash."""
    _assert_envelope(
        service.program().post("/auth/sign_up", {**_GOOD, "password": "x" * 2**20}), 413
    )
    assert _nothing_stored(service)


@pytest.mark.parametrize("kind", ["text/plain", _FORM, "multipart/form-data", "application/xml"])
def test_another_content_type_is_a_415(service: Service, kind: str) -> None:
    """`B15`: another site's form can't send JSON."""
    reply = service.program().post("/auth/sign_in", b"{}", Content_Type=kind)
    _assert_envelope(reply, 415)


def test_a_method_that_the_path_lacks_is_a_405(service: Service) -> None:
    """`H9`."""
    reply = service.program().call("PUT", "/auth/sign_in", {})
    _assert_envelope(reply, 405, "not_found_error")
    assert "POST" in (reply.header("Allow") or "")


def test_an_unknown_path_is_a_404(service: Service) -> None:
    """`H1`: the gateway's own answer has the envelope too."""
    _assert_envelope(service.program().get("/nowhere"), 404, "not_found_error")


@pytest.mark.parametrize(
    "token",
    ["", "x", "A" * 42, "A" * 44, "A" * 43, "%00", "../../etc", "A" * 5_000, "\u00e9" * 43],
    ids=lambda token: f"{token[:12]!r} of {len(token)}",
)
def test_a_truncated_or_invented_link_is_a_410(service: Service, token: str) -> None:
    reply = service.program().post("/auth/email_confirmation", {"token": token})
    _assert_envelope(reply, 410)
    assert reply.error["code"] == "link_invalid"


@pytest.mark.parametrize(
    "cookie",
    [
        "thub_session=garbage",
        "thub_session=" + "A" * 43,
        "thub_session=" + "A" * 5_000,
        "thub_session=a; thub_session=b",
        "thub_session=\u00e9\u00e9",
        ";;;===",
        "thub_session",
    ],
    ids=lambda cookie: f"{cookie[:24]!r} of {len(cookie)}",
)
def test_a_cookie_of_garbage_is_not_signed_in(service: Service, cookie: str) -> None:
    """`D2`."""
    reply = service.program().get("/auth/session", Cookie=cookie)
    _assert_envelope(reply, 401, "authentication_error")


@pytest.mark.parametrize(
    "form",
    [b"", b"email", b"email=%ff", b"email=%00", b"email=a&email=b", b"&" * 1_000, b"\xff"],
    ids=lambda form: repr(form[:16]),
)
@pytest.mark.parametrize("path", ["/sign-in", "/sign-up", "/check-your-email", "/accounts"])
def test_a_broken_form_gets_a_page_and_never_a_500(
    service: Service, path: str, form: bytes
) -> None:
    reply = service.program().call("POST", path, form, Content_Type=_FORM)
    assert reply.status in (303, 400, 422), reply.text
    assert _nothing_stored(service)


@pytest.mark.parametrize("query", ["", "token=", "token=a&token=b", "token=%00", "x=1"])
def test_a_confirmation_page_without_a_good_link_is_a_410(service: Service, query: str) -> None:
    reply = service.program().get(f"/email-confirmation?{query}")
    assert reply.status == 410
    assert "used or is too old" in reply.text


def test_nothing_typed_reaches_a_page_as_markup(service: Service) -> None:
    browser = service.browser()
    browser.open("/sign-up")
    browser.press(
        "Create account",
        Name="<script>alert(1)</script>",
        Email='"><img src=x>',
        Password="x",
        Account_name="'\"><b>",
    )
    assert browser.page.status == 422
    assert "<script>alert" not in browser.page.html
    assert not browser.page.root.all("b")
