"""Whole sign-ins at the service with third-party identity providers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from chalicelib.gateways.saml.requests import SamlKeys
from tests.support.keys import an_owner
from tests.support.personas.company import SSO, Company, prove
from tests.support.personas.users import StoppedClock
from tests.support.saml.keys import rsa_pair
from tests.support.saml.providers import ALICE, Mode, Provider, sign_in

if TYPE_CHECKING:
    from tests.support.http import Program
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service

_HUB = rsa_pair("hub")
_KEYS = SamlKeys(_HUB.private_pem, _HUB.certificate)
_PLAIN_MODES = (Mode.ASSERTION, Mode.RESPONSE, Mode.BOTH)


@pytest.fixture
def environ(dns: DnsServer) -> dict[str, str]:
    return {
        "DNS_SERVER": dns.setting,
        "SAML_PRIVATE_KEY": _HUB.private_pem,
        "SAML_CERTIFICATE": _HUB.certificate.pem,
    }


@pytest.fixture
def clock() -> StoppedClock:
    """Near the real time, which the providers write into their responses."""
    return StoppedClock.near_now()


def _customer(service: Service, dns: DnsServer, provider: Provider) -> Company:
    """Set up an account with the provider's own metadata."""
    owner = an_owner(service, "owner@acme.test")
    reply = owner.call("PUT", SSO, {"idp_metadata_xml": provider.metadata.decode()})
    assert reply.status == 200, reply.text
    assert reply.json["idp_entity_id"] == provider.identity.entity_id
    prove(owner, dns, "acme.test")
    assert owner.call("PUT", SSO, {"enforced": True}).status == 200
    issuer = provider.identity.entity_id
    return Company(service, owner, rsa_pair("idp"), issuer, "acme.test", reply.json)


def _go_round(company: Company, program: Program) -> None:
    """Follow the first step's answer to the provider's page, and back to us."""
    begun = program.post("/auth/identify", {"email": ALICE}).json
    assert begun["next"] == "sso"
    reply = program.get(urlsplit(begun["sso_url"]).path)
    assert reply.status == 302
    posted = sign_in(reply.header("Location") or "")
    assert posted.action == company.sp.acs_url
    answer = company.post_text(program, posted.response)
    assert (answer.status, answer.header("Location")) == (303, "/")
    session = program.get("/auth/session").json
    assert session["user"]["email"] == ALICE
    assert session["account"]["role"] == "member"
    assert session["method"] == "sso"
    # A second use is refused.
    assert company.post_text(program, posted.response).status == 403


def _signs_in(
    service: Service, dns: DnsServer, provider: Provider, mode: Mode, keys: SamlKeys | None
) -> None:
    company = _customer(service, dns, provider)
    provider.serve(company.sp, mode, keys)
    first, second = service.program(), service.program()
    _go_round(company, first)
    _go_round(company, second)
    assert first.get("/auth/session").json["user"] == second.get("/auth/session").json["user"]


@pytest.mark.requirement("E1", "E5", "E6", "E8")
@pytest.mark.parametrize("mode", Mode)
def test_a_user_signs_in_at_simplesamlphp_which_verifies_our_request(
    service: Service, dns: DnsServer, php: Provider, mode: Mode
) -> None:
    """It names users by email, and in the last mode encrypts the assertion to us."""
    _signs_in(service, dns, php, mode, _KEYS)


@pytest.mark.parametrize("mode", _PLAIN_MODES)
def test_a_user_signs_in_at_pysaml2_which_verifies_our_request(
    service: Service, dns: DnsServer, python: Provider, mode: Mode
) -> None:
    _signs_in(service, dns, python, mode, _KEYS)


def test_a_provider_that_ignores_our_signatures_works_too(
    service: Service, dns: DnsServer, php: Provider, python: Provider
) -> None:
    company = _customer(service, dns, php)
    php.serve(company.sp, Mode.ASSERTION)
    _go_round(company, service.program())
    # The account changes to another provider with the same names for users.
    changed = company.put(idp_metadata_xml=python.metadata.decode())
    assert changed.status == 200
    python.serve(company.sp, Mode.ASSERTION, _KEYS)
    _go_round(company, service.program())
