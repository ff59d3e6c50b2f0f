"""The only accepted form of XML signature: a whole element, by its id, with plain transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.sso.assertion import Refusal, SamlRefusedError
from chalicelib.gateways.saml.names import (
    DIGESTS,
    DS,
    ENVELOPED,
    EXC_C14N,
    SIGNATURE_METHODS,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

# Each costs a look-up in each element; providers that list any list xs and xsi.
_PREFIXES_MAX = 80
_SIGNATURE = f"{{{DS}}}Signature"
_KEY_HINTS = frozenset(f"{{{DS}}}{name}" for name in ("KeyName", "KeyValue", "X509Data"))
# Each must occur once in a signature, and nowhere else.
_PARTS = ("SignedInfo", "SignatureValue", "SignatureMethod", "CanonicalizationMethod", "Reference")


def check_signatures(root: _Element, assertion: _Element) -> None:
    """Refuse every signature except one of this form on the response, and one on its assertion."""
    signatures = list(root.iter(_SIGNATURE))
    parents = [signature.getparent() for signature in signatures]
    allowed = (root, assertion)
    if len(parents) != len(set(parents)) or any(parent not in allowed for parent in parents):
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)
    for name in _PARTS:
        if sum(1 for _ in root.iter(f"{{{DS}}}{name}")) != len(signatures):
            raise SamlRefusedError(Refusal.SIGNATURE_FORM)
    for signature, parent in zip(signatures, parents, strict=True):
        _check_signature(signature, parent.get("ID") if parent is not None else None)
    transforms = sum(1 for _ in root.iter(f"{{{DS}}}Transform"))
    if transforms != sum(len(list(s.iter(f"{{{DS}}}Transform"))) for s in signatures):
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)


def _check_signature(signature: _Element, signed_id: str | None) -> None:
    parts = list(signature)
    if [_name(part) for part in parts[:2]] != ["SignedInfo", "SignatureValue"]:
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)
    signed_info, value, *rest = parts
    if len(rest) > 1 or any(_name(part) != "KeyInfo" for part in rest):
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)
    if any(hint.tag not in _KEY_HINTS for key_info in rest for hint in key_info):
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)
    _demand_text(value)
    names = [_name(part) for part in signed_info]
    if names != ["CanonicalizationMethod", "SignatureMethod", "Reference"]:
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)
    canonicalisation, method, reference = signed_info
    _demand_algorithm(method, SIGNATURE_METHODS)
    if len(method) != 0:
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)
    _demand_algorithm(canonicalisation, frozenset((EXC_C14N,)))
    _check_prefixes(canonicalisation)
    _check_reference(reference, signed_id)


def _check_reference(reference: _Element, signed_id: str | None) -> None:
    if not signed_id or reference.get("URI") != f"#{signed_id}":
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)
    if [_name(part) for part in reference] != ["Transforms", "DigestMethod", "DigestValue"]:
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)
    transforms, method, value = reference
    if any(_name(transform) != "Transform" for transform in transforms):
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)
    # Before the digest's algorithm: the transforms are what costs time.
    if [t.get("Algorithm") for t in transforms] not in ([ENVELOPED], [ENVELOPED, EXC_C14N]):
        raise SamlRefusedError(Refusal.ALGORITHM)
    for transform in transforms:
        _check_prefixes(transform)
    if len(transforms[0]) != 0 or len(method) != 0:
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)
    _demand_algorithm(method, DIGESTS)
    _demand_text(value)


def _check_prefixes(element: _Element) -> None:
    """Allow one short list of prefixes, the only parameter of canonicalisation."""
    children = list(element)
    if not children:
        return
    if len(children) > 1 or children[0].tag != f"{{{EXC_C14N}}}InclusiveNamespaces":
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)
    if len(children[0]) != 0 or len(children[0].get("PrefixList", "")) > _PREFIXES_MAX:
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)


def _demand_algorithm(element: _Element, allowed: frozenset[str]) -> None:
    if element.get("Algorithm") not in allowed:
        raise SamlRefusedError(Refusal.ALGORITHM)


def _demand_text(element: _Element) -> None:
    if len(element) != 0 or not (element.text or "").strip():
        raise SamlRefusedError(Refusal.SIGNATURE_FORM)


def _name(element: _Element) -> str | None:
    """Return the local name of an element of XML Signature; None for any other."""
    prefix, _, name = str(element.tag).rpartition("}")
    return name if prefix == f"{{{DS}" else None
