"""Whole sign-ins at third-party identity providers, up to the verified assertion."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.domain.sso.provider import ServiceProvider
from chalicelib.gateways.saml.assertion import Expected
from chalicelib.gateways.saml.face import Saml
from chalicelib.gateways.saml.requests import SamlKeys, SignInAsk
from tests.support.saml.keys import rsa_pair
from tests.support.saml.providers import (
    ALICE,
    Mode,
    NoResponseError,
    Provider,
    sign_in,
)

_HUB = rsa_pair("hub")
_KEYS = SamlKeys(_HUB.private_pem, _HUB.certificate)
_PLAIN_MODES = (Mode.ASSERTION, Mode.RESPONSE, Mode.BOTH)


def _signs_in(provider: Provider, mode: Mode, keys: SamlKeys | None) -> None:
    saml = Saml(keys)
    key_name = "signed" if keys else "unsigned"
    ours = ServiceProvider.of("https://hub.test", f"con_{mode}_{key_name}")
    provider.serve(ours, mode, keys)
    request = saml.request(SignInAsk(provider.identity, ours, datetime.now(UTC)), "state")
    posted = sign_in(request.url)
    assert posted.action == ours.acs_url
    assert posted.relay_state == "state"
    received = saml.receive(posted.response)
    assert received.claims.in_response_to == request.id
    expected = Expected(provider.identity, ours, request.id, datetime.now(UTC))
    verified = saml.verify(received, expected)
    assert verified.email.value == ALICE
    assert verified.subject == ALICE
    assert verified.display_name == "Alice Acme"
    (certificate,) = provider.identity.certificates
    assert verified.certificate_fingerprint == certificate.fingerprint


@pytest.mark.parametrize("mode", _PLAIN_MODES)
def test_a_user_signs_in_at_simplesamlphp(php: Provider, mode: Mode) -> None:
    _signs_in(php, mode, None)


@pytest.mark.parametrize("mode", Mode)
def test_simplesamlphp_accepts_our_signed_request_and_encrypts_to_us(
    php: Provider, mode: Mode
) -> None:
    _signs_in(php, mode, _KEYS)


def test_simplesamlphp_refuses_a_request_that_we_did_not_sign(php: Provider) -> None:
    ours = ServiceProvider.of("https://hub.test", "con_forged")
    php.serve(ours, Mode.BOTH, _KEYS)
    other = rsa_pair("attacker")
    forger = Saml(SamlKeys(other.private_pem, other.certificate))
    forged = forger.request(SignInAsk(php.identity, ours, datetime.now(UTC)), "state")
    with pytest.raises(NoResponseError, match=r"(?i)signature"):
        sign_in(forged.url)


@pytest.mark.parametrize("mode", _PLAIN_MODES)
def test_a_user_signs_in_at_pysaml2(python: Provider, mode: Mode) -> None:
    _signs_in(python, mode, None)


@pytest.mark.parametrize("mode", _PLAIN_MODES)
def test_pysaml2_accepts_our_signed_request(python: Provider, mode: Mode) -> None:
    _signs_in(python, mode, _KEYS)
