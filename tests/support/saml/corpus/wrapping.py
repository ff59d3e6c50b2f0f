"""Signature wrapping: the signed part stays in the document, and another part is to be read."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from lxml import etree

from chalicelib.domain.sso.assertion import Refusal
from chalicelib.gateways.saml.names import DS, SAML, SAMLP
from tests.support.saml.corpus.case import (
    Severity,
    Situation,
    add_attack,
    assertion_of,
    attack,
)
from tests.support.saml.messages import response

if TYPE_CHECKING:
    from lxml.etree import _Element

_SOURCE = "Somorovsky et al., On Breaking SAML: Be Whoever You Want to Be, 2012"
_SIGNATURE = f"{{{DS}}}Signature"
_CRITICAL = Severity.CRITICAL


def _evil_assertion(s: Situation, like: _Element | None = None) -> _Element:
    """Write the victim's assertion, unsigned; with the id of another one if given."""
    evil = assertion_of(response(s.facts(s.victim)))
    if like is not None:
        evil.set("ID", like.get("ID") or "")
    return evil


def _signature_of(element: _Element) -> _Element:
    found = element.find(_SIGNATURE)
    assert found is not None
    return found


def _detach(element: _Element) -> _Element:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
    return element


def _swap_name(document: _Element, s: Situation) -> None:
    for name_id in document.iter(f"{{{SAML}}}NameID"):
        name_id.text = s.victim


def _without_signature(element: _Element) -> _Element:
    copied = deepcopy(element)
    copied.remove(_signature_of(copied))
    return copied


@attack(_CRITICAL, f"{_SOURCE} (XSW 1)", Refusal.SHAPE)
def xsw_1_original_response_inside_the_signature(s: Situation) -> _Element:
    original = s.signed(s.facts(), "response")
    evil = deepcopy(original)
    _swap_name(evil, s)
    evil.set("ID", "_evil")
    _signature_of(evil).append(_without_signature(original))
    return evil


@attack(_CRITICAL, f"{_SOURCE} (XSW 2)", Refusal.SHAPE)
def xsw_2_original_response_before_the_signature(s: Situation) -> _Element:
    original = s.signed(s.facts(), "response")
    evil = deepcopy(original)
    _swap_name(evil, s)
    evil.set("ID", "_evil")
    signature = _signature_of(evil)
    signature.addprevious(_without_signature(original))
    return evil


@attack(_CRITICAL, f"{_SOURCE} (XSW 3)", Refusal.SHAPE)
def xsw_3_evil_assertion_before_the_signed_one(s: Situation) -> _Element:
    document = s.signed(s.facts())
    assertion_of(document).addprevious(_evil_assertion(s))
    return document


@attack(_CRITICAL, f"{_SOURCE} (XSW 4)", Refusal.SHAPE)
def xsw_4_evil_assertion_around_the_signed_one(s: Situation) -> _Element:
    document = s.signed(s.facts())
    original = assertion_of(document)
    evil = _evil_assertion(s)
    original.addprevious(evil)
    evil.append(_detach(original))
    return document


@attack(_CRITICAL, f"{_SOURCE} (XSW 5)", Refusal.SHAPE)
def xsw_5_evil_assertion_carries_the_signature(s: Situation) -> _Element:
    document = s.signed(s.facts())
    original = assertion_of(document)
    evil = _evil_assertion(s)
    evil.insert(1, _detach(_signature_of(original)))
    original.addprevious(evil)
    return document


@attack(_CRITICAL, f"{_SOURCE} (XSW 6)", Refusal.SHAPE)
def xsw_6_original_assertion_inside_the_moved_signature(s: Situation) -> _Element:
    document = s.signed(s.facts())
    original = assertion_of(document)
    evil = _evil_assertion(s)
    signature = _detach(_signature_of(original))
    evil.insert(1, signature)
    original.addprevious(evil)
    signature.append(_detach(original))
    return document


@attack(_CRITICAL, f"{_SOURCE} (XSW 7)", Refusal.SHAPE)
def xsw_7_evil_assertion_in_extensions(s: Situation) -> _Element:
    document = s.signed(s.facts())
    original = assertion_of(document)
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    original.addprevious(extensions)
    extensions.append(_evil_assertion(s, original))
    return document


@attack(_CRITICAL, f"{_SOURCE} (XSW 8)", Refusal.SHAPE)
def xsw_8_original_assertion_in_an_object(s: Situation) -> _Element:
    document = s.signed(s.facts())
    original = assertion_of(document)
    evil = _evil_assertion(s, original)
    signature = _detach(_signature_of(original))
    original.addprevious(evil)
    evil.insert(1, signature)
    holder = etree.SubElement(signature, f"{{{DS}}}Object")
    holder.append(_detach(original))
    return document


@attack(_CRITICAL, f"{_SOURCE}, relative of XSW 3", Refusal.SHAPE)
def evil_assertion_after_the_signed_one(s: Situation) -> _Element:
    document = s.signed(s.facts())
    assertion_of(document).addnext(_evil_assertion(s))
    return document


@attack(_CRITICAL, f"{_SOURCE}, relative of XSW 3", Refusal.SHAPE)
def evil_assertion_with_the_same_id(s: Situation) -> _Element:
    document = s.signed(s.facts())
    original = assertion_of(document)
    original.addprevious(_evil_assertion(s, original))
    return document


@attack(_CRITICAL, "duplicate ids: which element does a reference mean", Refusal.SHAPE)
def status_detail_holds_the_signed_assertion(s: Situation) -> _Element:
    document = s.signed(s.facts())
    original = assertion_of(document)
    original.addprevious(_evil_assertion(s, original))
    status = document.find(f"{{{SAMLP}}}Status")
    assert status is not None
    etree.SubElement(status, f"{{{SAMLP}}}StatusDetail").append(_detach(original))
    return document


