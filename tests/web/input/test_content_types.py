"""A body must have our content type and be UTF-8; nothing is guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import ADDRESS, PASSWORD, become_a_user, sign_in

if TYPE_CHECKING:
    from tests.support.service import Service

_FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "kind",
    [
        "application/json; charset=utf-16",
        "application/json;charset=latin-1",
        'application/json; charset="iso-8859-1"',
        "application/json, text/plain",
        "text/json",
        " ",
        "",
    ],
)
def test_json_of_another_charset_or_of_no_type_is_a_415(service: Service, kind: str) -> None:
    """`B15`, `H11`: any site's page could send a body without a type."""
    reply = service.program().post("/auth/identify", {"email": ADDRESS}, Content_Type=kind)
    assert reply.status == 415
    assert reply.error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
    ],
)
def test_json_in_utf_8_is_accepted_in_every_spelling(service: Service, kind: str) -> None:
    reply = service.program().post("/auth/identify", {"email": ADDRESS}, Content_Type=kind)
    assert reply.status == 200


@pytest.mark.parametrize("kind", ["application/json", "text/plain", f"{_FORM}; charset=latin-1"])
def test_a_form_of_another_type_is_a_415_as_a_page(service: Service, kind: str) -> None:
    reply = service.program().call(
        "POST", "/sign-in", f"email={ADDRESS}".encode(), Content_Type=kind
    )
    assert reply.status == 415
    assert "<h1" in reply.text


@pytest.mark.parametrize("broken", [b"\xff", b"\xe9", b"\xed\xa0\x80", b"\xc0\xae"])
def test_bytes_that_are_not_utf_8_are_unreadable(service: Service, broken: bytes) -> None:
    """`A4`, `H11`: the gateway replaces them, which could make two passwords equal."""
    password = PASSWORD.encode() + broken
    body = b'{"name":"R","email":"robin@acme.test","password":"' + password
    reply = service.program().post("/auth/sign_up", body + b'","account_name":"Acme"}')
    assert reply.status == 400
    assert service.rows("sign_ups") == []


@pytest.mark.parametrize("path", ["/auth/sign_in", "/sign-in", "/health", "/auth/session"])
@pytest.mark.parametrize("method", ["OPTIONS", "PUT"])
def test_each_method_that_a_path_lacks_is_a_405(service: Service, path: str, method: str) -> None:
    """`H9`, `H8`: a preflight is allowed nothing."""
    reply = service.program().call(method, path, Origin="https://evil.test")
    assert reply.status == 405
    assert reply.error["type"] == "not_found_error"
    assert reply.header("Allow")
    assert reply.header("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize(
    ("path", "led_to"),
    [
        ("/profile/email", "/profile"),
        ("/profile/sessions/ses_1/end", "/profile"),
        ("/settings/single-sign-on/domains/verify", "/settings/single-sign-on"),
        ("/settings/members/usr_1/suspend", "/settings/members/usr_1"),
        ("/settings/members/%0d%0aSet-Cookie:x/suspend", "/"),
        ("/settings/members/https:%2f%2fevil.test/suspend", "/"),
        ("/sign-out", "/"),
    ],
)
def test_a_visit_to_a_forms_path_leads_to_the_form(
    service: Service, path: str, led_to: str
) -> None:
    """After a refused form the address bar shows the form's own path."""
    visit = service.program().get(path, Accept="text/html,*/*;q=0.8")
    assert (visit.status, visit.header("Location")) == (303, led_to)
    assert service.program().get(path, Accept="*/*").status == 405


def test_a_visit_to_a_forms_path_changes_nothing(service: Service) -> None:
    """A link or an image with a form's path signs nobody out."""
    owner = become_a_user(service)
    sign_in(owner)
    owner.open("/sign-out")
    assert owner.page.heading == "Workspaces"


def test_a_program_gets_the_envelope_whatever_it_accepts(service: Service) -> None:
    reply = service.program().get("/auth/sign_in", Accept="text/html,*/*;q=0.8")
    assert (reply.status, reply.error["type"]) == (405, "not_found_error")
