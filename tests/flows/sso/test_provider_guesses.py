"""Wrong passwords in a provider's session count like a stranger's."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.keys import an_owner
from tests.support.personas.company import Company, a_company
from tests.support.personas.journeys import ask_sign_in
from tests.support.personas.users import StoppedClock

if TYPE_CHECKING:
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service

BOB = "bob@acme.test"
_WRONG = "not the right password"
_GUESSES = {
    "/auth/session/proof": {"password": _WRONG},
    "/auth/profile/email": {"current_password": _WRONG, "email": "mallory@evil.test"},
    "/auth/profile/password": {
        "current_password": _WRONG,
        "password": "another violet kettle marmot",
    },
}


@pytest.fixture
def environ(dns: DnsServer) -> dict[str, str]:
    return {"DNS_SERVER": dns.setting}


@pytest.fixture
def clock() -> StoppedClock:
    """Near the real time, which python3-saml compares with."""
    return StoppedClock.near_now()


@pytest.fixture
def company(service: Service, dns: DnsServer) -> Company:
    return a_company(service, dns)


@pytest.mark.parametrize("path", _GUESSES)
def test_a_provider_cannot_lock_a_users_password(
    service: Service, company: Company, path: str
) -> None:
    """`E8`: an admin who chooses the provider can sign in as Bob, and guess in that session."""
    an_owner(service, BOB)
    program, _ = company.sign_in(BOB)
    statuses = []
    for _ in range(110):
        statuses.append(program.post(path, _GUESSES[path]).status)
        service.clock.advance(timedelta(seconds=20))
    assert set(statuses) <= {422, 429}
    # They could cause one lockout at most, and it is over.
    elsewhere = service.program("198.51.100.9")
    assert ask_sign_in(elsewhere, BOB).status == 200


def test_guesses_in_a_providers_session_count_for_their_source(
    service: Service, company: Company
) -> None:
    an_owner(service, BOB)
    program, _ = company.sign_in(BOB)
    replies = [program.post("/auth/session/proof", {"password": _WRONG}) for _ in range(101)]
    assert [reply.status for reply in replies] == [422] * 100 + [429]
