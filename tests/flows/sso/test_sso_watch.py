"""The daily SSO check: domains' records, and certificates that expire."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.personas.company import Company, a_company
from tests.support.personas.users import StoppedClock

if TYPE_CHECKING:
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service


@pytest.fixture
def environ(dns: DnsServer) -> dict[str, str]:
    return {"DNS_SERVER": dns.setting}


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock.near_now()


@pytest.fixture
def company(service: Service, dns: DnsServer) -> Company:
    return a_company(service, dns)


def look(service: Service, after: timedelta = timedelta()) -> list[str]:
    """Run the daily check; returns the subjects of its mails."""
    service.clock.advance(after)
    before = len(service.outbox)
    service.watch()
    return [letter.subject for letter in service.outbox[before:]]


def identify(service: Service) -> Any:
    return service.program().post("/auth/identify", {"email": "mo@acme.test"}).json


def domain_status(company: Company) -> str:
    row = next(
        row
        for row in company.service.rows("accounts")
        if row["part"]["S"] == f"domain#{company.domain}"
    )
    return "verified" if "verified_at" in row else "pending"


def test_a_domain_with_its_record_is_not_changed(service: Service, company: Company) -> None:
    assert look(service) == []
    assert company.sign_in("mo@acme.test")[1].status == 303


def test_a_missing_record_sends_one_mail_and_lapses_after_three_days(
    service: Service, company: Company, dns: DnsServer
) -> None:
    """`E9`: after a lapse the provider isn't trusted; the owner can still sign in."""
    dns.records.clear()
    (subject,) = look(service)
    assert "about to stop" in subject
    letter = service.outbox[-1]
    assert letter.to == "owner@acme.test"
    assert "thub-domain-verification=" in letter.text
    assert look(service, timedelta(days=2)) == []
    assert "sso_url" in identify(service)
    (subject,) = look(service, timedelta(days=1))
    assert "no longer counts" in subject
    assert domain_status(company) == "pending"
    assert identify(service) == {"next": "password"}
    assert look(service, timedelta(days=1)) == []


def test_a_record_that_returns_in_time_keeps_the_domain_verified(
    service: Service, company: Company, dns: DnsServer
) -> None:
    kept = dict(dns.records)
    dns.records.clear()
    look(service)
    dns.records.update(kept)
    assert look(service, timedelta(days=1)) == []
    dns.records.clear()
    assert len(look(service, timedelta(days=3))) == 1
    assert domain_status(company) == "verified"


def test_a_dns_server_that_does_not_answer_changes_nothing(
    service: Service, company: Company, dns: DnsServer
) -> None:
    dns.behave = lambda _question, _transport: b"garbage"
    assert look(service) == []
    dns.behave = None
    assert domain_status(company) == "verified"


def test_admins_get_mails_before_a_certificate_expires(service: Service, company: Company) -> None:
    """`E13`: thirty, seven and one day before, each once."""
    end = company.idp.certificate.not_after - service.clock()
    assert look(service, end - timedelta(days=31)) == []
    assert look(service, timedelta(days=2)) == ["A certificate of your single sign-on ends soon"]
    assert look(service, timedelta(days=1)) == []
    assert len(look(service, timedelta(days=22))) == 1
    assert len(look(service, timedelta(days=6))) == 1
    assert company.idp.certificate.fingerprint in service.outbox[-1].text
    assert look(service, timedelta(days=1)) == []
