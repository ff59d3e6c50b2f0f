"""The headers of every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import ADDRESS, PASSWORD, become_a_user, signed_in_program

if TYPE_CHECKING:
    from tests.support.service import Service

_PATHS = ("/sign-in", "/sign-up", "/check-your-email", "/email-confirmation", "/", "/health")
_CALLS = ("/auth/session", "/nowhere", "/static/app.css")


@pytest.mark.parametrize("path", [*_PATHS, *_CALLS])
def test_every_answer_has_the_security_headers(service: Service, path: str) -> None:
    """`H7`, `H2`."""
    reply = service.program().get(path)
    assert reply.header("X-Content-Type-Options") == "nosniff"
    assert reply.header("Referrer-Policy") == "no-referrer"
    policy = reply.header("Content-Security-Policy") or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert reply.header("X-Request-Id")
    assert reply.header("Server") is None


@pytest.mark.parametrize("path", _PATHS)
def test_pages_have_a_content_type(service: Service, path: str) -> None:
    """`H7`."""
    kind = (service.program().get(path).header("Content-Type") or "").lower()
    assert kind.startswith(("text/html; charset=utf-8", "application/json"))


@pytest.mark.parametrize("path", [*_PATHS, "/auth/session"])
def test_answers_are_not_cached(service: Service, path: str) -> None:
    """`D13`."""
    assert service.program().get(path).header("Cache-Control") == "no-store"


def test_no_other_origin_may_read_an_answer(service: Service) -> None:
    """`H8`."""
    reply = service.program().get("/auth/session", Origin="https://evil.test")
    assert reply.header("Access-Control-Allow-Origin") is None


def test_the_session_cookie_on_localhost(service: Service) -> None:
    """`D4`."""
    become_a_user(service)
    reply = service.program().post("/auth/sign_in", {"email": ADDRESS, "password": PASSWORD})
    attributes = reply.cookies["thub_session"].split("; ")[1:]
    assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(attributes)
    assert "Secure" not in attributes
    assert not any(attribute.startswith("Domain") for attribute in attributes)


def test_plain_http_promises_no_https(service: Service) -> None:
    assert service.program().get("/sign-in").header("Strict-Transport-Security") is None


def test_signing_out_clears_the_browsers_storage_but_not_its_cookies(service: Service) -> None:
    """`D13`."""
    become_a_user(service)
    program = signed_in_program(service)
    reply = program.delete("/auth/session")
    assert reply.status == 204
    assert reply.header("Clear-Site-Data") == '"cache", "storage"'
    assert "thub_session" not in program.jar.values


class TestOverHttps:
    """The same service with an https public URL."""

    @pytest.fixture
    def environ(self) -> dict[str, str]:
        return {"PUBLIC_URL": "https://auth.acme.test"}

    def test_https_is_promised_for_at_least_a_year(self, service: Service) -> None:
        """`H7`."""
        promised = service.program().get("/sign-in").header("Strict-Transport-Security") or ""
        age = promised.partition("max-age=")[2].partition(";")[0]
        assert int(age) >= 31_536_000
        assert "includeSubDomains" in promised

    def test_cookies_have_the_host_prefix_and_are_secure(self, service: Service) -> None:
        """`D4`."""
        body = {"name": "R", "email": ADDRESS, "password": PASSWORD, "account_name": "Acme"}
        reply = service.program().post("/auth/sign_up", body)
        assert reply.cookies
        for name, written in reply.cookies.items():
            assert name.startswith("__Host-")
            assert {"Secure", "Path=/", "HttpOnly"} <= set(written.split("; "))
