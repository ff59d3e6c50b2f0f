"""Signatures that are missing, from other keys, with other algorithms, or over less."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from chalicelib.domain.sso.assertion import Refusal
from chalicelib.gateways.saml.names import DS, ENVELOPED, EXC_C14N, SAML, SAMLP
from tests.support.saml.corpus.case import (
    Severity,
    Situation,
    add_attack,
    assertion_of,
    attack,
    signed,
)
from tests.support.saml.messages import response
from tests.support.saml.signing import (
    MD5,
    MORE,
    RSA_MD5,
    RSA_SHA1,
    SHA1,
    SHA256,
    Style,
    exclusive,
    seal,
    sign,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element

_CRITICAL, _HIGH, _HARDENING = Severity.CRITICAL, Severity.HIGH, Severity.HARDENING
_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_ENVELOPED = f'<ds:Transform Algorithm="{ENVELOPED}"/>'
_EXCLUSIVE = f'<ds:Transform Algorithm="{EXC_C14N}"/>'
_ONE_SIGNATURE = "CVE-2025-29774 and 29775 (xml-crypto): two readings of one signature"
_SMUGGLED = "CVE-2024-45409 (ruby-saml): the first DigestValue of the document was read"


def _find(element: _Element, name: str) -> _Element:
    found = element.find(f".//{{{DS}}}{name}")
    assert found is not None
    return found


@attack(_CRITICAL, "no signature at all", Refusal.UNSIGNED)
def unsigned(s: Situation) -> _Element:
    return response(s.facts(s.victim))


@attack(_CRITICAL, "signature stripped from a signed response", Refusal.UNSIGNED)
def stripped_from_the_assertion(s: Situation) -> _Element:
    document = s.signed(s.facts(s.victim))
    signature = _find(document, "Signature")
    assertion_of(document).remove(signature)
    return document


@attack(_CRITICAL, "one signature stripped, and its part changed", Refusal.SIGNATURE_WRONG)
def response_signature_stripped_and_name_changed(s: Situation) -> _Element:
    document = s.signed(s.facts(), "both")
    signature = document.find(f"{{{DS}}}Signature")
    assert signature is not None
    document.remove(signature)
    for name_id in document.iter(f"{{{SAML}}}NameID"):
        name_id.text = s.victim
    return document


@attack(_CRITICAL, "empty signature element", Refusal.SIGNATURE_FORM)
def empty_signature(s: Situation) -> _Element:
    document = response(s.facts(s.victim))
    assertion_of(document).insert(1, etree.Element(f"{{{DS}}}Signature"))
    return document


@attack(_CRITICAL, "CVE-2022-21449 class: a value of nothing", Refusal.SIGNATURE_FORM)
def empty_signature_value(s: Situation) -> _Element:
    document = s.signed(s.facts(s.victim))
    _find(document, "SignatureValue").text = ""
    return document


@attack(_CRITICAL, "CVE-2022-21449 class: a value of zeros", Refusal.SIGNATURE_WRONG)
def zero_signature_value(s: Situation) -> _Element:
    document = s.signed(s.facts(s.victim))
    _find(document, "SignatureValue").text = b64encode(bytes(256)).decode()
    return document


@attack(_CRITICAL, "an algorithm called none", Refusal.ALGORITHM)
def none_as_signature_method(s: Situation) -> _Element:
    document = s.signed(s.facts(s.victim))
    _find(document, "SignatureMethod").set("Algorithm", "none")
    return document


@attack(_CRITICAL, "the attacker's key, its certificate in KeyInfo", Refusal.SIGNATURE_WRONG)
def attackers_own_key(s: Situation) -> _Element:
    return signed(s.facts(s.victim), s.attacker, "both")


@attack(
    _CRITICAL, "the attacker's key, the provider's certificate in KeyInfo", Refusal.SIGNATURE_WRONG
)
def attackers_key_with_the_providers_certificate(s: Situation) -> _Element:
    document = signed(s.facts(s.victim), s.attacker)
    _find(document, "X509Certificate").text = s.idp.certificate.base64
    return document


@attack(_CRITICAL, "the attacker's key as a bare KeyValue", Refusal.SIGNATURE_WRONG)
def attackers_key_as_key_value(s: Situation) -> _Element:
    document = signed(s.facts(s.victim), s.attacker)
    public = s.attacker.x509.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    numbers = public.public_numbers()
    key_info = _find(document, "KeyInfo")
    key_info.clear()
    value = etree.SubElement(
        etree.SubElement(key_info, f"{{{DS}}}KeyValue"), f"{{{DS}}}RSAKeyValue"
    )
    for name, number in (("Modulus", numbers.n), ("Exponent", numbers.e)):
        written = number.to_bytes((number.bit_length() + 7) // 8, "big")
        etree.SubElement(value, f"{{{DS}}}{name}").text = b64encode(written).decode()
    return document


@attack(_HIGH, "a key fetched from elsewhere", Refusal.SHAPE)
def retrieval_method_in_key_info(s: Situation) -> _Element:
    document = signed(s.facts(s.victim), s.attacker)
    key_info = _find(document, "KeyInfo")
    key_info.clear()
    etree.SubElement(key_info, f"{{{DS}}}RetrievalMethod", URI="https://evil.test/key")
    return document


@attack(_CRITICAL, "our own published key as the provider's", Refusal.SIGNATURE_WRONG)
def signed_by_our_own_key(s: Situation) -> _Element:
    return signed(s.facts(s.victim), s.hub)


def _hmac_over(key: str) -> Callable[[Situation], object]:
    def build(s: Situation) -> _Element:
        document = s.signed(s.facts(s.victim))
        _find(document, "SignatureMethod").set("Algorithm", f"{MORE}hmac-sha256")
        certificate = s.idp.certificate
        secret = {"der": certificate.der, "pem": certificate.pem.encode(), "empty": b""}[key]
        value = hmac.new(secret, exclusive(_find(document, "SignedInfo")), hashlib.sha256)
        _find(document, "SignatureValue").text = b64encode(value.digest()).decode()
        return document

    return build


for _key in ("der", "pem", "empty"):
    add_attack(
        f"hmac-with-the-{_key}-certificate",
        _hmac_over(_key),
        _CRITICAL,
        "key confusion: the public certificate as a shared secret",
        Refusal.ALGORITHM,
    )


def _weak(method: str, digest: str, mode: str) -> Callable[[Situation], object]:
    style = Style(method=method, digest=digest)
    return lambda s: s.signed(s.facts(), mode, style)


for _named, _method, _digest in (
    ("rsa-sha1", RSA_SHA1, SHA256),
    ("sha1-digest", f"{MORE}rsa-sha256", SHA1),
    ("rsa-sha1-with-sha1-digest", RSA_SHA1, SHA1),
    ("rsa-md5", RSA_MD5, SHA256),
    ("md5-digest", f"{MORE}rsa-sha256", MD5),
):
    for _mode in ("assertion", "response"):
        add_attack(
            f"{_named}-in-{_mode}-mode",
            _weak(_method, _digest, _mode),
            _HIGH,
            "downgrade; python3-saml's list of old algorithms lacks MD5",
            Refusal.ALGORITHM,
        )


@attack(
    _CRITICAL, "HMACOutputLength (CVE-2009-0217): a parameter that shortens", Refusal.SIGNATURE_FORM
)
def parameter_in_the_signature_method(s: Situation) -> _Element:
    document = s.signed(s.facts())
    method = _find(document, "SignatureMethod")
    etree.SubElement(method, f"{{{DS}}}HMACOutputLength").text = "8"
    seal(_find(document, "Signature"), s.idp)
    return document


def _uri(uri: str) -> Callable[[Situation], object]:
    return lambda s: s.signed(s.facts(), "response", Style(uri=uri))


for _named, _address in (
    ("empty", ""),
    ("file", "file:///etc/passwd"),
    ("web", "http://127.0.0.1:9/x"),
    ("xpointer", "#xpointer(/)"),
    ("other-id", "#_other"),
):
    add_attack(
        f"reference-uri-{_named}",
        _uri(_address),
        _HIGH,
        "a reference to something else than the element that holds the signature",
        Refusal.SIGNATURE_FORM,
    )


@attack(_CRITICAL, "a second reference that is good", Refusal.SIGNATURE_FORM)
def two_references(s: Situation) -> _Element:
    document = s.signed(s.facts())
    reference = _find(document, "Reference")
    copied = etree.fromstring(etree.tostring(reference, with_tail=False))
    reference.addprevious(copied)
    seal(_find(document, "Signature"), s.idp)
    return document


@attack(_CRITICAL, "no reference: a good signature over nothing", Refusal.SIGNATURE_FORM)
def no_reference(s: Situation) -> _Element:
    document = s.signed(s.facts(s.victim))
    signed_info, reference = _find(document, "SignedInfo"), _find(document, "Reference")
    signed_info.remove(reference)
    seal(_find(document, "Signature"), s.idp)
    return document


@attack(_CRITICAL, "references in a Manifest are not verified", Refusal.SHAPE)
def reference_in_a_manifest(s: Situation) -> _Element:
    document = s.signed(s.facts())
    signature = _find(document, "Signature")
    manifest = etree.SubElement(etree.SubElement(signature, f"{{{DS}}}Object"), f"{{{DS}}}Manifest")
    manifest.append(etree.fromstring(etree.tostring(_find(document, "Reference"))))
    return document


@attack(_CRITICAL, _ONE_SIGNATURE, Refusal.SHAPE)
def comment_splits_the_digest(s: Situation) -> _Element:
    document = s.signed(s.facts())
    value = _find(document, "DigestValue")
    comment = etree.Comment("AAAA")
    comment.tail, value.text = value.text, ""
    value.append(comment)
    return document


@attack(_CRITICAL, _ONE_SIGNATURE, Refusal.SIGNATURE_FORM)
def element_inside_the_digest(s: Situation) -> _Element:
    document = s.signed(s.facts())
    etree.SubElement(_find(document, "DigestValue"), f"{{{DS}}}Extra").text = "AAAA"
    return document


@attack(_CRITICAL, _ONE_SIGNATURE, Refusal.SIGNATURE_FORM)
def two_signed_infos(s: Situation) -> _Element:
    document = s.signed(s.facts())
    signed_info = _find(document, "SignedInfo")
    copied = etree.fromstring(etree.tostring(signed_info, with_tail=False))
    _find(copied, "DigestValue").text = b64encode(bytes(32)).decode()
    signed_info.addprevious(copied)
    return document


def _smuggle(where: str) -> Callable[[Situation], object]:
    def build(s: Situation) -> _Element:
        document = s.signed(s.facts(), "assertion")
        for name_id in document.iter(f"{{{SAML}}}NameID"):
            name_id.text = s.victim
        digest = etree.Element(f"{{{DS}}}DigestValue")
        digest.text = b64encode(bytes(32)).decode()
        status = document.find(f"{{{SAMLP}}}Status")
        assert status is not None
        if where == "status-detail":
            etree.SubElement(status, f"{{{SAMLP}}}StatusDetail").append(digest)
        elif where == "extensions":
            extensions = etree.Element(f"{{{SAMLP}}}Extensions")
            status.addprevious(extensions)
            extensions.append(digest)
        else:
            etree.SubElement(_find(document, "Signature"), f"{{{DS}}}Object").append(digest)
        return document

    return build


for _where, _refusal in (
    ("status-detail", Refusal.SIGNATURE_WRONG),
    ("extensions", Refusal.SIGNATURE_WRONG),
    ("object", Refusal.SHAPE),
):
    add_attack(f"digest-smuggled-in-{_where}", _smuggle(_where), _CRITICAL, _SMUGGLED, _refusal)


def _transformed(transforms: str) -> Callable[[Situation], object]:
    return lambda s: s.signed(s.facts(), "response", Style(transforms=transforms))


_XPATH_FILTER = (
    '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">'
    "<ds:XPath>not(ancestor-or-self::*[local-name()='NameID'])</ds:XPath></ds:Transform>"
)
for _named, _transforms in (
    ("xpath-that-leaves-the-name-out", f"{_ENVELOPED}{_XPATH_FILTER}{_EXCLUSIVE}"),
    ("base64", f'{_ENVELOPED}<ds:Transform Algorithm="{DS}base64"/>'),
    ("inclusive-canonicalisation", f'{_ENVELOPED}<ds:Transform Algorithm="{_C14N}"/>'),
    ("with-comments", f'{_ENVELOPED}<ds:Transform Algorithm="{EXC_C14N}WithComments"/>'),
    ("none", ""),
    ("only-canonicalisation", _EXCLUSIVE),
    ("reversed", f"{_EXCLUSIVE}{_ENVELOPED}"),
    ("three", f"{_ENVELOPED}{_EXCLUSIVE}{_EXCLUSIVE}"),
    ("xpointer", f'{_ENVELOPED}<ds:Transform Algorithm="http://www.w3.org/2001/04/xptr"/>'),
):
    add_attack(
        f"transform-{_named}",
        _transformed(_transforms),
        _HARDENING if _named in ("reversed", "three") else _HIGH,
        "a transform decides what a signature covers",
        Refusal.ALGORITHM,
    )


@attack(_HIGH, "a canonicalisation that keeps comments", Refusal.ALGORITHM)
def signed_info_canonicalised_with_comments(s: Situation) -> _Element:
    method = f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}WithComments"/>'
    return s.signed(s.facts(), "assertion", Style(canonicalisation=method))


@attack(
    _CRITICAL,
    "CVE-2025-66568 (ruby-saml): what can't be canonicalised digests as nothing",
    Refusal.NOT_XML,
)
def relative_namespace(s: Situation) -> bytes:
    document = s.signed(s.facts(), "response")
    _find(document, "DigestValue").text = b64encode(hashlib.sha256().digest()).decode()
    seal(_find(document, "Signature"), s.idp)
    return etree.tostring(document).replace(b"<saml:Subject>", b'<saml:Subject xmlns:x="1:">')


def _reshaped(
    name: str, change: Callable[[_Element], None], refusal: Refusal = Refusal.SIGNATURE_FORM
) -> None:
    def build(s: Situation) -> _Element:
        document = s.signed(s.facts())
        signature = _find(document, "Signature")
        change(signature)
        seal(signature, s.idp)
        return document

    add_attack(f"signature-{name}", build, _HARDENING, "a signature of another form", refusal)


def _move_first(signature: _Element, name: str) -> None:
    part = _find(signature, name)
    parent = part.getparent()
    assert parent is not None
    parent.insert(0, part)


def _beside_transforms(signature: _Element) -> None:
    etree.SubElement(_find(signature, "Transforms"), "{urn:x}Transform", Algorithm=EXC_C14N)


def _elsewhere(signature: _Element) -> None:
    response_of = signature.getroottree().getroot()
    status = response_of.find(f"{{{SAMLP}}}Status")
    assert status is not None
    detail = etree.SubElement(status, f"{{{SAMLP}}}StatusDetail")
    etree.SubElement(detail, f"{{{DS}}}Transform", Algorithm=EXC_C14N)


_reshaped("with-its-value-first", lambda e: _move_first(e, "SignatureValue"))
_reshaped("with-its-method-first", lambda e: _move_first(e, "SignatureMethod"))
_reshaped("with-its-digest-first", lambda e: _move_first(e, "DigestValue"))
_reshaped("with-two-key-infos", lambda e: e.append(etree.Element(f"{{{DS}}}KeyInfo")))
_reshaped(
    "with-a-strange-key-hint",
    lambda e: e[2].append(etree.Element(f"{{{DS}}}MgmtData")),
)
_reshaped("with-a-stranger-at-its-end", lambda e: e.append(etree.Element("{urn:x}stranger")))
_reshaped("with-a-stranger-among-its-transforms", _beside_transforms)
_reshaped("with-a-transform-outside", _elsewhere)
_reshaped(
    "with-a-parameter-of-the-digest",
    lambda e: _find(e, "DigestMethod").append(etree.Element("{urn:x}stranger")),
)
_reshaped(
    "with-a-parameter-of-the-enveloped-transform",
    lambda e: _find(e, "Transform").append(etree.Element(f"{{{EXC_C14N}}}InclusiveNamespaces")),
)
_reshaped(
    "with-two-prefix-lists",
    lambda e: _find(e, "CanonicalizationMethod").extend(
        etree.Element(f"{{{EXC_C14N}}}InclusiveNamespaces") for _ in range(2)
    ),
)


@attack(_CRITICAL, "two signatures on one element", Refusal.SIGNATURE_FORM)
def two_signatures_on_the_assertion(s: Situation) -> _Element:
    document = s.signed(s.facts())
    twin = etree.fromstring(etree.tostring(_find(document, "Signature"), with_tail=False))
    assertion_of(document).insert(1, twin)
    return document


@attack(_CRITICAL, "one good signature beside a bad one", Refusal.SIGNATURE_WRONG)
def good_assertion_in_a_badly_signed_response(s: Situation) -> _Element:
    document = s.signed(s.facts())
    sign(document, s.attacker)
    return document


@attack(_CRITICAL, "one good signature beside a bad one", Refusal.SIGNATURE_WRONG)
def bad_assertion_in_a_well_signed_response(s: Situation) -> _Element:
    document = signed(s.facts(s.victim), s.attacker)
    sign(document, s.idp)
    return document


@attack(_HIGH, "a changed bit", Refusal.SIGNATURE_WRONG)
def one_bit_of_the_value_flipped(s: Situation) -> _Element:
    document = s.signed(s.facts())
    value = _find(document, "SignatureValue")
    raw = bytearray(b64decode(value.text or ""))
    raw[-1] ^= 1
    value.text = b64encode(raw).decode()
    return document


@attack(_HIGH, "a changed digest", Refusal.SIGNATURE_WRONG)
def another_digest(s: Situation) -> _Element:
    document = s.signed(s.facts())
    _find(document, "DigestValue").text = b64encode(bytes(32)).decode()
    return document
