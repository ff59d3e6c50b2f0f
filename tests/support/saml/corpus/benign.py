"""What real identity providers send, in all their variations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

from chalicelib.gateways.saml.names import (
    AES_128_GCM,
    AES_256_GCM,
    DS,
    ENVELOPED,
    EXC_C14N,
    XENC,
)
from tests.support.saml.corpus.case import (
    Situation,
    add_benign,
    assertion_of,
    benign,
    signed,
)
from tests.support.saml.messages import URI, Attribute, Confirmation, at, encoded
from tests.support.saml.signing import AES_128_CBC, MORE, Style, encrypt, sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element

    from tests.support.saml.messages import Facts

_FORMATS = "urn:oasis:names:tc:SAML:"
_MODES = ("assertion", "response", "both")


def _changed(
    change: Callable[[Facts, Situation], Facts], mode: str
) -> Callable[[Situation], object]:
    return lambda s: s.signed(change(s.facts(), s), mode)


for _mode in _MODES:
    add_benign(f"signed-{_mode}", lambda s, mode=_mode: s.signed(s.facts(), mode))  # type: ignore[misc]
    add_benign(
        f"signed-by-the-next-certificate-{_mode}",
        lambda s, mode=_mode: signed(s.facts(), s.next_idp, mode),  # type: ignore[misc]
    )
    add_benign(
        f"prefixes-ns0-ns1-{_mode}",
        _changed(lambda f, _: f.but(prefixes=("ns0", "ns1")), _mode),
    )
    add_benign(f"indented-{_mode}", _changed(lambda f, _: f.but(gap="\n    "), _mode))
    add_benign(
        f"signature-in-the-default-namespace-{_mode}",
        lambda s, mode=_mode: s.signed(s.facts(), mode, Style(prefix="")),  # type: ignore[misc]
    )
    add_benign(
        f"without-key-info-{_mode}",
        lambda s, mode=_mode: s.signed(s.facts(), mode, Style(key_info=False)),  # type: ignore[misc]
    )
    for _bits, _name in (("384", f"{MORE}sha384"), ("512", f"{XENC}sha512")):
        _style = Style(f"{MORE}rsa-sha{_bits}", _name)
        add_benign(
            f"sha-{_bits}-{_mode}",
            lambda s, mode=_mode, style=_style: s.signed(s.facts(), mode, style),  # type: ignore[misc]
        )


@benign()
def both_with_two_certificates(s: Situation) -> _Element:
    document = s.signed(s.facts())
    sign(document, s.next_idp)
    return document


@benign()
def inclusive_namespaces_named(s: Situation) -> _Element:
    listed = (
        f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXC_C14N}">'
        f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="xs"/></ds:Transform>'
    )
    return s.signed(s.facts(), "both", Style(transforms=listed))


@benign()
def signature_with_an_id(s: Situation) -> _Element:
    document = s.signed(s.facts())
    signature = document.find(f".//{{{DS}}}Signature")
    assert signature is not None
    signature.set("Id", "Signature1")
    return document


for _cipher in (AES_128_CBC, f"{XENC}aes256-cbc", AES_128_GCM, AES_256_GCM):
    for _mode in _MODES:

        def _hidden(s: Situation, cipher: str = _cipher, mode: str = _mode) -> _Element:
            document = signed(s.facts(), s.idp, "assertion" if mode != "response" else "none")
            encrypt(assertion_of(document), s.hub, cipher)
            if mode != "assertion":
                sign(document, s.idp)
            return document

        add_benign(f"encrypted-{_cipher.rpartition('#')[2]}-{_mode}", _hidden)

_ATTRIBUTES = {
    "oid": (
        Attribute("urn:oid:0.9.2342.19200300.100.1.3", ("mallory@acme.test",), URI),
        Attribute("urn:oid:2.5.4.42", ("Mallory",), URI),
        Attribute("urn:oid:2.5.4.4", ("Acme",), URI),
    ),
    "basic": (
        Attribute("mail", ("mallory@acme.test",)),
        Attribute("displayName", ("Mallory Acme",)),
        Attribute("groups", tuple(f"group-{n}" for n in range(150))),
    ),
    "claims": (
        Attribute(
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
            ("mallory@acme.test",),
            URI,
        ),
        Attribute("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", ("M",), URI),
    ),
    "repeated": (Attribute("role", ("a",)), Attribute("role", ("b",))),
    "empty": (Attribute("department", ()), Attribute("phone", ("",))),
    "unicode": (Attribute("displayName", ("Mallory \u00c5str\u00f6m \u5c71",)),),
}
for _name, _list in _ATTRIBUTES.items():
    add_benign(
        f"attributes-{_name}",
        _changed(lambda f, _, listed=_list: f.but(attributes=listed), "both"),  # type: ignore[misc]
    )
for _name, _format in (
    ("persistent", f"{_FORMATS}2.0:nameid-format:persistent"),
    ("transient", f"{_FORMATS}2.0:nameid-format:transient"),
    ("unspecified", f"{_FORMATS}1.1:nameid-format:unspecified"),
    ("unnamed", None),
):
    add_benign(
        f"address-by-attribute-with-a-{_name}-name-id",
        _changed(
            lambda f, _, named=_format: f.but(  # type: ignore[misc]
                name_id="a1b2-c3d4", name_id_format=named, attributes=_ATTRIBUTES["basic"]
            ),
            "assertion",
        ),
    )


def _add(name: str, change: Callable[[Facts, Situation], Facts], email: str | None = None) -> None:
    add_benign(name, _changed(change, "assertion"), email)


_add("address-in-capitals", lambda f, _: f.but(name_id="Mallory@ACME.test"))
_add("address-with-a-tag", lambda f, _: f.but(name_id="mallory+x@acme.test"), "mallory+x@acme.test")
_add("no-response-issuer", lambda f, _: f.but(response_issuer=None))
_add("no-destination-unsigned-response", lambda f, _: f.but(destination=None))
_add(
    "several-audiences-of-which-one-is-ours",
    lambda f, s: f.but(audiences=((s.sp.entity_id, "https://another.test/"),)),
)
_add(
    "two-restrictions-that-name-us",
    lambda f, s: f.but(audiences=((s.sp.entity_id,), (s.sp.entity_id,))),
)
_add(
    "signed-in-at-the-provider-yesterday",
    lambda f, s: f.but(authenticated_at=at(s.now, hours=-20)),
)
_add("no-not-before", lambda f, _: f.but(not_before=None))
_add(
    "clock-two-minutes-ahead",
    lambda f, s: f.but(not_before=at(s.now, minutes=2), issued_at=at(s.now, minutes=2)),
)
_add(
    "an-hour-of-validity",
    lambda f, s: f.but(not_on_or_after=at(s.now, minutes=60)).confirmed(
        not_on_or_after=at(s.now, minutes=60)
    ),
)
_add(
    "fractions-of-seconds",
    lambda f, s: f.but(not_on_or_after=at(s.now, minutes=5).replace("Z", ".1234567Z")),
)
_add("session-of-eight-hours", lambda f, s: f.but(session_not_on_or_after=at(s.now, hours=8)))
_add(
    "second-confirmation-that-is-not-bearer",
    lambda f, _: f.but(
        confirmations=(
            Confirmation(None, None, None, f"{_FORMATS}2.0:cm:sender-vouches"),
            *f.confirmations,
        )
    ),
)
_add(
    "second-confirmation-that-fits",
    lambda f, s: f.but(
        confirmations=(
            Confirmation(s.other_request_id, s.sp.acs_url, at(s.now, minutes=5)),
            *f.confirmations,
        )
    ),
)
_add(
    "qualified-name",
    lambda f, s: f.but(
        name_qualifiers=f' NameQualifier="{s.issuer}" SPNameQualifier="{s.sp.entity_id}"'
    ),
)


@benign()
def base64_in_lines(s: Situation) -> str:
    return "\r\n".join(re.findall(".{1,76}", encoded(s.signed(s.facts()))))


@benign()
def with_a_declaration(s: Situation) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + etree.tostring(s.signed(s.facts()))


@benign()
def with_a_byte_order_mark(s: Situation) -> bytes:
    return b"\xef\xbb\xbf" + etree.tostring(s.signed(s.facts()))


@benign()
def only_the_enveloped_transform(s: Situation) -> _Element:
    enveloped = Style(
        transforms=f'<ds:Transform Algorithm="{ENVELOPED}"/>',
        canonicalise=lambda element: etree.tostring(element, method="c14n", with_tail=False),
    )
    return s.signed(s.facts(), "response", enveloped)


@benign()
def three_and_a_half_thousand_groups(s: Situation) -> _Element:
    groups = tuple(f"g{number}" for number in range(3_500))
    return s.signed(s.facts().but(attributes=(Attribute("groups", groups),)), "both")


@benign()
def comment_between_elements(s: Situation) -> bytes:
    xml = etree.tostring(s.signed(s.facts()))
    return xml.replace(b"<saml:Subject>", b"<!-- a person --><saml:Subject>")


@benign()
def key_info_of_another_certificate(s: Situation) -> _Element:
    document = s.signed(s.facts())
    hint = document.find(f".//{{{DS}}}X509Certificate")
    assert hint is not None
    hint.text = s.next_idp.certificate.base64
    return document


@benign()
def digest_in_lines(s: Situation) -> _Element:
    document = s.signed(s.facts())
    value = document.find(f".//{{{DS}}}SignatureValue")
    assert value is not None
    value.text = "\n" + "\n".join(re.findall(".{1,64}", value.text or "")) + "\n"
    return document
