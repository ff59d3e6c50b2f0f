"""A situation for the gateway's functions, without a service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib.domain.sso.provider import IdentityProvider, ServiceProvider
from chalicelib.gateways.saml.assertion import Expected
from chalicelib.gateways.saml.face import Saml
from chalicelib.gateways.saml.requests import SamlKeys
from tests.support.saml.corpus.case import Situation
from tests.support.saml.keys import rsa_pair

if TYPE_CHECKING:
    from chalicelib.domain.sso.assertion import VerifiedAssertion


def a_situation() -> Situation:
    """Make one for the current time: python3-saml reads the system's clock besides ours."""
    return Situation(
        sp=ServiceProvider.of("https://hub.test", "con_1"),
        request_id="_request1",
        other_sp=ServiceProvider.of("https://hub.test", "con_2"),
        other_request_id="_request2",
        issuer="https://idp.test/metadata",
        idp=rsa_pair("idp"),
        next_idp=rsa_pair("next"),
        attacker=rsa_pair("attacker"),
        hub=rsa_pair("hub"),
        now=datetime.now(UTC),
    )


def expected_in(s: Situation) -> Expected:
    """Return what a response must match in this situation."""
    certificates = (s.idp.certificate, s.next_idp.certificate)
    provider = IdentityProvider(s.issuer, "https://idp.test/sso", certificates, s.email_attribute)
    return Expected(provider, s.sp, s.request_id, s.now)


def verified_in(s: Situation, field: str) -> VerifiedAssertion:
    """Receive and verify; raises SamlRefusedError."""
    saml = Saml(SamlKeys(s.hub.private_pem, s.hub.certificate))
    return saml.verify(saml.receive(field), expected_in(s))
