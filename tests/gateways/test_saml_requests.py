"""Requests to an identity provider, and our metadata."""

from __future__ import annotations

import zlib
from base64 import b64decode
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from chalicelib.domain.sso.provider import IdentityProvider, ServiceProvider
from chalicelib.gateways.saml.face import Saml
from chalicelib.gateways.saml.names import DS, METADATA, RSA_SHA256, SAML, SAMLP
from chalicelib.gateways.saml.requests import SamlKeys, SignInAsk
from tests.support.saml.keys import rsa_pair

_NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_OURS = ServiceProvider.of("https://hub.test", "con_1")
_THEIRS = IdentityProvider(
    "https://idp.test/", "https://idp.test/sso?a=1&b=2", (rsa_pair("idp").certificate,)
)
_HUB = rsa_pair("hub")
_KEYS = SamlKeys(_HUB.private_pem, _HUB.certificate)
_NEXT = rsa_pair("next")
_ROTATING = SamlKeys(
    _HUB.private_pem, _HUB.certificate, SamlKeys(_NEXT.private_pem, _NEXT.certificate)
)


def _request_in(url: str) -> etree._Element:
    packed = parse_qs(urlsplit(url).query)["SAMLRequest"][0]
    return etree.fromstring(zlib.decompress(b64decode(packed), wbits=-15))


@pytest.mark.requirement("E16")
def test_a_request_names_its_sender_and_where_the_response_goes() -> None:
    made = Saml().request(SignInAsk(_THEIRS, _OURS, _NOW), "state")
    request = _request_in(made.url)
    assert made.url.startswith("https://idp.test/sso?a=1&b=2&SAMLRequest=")
    assert dict(request.items()) == {
        "ID": made.id,
        "Version": "2.0",
        "IssueInstant": "2026-11-24T12:00:00Z",
        "Destination": _THEIRS.sso_url,
        "ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        "AssertionConsumerServiceURL": _OURS.acs_url,
    }
    assert request.findtext(f"{{{SAML}}}Issuer") == _OURS.entity_id
    policy = request.find(f"{{{SAMLP}}}NameIDPolicy")
    assert policy is not None
    assert str(policy.get("Format")).endswith("emailAddress")
    assert request.find(f"{{{SAMLP}}}RequestedAuthnContext") is None
    assert parse_qs(urlsplit(made.url).query)["RelayState"] == ["state"]
    assert "Signature" not in made.url


def test_each_request_has_an_id_of_its_own_that_is_an_xml_name() -> None:
    ids = {Saml().request(SignInAsk(_THEIRS, _OURS, _NOW), "s").id for _ in range(20)}
    assert len(ids) == 20
    assert all(made.startswith("_") and len(made) == 33 for made in ids)


@pytest.mark.requirement("D11")
def test_a_fresh_proof_forces_the_provider_to_ask_again() -> None:
    asked = Saml().request(SignInAsk(_THEIRS, _OURS, _NOW, fresh=True), "s")
    assert _request_in(asked.url).get("ForceAuthn") == "true"


def test_a_connection_that_reads_an_attribute_accepts_any_name_id() -> None:
    theirs = IdentityProvider(_THEIRS.entity_id, "https://idp.test/sso", (), "mail")
    policy = _request_in(Saml().request(SignInAsk(theirs, _OURS, _NOW), "s").url)[1]
    assert dict(policy.items()) == {"AllowCreate": "true"}


def test_the_request_fits_the_schema() -> None:
    request = _request_in(Saml().request(SignInAsk(_THEIRS, _OURS, _NOW), "s").url)
    assert OneLogin_Saml2_XML.validate_xml(request, "saml-schema-protocol-2.0.xsd") is request


def test_with_a_key_the_query_is_signed_as_the_binding_says() -> None:
    made = Saml(_KEYS).request(SignInAsk(_THEIRS, _OURS, _NOW), "s t&te")
    signed, _, signature = made.url.partition("?a=1&b=2&")[2].partition("&Signature=")
    assert parse_qs(signed)["SigAlg"] == [RSA_SHA256]
    public = _HUB.x509.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    value = b64decode(parse_qs(f"s={signature}")["s"][0])
    public.verify(value, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    pem = _HUB.certificate.pem
    assert OneLogin_Saml2_Utils.validate_binary_sign(signed, value, pem, RSA_SHA256)


def test_the_private_keys_are_in_no_repr() -> None:
    assert "PRIVATE KEY" not in repr(Saml(_ROTATING))


def test_while_a_pair_is_changed_metadata_shows_both_to_verify_and_one_to_encrypt() -> None:
    """`H12`: providers that read it accept signatures before and after the rotation."""
    described = etree.fromstring(Saml(_ROTATING).metadata(_OURS).encode())
    assert OneLogin_Saml2_XML.validate_xml(described, "saml-schema-metadata-2.0.xsd") is described
    shown = [
        (key.get("use"), certificate.text)
        for key in described.iter(f"{{{METADATA}}}KeyDescriptor")
        for certificate in key.iter(f"{{{DS}}}X509Certificate")
    ]
    first, second = _HUB.certificate.base64, _NEXT.certificate.base64
    assert shown == [("signing", first), ("signing", second), ("encryption", first)]


def test_our_metadata_names_us_our_key_and_where_answers_go() -> None:
    described = etree.fromstring(Saml(_KEYS).metadata(_OURS).encode())
    assert OneLogin_Saml2_XML.validate_xml(described, "saml-schema-metadata-2.0.xsd") is described
    assert described.get("entityID") == _OURS.entity_id
    assert described.get("validUntil") is None
    (role,) = described
    assert role.get("AuthnRequestsSigned") == "true"
    assert role.get("WantAssertionsSigned") == "true"
    keys = [key.get("use") for key in role.findall(f"{{{METADATA}}}KeyDescriptor")]
    assert keys == ["signing", "encryption"]
    certificates = {element.text for element in role.iter(f"{{{DS}}}X509Certificate")}
    assert certificates == {_HUB.certificate.base64}
    (service,) = role.findall(f"{{{METADATA}}}AssertionConsumerService")
    assert service.get("Location") == _OURS.acs_url


def test_without_a_key_the_metadata_promises_none() -> None:
    described = etree.fromstring(Saml().metadata(_OURS).encode())
    assert OneLogin_Saml2_XML.validate_xml(described, "saml-schema-metadata-2.0.xsd") is described
    assert described[0].get("AuthnRequestsSigned") == "false"
    assert described.find(f".//{{{METADATA}}}KeyDescriptor") is None
