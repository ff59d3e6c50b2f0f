"""State changes that other sites' pages send are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import ADDRESS, PASSWORD, become_a_user, signed_in_program
from tests.support.service import ORIGIN

if TYPE_CHECKING:
    from tests.support.service import Service

_FOREIGN = (
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Origin": "https://evil.test"},
    {"Origin": "null"},
    {"Origin": ORIGIN + ".evil.test"},
    {"Origin": "null", "Sec_Fetch_Site": "cross-site"},
    {"Origin": ORIGIN, "Sec_Fetch_Site": "cross-site"},
    {"Origin": "https://evil.test", "Sec_Fetch_Site": "same-origin"},
)
_OWN: tuple[dict[str, str], ...] = (
    {},
    {"Origin": ORIGIN},
    {"Sec_Fetch_Site": "same-origin"},
    {"Origin": ORIGIN, "Sec_Fetch_Site": "same-origin"},
    # Under `Referrer-Policy: no-referrer` browsers also hide the origin of our own forms.
    {"Origin": "null", "Sec_Fetch_Site": "same-origin"},
)
_FORM = "application/x-www-form-urlencoded"


def _named(headers: dict[str, str]) -> str:
    return ", ".join(f"{k}: {v}" for k, v in headers.items()) or "neither"


@pytest.mark.parametrize("headers", _FOREIGN, ids=_named)
def test_a_foreign_call_is_refused_before_anything_is_done(
    service: Service, headers: dict[str, str]
) -> None:
    """`B15`: also a sign-in."""
    become_a_user(service)
    program = service.program()
    body = {"email": ADDRESS, "password": PASSWORD}
    reply = program.post("/auth/sign_in", body, **headers)
    assert (reply.status, reply.error["code"]) == (403, "cross_site")
    assert service.rows("sessions") == []


@pytest.mark.parametrize("headers", _OWN, ids=_named)
def test_our_own_pages_and_programs_are_accepted(service: Service, headers: dict[str, str]) -> None:
    become_a_user(service)
    body = {"email": ADDRESS, "password": PASSWORD}
    assert service.program().post("/auth/sign_in", body, **headers).status == 200


def test_a_foreign_form_gets_a_page(service: Service) -> None:
    """`B15`."""
    reply = service.program().call(
        "POST",
        "/sign-in",
        f"email={ADDRESS}".encode(),
        Content_Type=_FORM,
        Sec_Fetch_Site="cross-site",
    )
    assert reply.status == 403
    assert "<h1" in reply.text


def test_another_site_signs_nobody_out(service: Service) -> None:
    become_a_user(service)
    program = signed_in_program(service)
    assert program.delete("/auth/session", Sec_Fetch_Site="cross-site").status == 403
    assert program.get("/auth/session").status == 200


def test_a_forged_host_changes_no_link(service: Service) -> None:
    """`C6`."""
    program = service.program()
    body = {"name": "R", "email": ADDRESS, "password": PASSWORD, "account_name": "Acme"}
    program.post("/auth/sign_up", body, Host="evil.test", X_Forwarded_Host="evil.test")
    letter = service.mail_to(ADDRESS)
    assert letter.link.startswith(f"{ORIGIN}/email-confirmation?token=")
    assert "evil.test" not in letter.text + letter.html