@attack(_CRITICAL, "relative of XSW 4: Advice may hold assertions", Refusal.SHAPE)
def signed_assertion_in_advice(s: Situation) -> _Element:
    document = s.signed(s.facts())
    original = assertion_of(document)
    evil = _evil_assertion(s)
    original.addprevious(evil)
    conditions = evil.find(f"{{{SAML}}}Conditions")
    assert conditions is not None
    advice = etree.Element(f"{{{SAML}}}Advice")
    conditions.addnext(advice)
    advice.append(_detach(original))
    return document


@attack(_CRITICAL, "relative of XSW 1 with a response inside a response", Refusal.SHAPE)
def signed_response_inside_an_evil_response(s: Situation) -> _Element:
    evil = response(s.facts(s.victim))
    evil.append(s.signed(s.facts(), "response"))
    return evil


@attack(_CRITICAL, "relative of XSW 8 in the signature's key hints", Refusal.SHAPE)
def signed_assertion_in_key_info(s: Situation) -> _Element:
    document = s.signed(s.facts())
    original = assertion_of(document)
    evil = _evil_assertion(s)
    signature = _detach(_signature_of(original))
    original.addprevious(evil)
    evil.insert(1, signature)
    key_info = signature.find(f"{{{DS}}}KeyInfo")
    assert key_info is not None
    key_info.append(_detach(original))
    return document


@attack(_CRITICAL, "signature over the assertion hung on the response", Refusal.SIGNATURE_FORM)
def signature_moved_to_the_response(s: Situation) -> _Element:
    document = s.signed(s.facts())
    signature = _detach(_signature_of(assertion_of(document)))
    document.insert(1, signature)
    _swap_name(document, s)
    return document


@attack(_CRITICAL, "signature over something small", Refusal.SIGNATURE_FORM)
def signature_on_the_status_only(s: Situation) -> _Element:
    from tests.support.saml.signing import sign

    document = response(s.facts(s.victim))
    status = document.find(f"{{{SAMLP}}}Status")
    assert status is not None
    status.set("ID", "_status")
    sign(status, s.idp)
    return document


@attack(
    _CRITICAL, "signature over the issuer, put where a response's belongs", Refusal.SIGNATURE_FORM
)
def signature_of_another_element_on_the_response(s: Situation) -> _Element:
    from tests.support.saml.signing import sign

    document = response(s.facts(s.victim))
    status = document.find(f"{{{SAMLP}}}Status")
    assert status is not None
    status.set("ID", "_status")
    document.insert(1, _detach(sign(status, s.idp)))
    return document


@attack(_CRITICAL, "signed assertion renamed, evil one in its place", Refusal.SIGNATURE_FORM)
def signed_assertion_under_another_name(s: Situation) -> _Element:
    document = s.signed(s.facts())
    original = assertion_of(document)
    original.addprevious(_evil_assertion(s))
    original.tag = "{urn:x}Assertion"
    return document


@attack(_CRITICAL, "the response is not the document's root", Refusal.SHAPE)
def assertion_under_another_root(s: Situation) -> _Element:
    root = etree.Element("{urn:x}root")
    document = s.signed(s.facts())
    root.append(document)
    root.append(_detach(assertion_of(document)))
    return root


@attack(
    _CRITICAL,
    "CVE-2024-45409 class: a SignedInfo that belongs to no signature",
    Refusal.SIGNATURE_FORM,
)
def stray_signed_info(s: Situation) -> _Element:
    document = s.signed(s.facts())
    status = document.find(f"{{{SAMLP}}}Status")
    signed_info = document.find(f".//{{{DS}}}SignedInfo")
    assert status is not None
    assert signed_info is not None
    etree.SubElement(status, f"{{{SAMLP}}}StatusDetail").append(deepcopy(signed_info))
    return document


@attack(_CRITICAL, "libxmlsec collects ids by their local name alone", Refusal.SHAPE)
def same_id_in_another_namespace(s: Situation) -> _Element:
    document = s.signed(s.facts())
    status = document.find(f"{{{SAMLP}}}Status")
    assert status is not None
    detail = etree.SubElement(status, f"{{{SAMLP}}}StatusDetail")
    decoy = etree.SubElement(detail, "{urn:x}decoy")
    decoy.set("{urn:x}ID", assertion_of(document).get("ID") or "")
    return document


def _tampered(mode: str, part: str) -> object:
    def build(s: Situation) -> _Element:
        document = s.signed(s.facts(), mode)
        if part == "name":
            _swap_name(document, s)
        elif part == "issuer":
            for issuer in document.iter(f"{{{SAML}}}Issuer"):
                issuer.text = "https://evil.test/"
        elif part == "audience":
            for audience in document.iter(f"{{{SAML}}}Audience"):
                audience.text = s.other_sp.entity_id
        elif part == "attribute":
            statement = etree.SubElement(assertion_of(document), f"{{{SAML}}}AttributeStatement")
            attribute = etree.SubElement(statement, f"{{{SAML}}}Attribute", Name="mail")
            etree.SubElement(attribute, f"{{{SAML}}}AttributeValue").text = s.victim
        return document

    return build


for _mode in ("assertion", "response", "both"):
    for _part in ("name", "issuer", "audience", "attribute"):
        add_attack(
            f"tampered-{_part}-in-{_mode}-mode",
            _tampered(_mode, _part),  # type: ignore[arg-type]
            _CRITICAL,
            "the signature's first purpose",
            Refusal.SIGNATURE_WRONG,
        )
