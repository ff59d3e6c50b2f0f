"""Behind a CDN each client is a source of its own, and nobody can pass for another one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.support.audit_log import audit_events
from tests.support.keys import account_of, an_owner
from tests.support.personas.journeys import ADDRESS, PASSWORD

if TYPE_CHECKING:
    from tests.support.http import Reply
    from tests.support.service import Service

_SECRET = "what CloudFront sends and nobody else knows"
_EDGE = "203.0.113.200"
_LIMIT = 3


@pytest.fixture
def environ() -> dict[str, str]:
    digest = hashlib.sha256(_SECRET.encode()).hexdigest()
    return {"TRUSTED_PROXIES": f"1:{digest}", "SOURCE_FAILURES": str(_LIMIT)}


def _try(service: Service, client: str, password: str = "wrong", secret: str = _SECRET) -> Reply:
    """Sign in through an edge, as the gateway passes it on: it appends whom it was called by."""
    return service.program(_EDGE).call(
        "POST",
        "/auth/sign_in",
        {"email": ADDRESS, "password": password},
        X_Forwarded_For=f"{client}, {_EDGE}",
        X_Origin_Verify=secret,
    )


def test_a_client_that_guesses_locks_out_itself_alone(service: Service) -> None:
    """`G5`."""
    an_owner(service)
    for _ in range(_LIMIT):
        assert _try(service, "198.51.100.1").status == 401
    assert _try(service, "198.51.100.1").status == 429
    assert _try(service, "198.51.100.2", PASSWORD).status == 200


def test_an_invented_client_changes_nothing(service: Service) -> None:
    """`G5`."""
    an_owner(service)
    for number in range(_LIMIT):
        assert _try(service, f"10.0.0.{number}, 198.51.100.1").status == 401
    assert _try(service, "10.0.0.99, 198.51.100.1").status == 429


def test_past_the_cdn_every_call_is_from_where_the_gateway_saw_it(service: Service) -> None:
    """`G5`."""
    an_owner(service)
    for number in range(_LIMIT):
        assert _try(service, f"198.51.100.{number}", secret="guessed").status == 401
    assert _try(service, "198.51.100.99", secret="guessed").status == 429
    # The guesses count against the edge's address; whom it vouches for signs in.
    assert _try(service, "198.51.100.1", PASSWORD).status == 200


def test_sessions_and_the_audit_log_have_the_clients_address(service: Service) -> None:
    owner = an_owner(service)
    signed_in = _try(service, "198.51.100.77", PASSWORD)
    assert signed_in.status == 200
    (event,) = [
        event
        for event in audit_events(service, account_of(owner), "sign_in.succeeded")
        if event["address"] == "198.51.100.77"
    ]
    assert event["actor"]["type"] == "user"
