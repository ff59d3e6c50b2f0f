"""Encrypted assertions: the decrypted content is judged like unencrypted content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from chalicelib.domain.sso.assertion import Refusal
from chalicelib.gateways.saml.names import DS, ENVELOPED, RSA_OAEP, SAML, XENC
from tests.support.saml.corpus.bombs import _STYLESHEET
from tests.support.saml.corpus.case import (
    Severity,
    Situation,
    add_attack,
    assertion_of,
    attack,
    signed,
)
from tests.support.saml.messages import Attribute, Markup, response
from tests.support.saml.signing import (
    AES_128_CBC,
    MD5,
    RSA_1_5,
    RSA_SHA1,
    SHA1,
    Style,
    encrypt,
    sign,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element

_CRITICAL, _HIGH = Severity.CRITICAL, Severity.HIGH
_INNER = "guards that look at the outside only never see an encrypted signature"


def _hidden(document: _Element, s: Situation) -> _Element:
    encrypt(assertion_of(document), s.hub)
    return document


@attack(_CRITICAL, "anyone with our certificate can encrypt to us", Refusal.UNSIGNED)
def encrypted_and_unsigned(s: Situation) -> _Element:
    return _hidden(response(s.facts(s.victim)), s)


@attack(_CRITICAL, "encrypted, signed by the attacker", Refusal.SIGNATURE_WRONG)
def encrypted_and_signed_by_the_attacker(s: Situation) -> _Element:
    return _hidden(signed(s.facts(s.victim), s.attacker), s)


@attack(
    _CRITICAL,
    "encrypted by the attacker inside a response that they signed",
    Refusal.SIGNATURE_WRONG,
)
def encrypted_in_a_response_signed_by_the_attacker(s: Situation) -> _Element:
    document = _hidden(response(s.facts(s.victim)), s)
    sign(document, s.attacker)
    return document


@attack(_CRITICAL, "ciphertext exchanged in a signed response", Refusal.SIGNATURE_WRONG)
def ciphertext_exchanged(s: Situation) -> _Element:
    document = _hidden(response(s.facts()), s)
    sign(document, s.idp)
    other = _hidden(response(s.facts(s.victim)), s)
    ours = document.find(f"{{{SAML}}}EncryptedAssertion")
    theirs = other.find(f"{{{SAML}}}EncryptedAssertion")
    assert ours is not None
    assert theirs is not None
    document.replace(ours, theirs)
    return document


@attack(_CRITICAL, "a plain assertion beside an encrypted one", Refusal.SHAPE)
def encrypted_beside_plain(s: Situation) -> _Element:
    document = _hidden(s.signed(s.facts()), s)
    document.append(assertion_of(response(s.facts(s.victim))))
    return document


@attack(_CRITICAL, "two encrypted assertions", Refusal.SHAPE)
def two_encrypted_assertions(s: Situation) -> _Element:
    document = _hidden(s.signed(s.facts()), s)
    other = _hidden(response(s.facts(s.victim)), s)
    evil = other.find(f"{{{SAML}}}EncryptedAssertion")
    assert evil is not None
    document.append(evil)
    return document


def _inner(style: Style) -> Callable[[Situation], object]:
    return lambda s: _hidden(s.signed(s.facts(), "assertion", style), s)


for _name, _style in (
    ("xslt", Style(transforms=f'<ds:Transform Algorithm="{ENVELOPED}"/>{_STYLESHEET}')),
    ("sha1-digest", Style(digest=SHA1)),
    ("rsa-sha1", Style(method=RSA_SHA1)),
    (
        "xpath",
        Style(
            transforms=f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform'
            ' Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116">'
            "<ds:XPath>not(self::NameID)</ds:XPath></ds:Transform>"
        ),
    ),
):
    add_attack(f"encrypted-with-inner-{_name}", _inner(_style), _HIGH, _INNER, Refusal.ALGORITHM)


@attack(_CRITICAL, _INNER, Refusal.SIGNATURE_FORM)
def encrypted_with_a_moved_inner_signature(s: Situation) -> _Element:
    document = s.signed(s.facts())
    assertion = assertion_of(document)
    signature = assertion.find(f"{{{DS}}}Signature")
    conditions = assertion.find(f"{{{SAML}}}Conditions")
    assert signature is not None
    assert conditions is not None
    conditions.append(signature)
    return _hidden(document, s)


@attack(_CRITICAL, f"{_INNER}: a comment cuts the name", Refusal.SHAPE)
def encrypted_with_a_comment_in_the_name(s: Situation) -> bytes:
    # Canonicalised without comments for the digest, encrypted with them.
    facts = s.facts(Markup("victim@acme.test<!---->.evil.test"))
    document = s.signed(facts)
    return etree.tostring(_encrypted_as_it_is(document, s))


@attack(_CRITICAL, "an encrypted name", Refusal.SHAPE)
def encrypted_id(s: Situation) -> bytes:
    document = s.signed(s.facts(Markup("NAME")), "response")
    other = _hidden(response(s.facts(s.victim)), s)
    data = other.find(f".//{{{XENC}}}EncryptedData")
    assert data is not None
    hidden = b"<saml:EncryptedID>" + etree.tostring(data) + b"</saml:EncryptedID>"
    xml = etree.tostring(document)
    start, end = xml.index(b"<saml:NameID"), xml.index(b"</saml:NameID>") + len(b"</saml:NameID>")
    return xml[:start] + hidden + xml[end:]


@attack(_HIGH, "Bleichenbacher: PKCS #1 v1.5", Refusal.ALGORITHM)
def encrypted_with_rsa_1_5(s: Situation) -> _Element:
    document = s.signed(s.facts())
    encrypt(assertion_of(document), s.hub, AES_128_CBC, RSA_1_5)
    return document


def _relabelled(name: str, old: str, new: str) -> None:
    def build(s: Situation) -> bytes:
        return etree.tostring(_hidden(s.signed(s.facts()), s)).replace(old.encode(), new.encode())

    add_attack(
        f"encrypted-{name}", build, _HIGH, "an algorithm that isn't listed", Refusal.ALGORITHM
    )


_relabelled("with-3des", AES_128_CBC, f"{XENC}tripledes-cbc")
_relabelled("with-an-unknown-cipher", AES_128_CBC, "urn:x")


def _after(xml: str, mark: str, nth: int, added: str) -> str:
    """Insert text after the nth occurrence of a mark."""
    parts = xml.split(mark)
    return mark.join(parts[:nth]) + mark + added + mark.join(parts[nth:])


def _reshaped(name: str, change: Callable[[str], str], refusal: Refusal) -> None:
    def build(s: Situation) -> bytes:
        return change(etree.tostring(_hidden(s.signed(s.facts()), s)).decode()).encode()

    add_attack(f"encrypted-{name}", build, _HIGH, "encryption of another form", refusal)


_reshaped(
    "with-a-reference-to-elsewhere",
    lambda xml: xml.replace(
        "<xenc:CipherData><xenc:CipherValue>",
        '<xenc:CipherData><xenc:CipherReference URI="http://127.0.0.1:9/"/><xenc:CipherValue>',
        1,
    ),
    Refusal.SHAPE,
)
_reshaped("as-content", lambda xml: xml.replace("#Element", "#Content"), Refusal.ENCRYPTION_FORM)
_reshaped(
    "without-a-key",
    lambda xml: (
        xml[: xml.index("<ds:KeyInfo", xml.index("<xenc:"))]
        + xml[xml.index("</ds:KeyInfo>", xml.index("<xenc:")) + len("</ds:KeyInfo>") :]
    ),
    Refusal.ENCRYPTION_FORM,
)
_reshaped(
    "with-garbage",
    lambda xml: xml.replace("<xenc:CipherValue>", "<xenc:CipherValue>AAAA"),
    Refusal.UNREADABLE_ENCRYPTION,
)


_FORM = Refusal.ENCRYPTION_FORM
_STRANGER = '<x xmlns="urn:x"/>'
_KEY_METHOD = f'<xenc:EncryptionMethod Algorithm="{RSA_OAEP}"/>'
_OPEN, _CLOSE = _KEY_METHOD.replace("/>", ">"), "</xenc:EncryptionMethod>"
_reshaped(
    "with-a-parameter-of-the-cipher",
    lambda xml: xml.replace(
        f'Algorithm="{AES_128_CBC}"/>',
        f'Algorithm="{AES_128_CBC}">{_STRANGER}</xenc:EncryptionMethod>',
    ),
    _FORM,
)
_reshaped(
    "with-a-parameter-of-the-transport",
    lambda xml: xml.replace(_KEY_METHOD, f"{_OPEN}{_STRANGER}{_CLOSE}"),
    Refusal.ALGORITHM,
)
_reshaped(
    "with-md5-inside-oaep",
    lambda xml: xml.replace(_KEY_METHOD, f'{_OPEN}<ds:DigestMethod Algorithm="{MD5}"/>{_CLOSE}'),
    Refusal.ALGORITHM,
)
for _named, _where in (("key", 1), ("content", 2)):
    _reshaped(
        f"with-a-stranger-in-the-value-of-the-{_named}",
        lambda xml, nth=_where: _after(xml, "<xenc:CipherValue>", nth, _STRANGER),  # type: ignore[misc]
        _FORM,
    )
    _reshaped(
        f"with-a-stranger-beside-the-value-of-the-{_named}",
        lambda xml, nth=_where: _after(xml, "</xenc:CipherValue>", nth, _STRANGER),  # type: ignore[misc]
        _FORM,
    )
_reshaped(
    "with-a-strange-key-hint",
    lambda xml: xml.replace("<xenc:EncryptedKey>", f"{_STRANGER}<xenc:EncryptedKey>"),
    _FORM,
)
_reshaped(
    "with-a-strange-hint-in-the-key",
    lambda xml: xml.replace(_KEY_METHOD, f"{_KEY_METHOD}<ds:KeyInfo>{_STRANGER}</ds:KeyInfo>"),
    _FORM,
)
_reshaped(
    "with-a-stranger-beside-it",
    lambda xml: xml.replace("</xenc:EncryptedData>", f"</xenc:EncryptedData>{_STRANGER}"),
    _FORM,
)


@attack(_HIGH, "an encrypted attribute value beside a plain assertion", _FORM)
def encrypted_data_in_a_plain_assertion(s: Situation) -> bytes:
    other = _hidden(response(s.facts(s.victim)), s)
    data = other.find(f".//{{{XENC}}}EncryptedData")
    assert data is not None
    facts = s.facts().but(attributes=(Attribute("x", (Markup(etree.tostring(data).decode()),)),))
    return etree.tostring(s.signed(facts))


@attack(_HIGH, "encrypted to somebody else", Refusal.UNREADABLE_ENCRYPTION)
def encrypted_to_another_key(s: Situation) -> _Element:
    document = s.signed(s.facts())
    encrypt(assertion_of(document), s.attacker)
    return document


@attack(_CRITICAL, "what comes out is encrypted again, or is no assertion", Refusal.ENCRYPTION_FORM)
def encrypted_twice(s: Situation) -> _Element:
    document = _hidden(s.signed(s.facts()), s)
    inner = document.find(f"{{{SAML}}}EncryptedAssertion")
    assert inner is not None
    encrypt(inner, s.hub)
    return document


@attack(_CRITICAL, "what comes out is no assertion", Refusal.SHAPE)
def encrypted_status(s: Situation) -> _Element:
    document = s.signed(s.facts(), "response")
    assertion = assertion_of(document)
    assertion.tag = f"{{{SAML}}}Advice"
    encrypt(assertion, s.hub)
    return document


def _encrypted_as_it_is(document: _Element, s: Situation) -> _Element:
    from tests.support.saml import signing

    plain = signing.exclusive
    try:
        signing.exclusive = lambda e: etree.tostring(e, with_tail=False)  # type: ignore[assignment]
        encrypt(assertion_of(document), s.hub)
    finally:
        signing.exclusive = plain
    return document
