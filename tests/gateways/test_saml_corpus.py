"""The corpus at the gateway's functions: every attack refused for its reason, all else accepted."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from chalicelib.domain.email_domains import is_in_domains
from chalicelib.domain.saml import SamlRefusedError, VerifiedAssertion
from chalicelib.domain.sso import IdentityProvider, ServiceProvider
from chalicelib.gateways.saml import Saml
from chalicelib.gateways.saml_assertion import Expected
from chalicelib.gateways.saml_requests import SamlKeys
from tests.support.saml.corpus import ATTACKS, BENIGN, Case, Situation
from tests.support.saml.keys import rsa_pair

_ISSUER = "https://idp.test/metadata"
_PROVED = ("acme.test",)


@pytest.fixture
def situation() -> Situation:
    return Situation(
        sp=ServiceProvider.of("https://hub.test", "con_1"),
        request_id="_request1",
        other_sp=ServiceProvider.of("https://hub.test", "con_2"),
        other_request_id="_request2",
        issuer=_ISSUER,
        idp=rsa_pair("idp"),
        next_idp=rsa_pair("next"),
        attacker=rsa_pair("attacker"),
        hub=rsa_pair("hub"),
        now=datetime.now(UTC),
    )


def _knock(field: str, s: Situation) -> VerifiedAssertion | None:
    """Do what the consumer of assertions does, but for the store; None if the domain is foreign."""
    saml = Saml(SamlKeys(s.hub.private_pem, s.hub.certificate))
    received = saml.receive(field)
    certificates = (s.idp.certificate, s.next_idp.certificate)
    provider = IdentityProvider(s.issuer, "https://idp.test/sso", certificates, s.email_attribute)
    expected = Expected(provider, s.sp, s.request_id, s.now)
    verified = saml.verify(received, expected)
    return verified if is_in_domains(verified.email, _PROVED) else None


@pytest.mark.parametrize("case", ATTACKS.values(), ids=str)
@pytest.mark.requirement("E1", "E2", "E3", "E4", "E6", "E9", "E11")
def test_an_attack_is_refused_within_a_second(case: Case, situation: Situation) -> None:
    field = case.build(situation)
    started = time.process_time()
    try:
        signed_in = _knock(field, situation)
        refusal = None
    except SamlRefusedError as error:
        signed_in, refusal = None, error.refusal
    assert time.process_time() - started < 1
    assert signed_in is None
    assert refusal == case.refusal


@pytest.mark.parametrize("case", BENIGN.values(), ids=str)
def test_an_honest_response_is_accepted(case: Case, situation: Situation) -> None:
    signed_in = _knock(case.build(situation), situation)
    assert signed_in is not None
    assert signed_in.email.value == (case.email or situation.mallory)
    assert signed_in.in_response_to == situation.request_id
