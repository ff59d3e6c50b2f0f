"""What a verified response returns, what a refused one records, and damaged responses."""

from __future__ import annotations

import sys
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from chalicelib.domain.sso.assertion import (
    CLOCK_SKEW,
    EMAIL_FORMAT,
    TRANSIENT_FORMAT,
    Refusal,
    SamlRefusedError,
)
from chalicelib.domain.sso.provider import ServiceProvider
from chalicelib.gateways.saml.face import Saml
from chalicelib.gateways.saml.requests import SamlKeys
from tests.support.saml.corpus.case import assertion_of, signed
from tests.support.saml.keys import ec_pair, rsa_pair
from tests.support.saml.messages import Attribute, Markup, at, encoded
from tests.support.saml.signing import AES_256_GCM, MORE, OAEP_11, SHA256, Style, encrypt, sign
from tests.support.saml.situations import a_situation, expected_in, verified_in

_S = a_situation()


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Responses are valid for minutes, and a run of all tests takes longer."""
    monkeypatch.setattr(sys.modules[__name__], "_S", a_situation())


_WHOLE = etree.tostring(_S.signed(_S.facts(_S.victim), "both"))


def _refused(field: str) -> SamlRefusedError:
    with pytest.raises(SamlRefusedError) as refused:
        verified_in(_S, field)
    return refused.value


def test_lxml_and_xmlsec_carry_the_same_libxml2() -> None:
    import xmlsec

    assert xmlsec.get_libxml_version() == etree.LIBXML_VERSION


@pytest.mark.parametrize(
    "public_url",
    [
        "http://localhost:8000",
        "http://[::1]:8000",
        "https://hub",
        "https://auth.acme.test:8443/api",
    ],
)
def test_any_public_url_that_the_settings_allow_works(public_url: str) -> None:
    situation = replace(_S, sp=ServiceProvider.of(public_url, "con_1"))
    field = encoded(situation.signed(situation.facts(), "both"))
    assert verified_in(situation, field).email.value == _S.mallory


def test_a_verified_response_names_user_time_and_certificate() -> None:
    attributes = (Attribute("givenName", ("Robin",)), Attribute("sn", ("Acme",)))
    facts = _S.facts().but(
        attributes=attributes,
        session_not_on_or_after=at(_S.now, hours=8),
        name_id="Robin@ACME.test",
    )
    verified = verified_in(_S, encoded(signed(facts, _S.next_idp)))
    assert verified.id == facts.assertion_id
    assert verified.response_id == facts.response_id
    assert verified.issuer == _S.issuer
    assert verified.name_id == "Robin@ACME.test"
    assert verified.subject == verified.email.value == "robin@acme.test"
    assert verified.certificate_fingerprint == _S.next_idp.certificate.fingerprint
    now = _S.now.replace(microsecond=0)
    assert verified.authenticated_at == now
    assert verified.session_ends_at == now + timedelta(hours=8)
    assert verified.display_name == "Robin Acme"


@pytest.mark.requirement("E5")
def test_an_assertion_id_is_kept_until_the_assertion_expires() -> None:
    verified = verified_in(_S, encoded(_S.signed(_S.facts())))
    assert verified.remember_until > _S.now + timedelta(minutes=5) + CLOCK_SKEW


@pytest.mark.requirement("E8")
def test_a_user_is_identified_by_a_lasting_name() -> None:
    mail = (Attribute("mail", ("robin@acme.test",)),)
    for name_format, subject in (
        ("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "Opaque-1"),
        (TRANSIENT_FORMAT, "robin@acme.test"),
        (None, "Opaque-1"),
    ):
        facts = _S.facts("Opaque-1").but(name_id_format=name_format, attributes=mail)
        assert verified_in(_S, encoded(_S.signed(facts))).subject == subject


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ((), None),
        ((Attribute("displayName", ("  Robin ",)),), "Robin"),
        ((Attribute("displayName", ("https://evil.test",)), Attribute("cn", ("Robin",))), "Robin"),
        ((Attribute("displayName", ("a", "b")),), None),
        ((Attribute("displayName", ("Robin\u202e",)),), None),
        ((Attribute("givenName", ("Robin",)),), None),
        ((Attribute("User.FirstName", ("R",)), Attribute("User.LastName", ("A",))), "R A"),
    ],
)
def test_a_name_from_a_provider_follows_our_rules_for_names(
    attributes: tuple[Attribute, ...], name: str | None
) -> None:
    facts = _S.facts().but(attributes=attributes)
    assert verified_in(_S, encoded(_S.signed(facts))).display_name == name


def test_signatures_with_elliptic_curves_are_accepted() -> None:
    pair = ec_pair("idp")
    style = Style(method=f"{MORE}ecdsa-sha256", digest=SHA256)
    field = encoded(signed(_S.facts(), pair, "both", style))
    expected = expected_in(_S)
    provider = replace(expected.identity_provider, certificates=(pair.certificate,))
    saml = Saml()
    verified = saml.verify(saml.receive(field), replace(expected, identity_provider=provider))
    assert verified.certificate_fingerprint == pair.certificate.fingerprint


def test_a_key_transported_with_sha_256_is_read() -> None:
    document = _S.signed(_S.facts())
    encrypt(assertion_of(document), _S.hub, AES_256_GCM, OAEP_11)
    assert verified_in(_S, encoded(document)).email.value == _S.mallory


@pytest.mark.parametrize("known", ["hub", "next"])
def test_while_a_pair_is_changed_either_decrypts(known: str) -> None:
    """`H12`: a provider encrypts with the certificate that it has."""
    document = _S.signed(_S.facts())
    encrypt(assertion_of(document), rsa_pair(known))
    coming = rsa_pair("next")
    second = SamlKeys(coming.private_pem, coming.certificate)
    saml = Saml(SamlKeys(_S.hub.private_pem, _S.hub.certificate, second))
    received = saml.receive(encoded(document))
    assert saml.verify(received, expected_in(_S)).email.value == _S.mallory


def test_a_third_key_is_refused_like_any_other_while_a_pair_is_changed() -> None:
    document = _S.signed(_S.facts())
    encrypt(assertion_of(document), rsa_pair("third"))
    coming = rsa_pair("next")
    second = SamlKeys(coming.private_pem, coming.certificate)
    saml = Saml(SamlKeys(_S.hub.private_pem, _S.hub.certificate, second))
    with pytest.raises(SamlRefusedError) as refused:
        saml.verify(saml.receive(encoded(document)), expected_in(_S))
    assert refused.value.refusal is Refusal.UNREADABLE_ENCRYPTION


def test_without_a_key_pair_encrypted_assertions_are_refused() -> None:
    document = _S.signed(_S.facts())
    encrypt(assertion_of(document), _S.hub)
    received = Saml().receive(encoded(document))
    with pytest.raises(SamlRefusedError) as refused:
        Saml().verify(received, expected_in(_S))
    assert refused.value.refusal is Refusal.UNREADABLE_ENCRYPTION


def test_a_received_response_is_not_yet_verified() -> None:
    facts = _S.facts()
    claims = Saml().receive(encoded(signed(facts, _S.attacker))).claims
    assert claims.in_response_to == _S.request_id
    assert (claims.response_id, claims.assertion_id) == (facts.response_id, facts.assertion_id)
    assert claims.issuer == _S.issuer
    unasked = facts.but(in_response_to=None).confirmed(in_response_to=None)
    assert Saml().receive(encoded(_S.signed(unasked))).claims.in_response_to is None


def test_claims_that_are_unsafe_for_a_log_are_left_out() -> None:
    facts = _S.facts().but(response_issuer="a\nb", in_response_to="\u202e_x")
    claims = Saml().receive(encoded(_S.signed(facts))).claims
    assert claims.issuer is None
    assert claims.in_response_to is None


def test_a_refusal_names_the_ids_and_the_certificate_that_signed() -> None:
    facts = _S.facts().but(audiences=())
    refused = _refused(encoded(_S.signed(facts)))
    assert refused.refusal is Refusal.AUDIENCE
    assert refused.claims.assertion_id == facts.assertion_id
    assert refused.claims.response_id == facts.response_id
    assert refused.claims.certificate_fingerprint == _S.idp.certificate.fingerprint
    forged = _refused(encoded(signed(facts, _S.attacker)))
    assert forged.claims.assertion_id == facts.assertion_id
    assert forged.claims.certificate_fingerprint is None


def test_a_refusal_of_an_encrypted_assertion_names_its_id() -> None:
    facts = _S.facts().but(audiences=())
    document = _S.signed(facts)
    encrypt(assertion_of(document), _S.hub)
    assert _refused(encoded(document)).claims.assertion_id == facts.assertion_id


def test_the_user_gets_one_message_for_every_refusal() -> None:
    sentences = {
        str(_refused(field))
        for field in ("", "x", encoded(signed(_S.facts(), _S.attacker)), encoded(b"<x/>"))
    }
    assert len(sentences) == 1


def test_a_certificate_that_openssl_cannot_use_is_a_refusal() -> None:
    broken = replace(_S.idp.certificate, der=b"\x30\x00")
    expected = expected_in(_S)
    provider = replace(expected.identity_provider, certificates=(broken,))
    received = Saml().receive(encoded(_S.signed(_S.facts())))
    with pytest.raises(SamlRefusedError):
        Saml().verify(received, replace(expected, identity_provider=provider))


def test_an_expired_assertion_is_refused_by_our_clock_too() -> None:
    """`E4`: an hour later by our clock, the assertion is too old."""
    received = Saml().receive(encoded(_S.signed(_S.facts())))
    late = replace(expected_in(_S), now=_S.now + timedelta(hours=1))
    with pytest.raises(SamlRefusedError) as refused:
        Saml().verify(received, late)
    assert refused.value.refusal is Refusal.EXPIRED


def test_eight_threads_verify_at_once() -> None:
    fields = [encoded(_S.signed(_S.facts(f"p{n}@acme.test"), "both")) for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        emails = list(pool.map(lambda f: verified_in(_S, f).email.value, fields * 4))
    assert emails == [f"p{n}@acme.test" for n in range(8)] * 4


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, len(_WHOLE) - 1), byte=st.integers(0, 255))
def test_no_changed_byte_signs_anybody_else_in(place: int, byte: int) -> None:
    """`E1`: with any change it is refused, or returns what the provider signed."""
    changed = _WHOLE[:place] + bytes((byte,)) + _WHOLE[place + 1 :]
    try:
        verified = verified_in(_S, b64encode(changed).decode())
    except SamlRefusedError:
        return
    assert verified.email.value == _S.victim


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_garbage_raises_only_a_refusal(garbage: bytes) -> None:
    for field in (b64encode(garbage).decode(), garbage.decode("latin-1")):
        assert _refused(field).claims.assertion_id is None


def test_a_name_is_whole_or_refused() -> None:
    facts = _S.facts().but(name_id=Markup("mallory@acme<![CDATA[.test]]>"))
    assert verified_in(_S, encoded(_S.signed(facts))).email.value == _S.mallory
    assert _S.facts().name_id_format == EMAIL_FORMAT


def test_a_rotated_certificate_signs_one_part_and_the_old_one_the_other() -> None:
    """`E13`: the assertion's certificate is the one that is returned."""
    document = signed(_S.facts(), _S.next_idp)
    sign(document, _S.idp)
    verified = verified_in(_S, encoded(document))
    assert verified.certificate_fingerprint == rsa_pair("next").certificate.fingerprint
