"""What a SAML response must look like before the library may parse it.

libxmlsec runs the transforms of a signature before it knows whether the signature is valid: XSLT,
XPath and thousands of canonicalisations take minutes and need no key. And a signature that leaves
out part of its element is valid and proves nothing. So the form is checked first, against a list of
what is allowed, and again after an assertion is decrypted.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING

from chalicelib.domain.sso.assertion import Refusal, SamlRefusedError
from chalicelib.gateways.saml.encryption import check_encryption
from chalicelib.gateways.saml.names import DS, SAML, SAMLP, SUCCESS, XENC
from chalicelib.gateways.saml.signature_form import check_signatures

if TYPE_CHECKING:
    from typing import Any

    from lxml.etree import _Element

BYTES_MAX = 256 * 1_024

# A group as an attribute value takes 60 bytes or more, so real responses stay under these limits.
_ELEMENTS_MAX = 4_000
_DEPTH_MAX = 40
_NAMESPACES_MAX = 32
_ATTRIBUTES_MAX = 6_000
_ATTRIBUTES_OF_ONE_MAX = 64
_COMMENTS_MAX = 50
_BLANKS = re.compile(r"[ \t\r\n]+")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ENCODING = re.compile(rb"\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"']*)[\"']")
_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}\Z")
_ID_NAMES = frozenset(("ID", "Id", "id"))
_ASSERTIONS = (f"{{{SAML}}}Assertion", f"{{{SAML}}}EncryptedAssertion")
# Allowed in one place only, which the checks of signatures and encryption examine.
_FORBIDDEN = frozenset(
    (
        f"{{{SAML}}}EncryptedID",
        f"{{{SAML}}}EncryptedAttribute",
        f"{{{DS}}}Object",
        f"{{{DS}}}Manifest",
        f"{{{DS}}}RetrievalMethod",
        f"{{{XENC}}}CipherReference",
    )
)


def decode(text: str) -> bytes:
    """Decode the base64 of a form field; raises SamlRefusedError."""
    if len(text) > BYTES_MAX * 3 // 2:
        raise SamlRefusedError(Refusal.TOO_LARGE)
    try:
        xml = b64decode(_BLANKS.sub("", text), validate=True)
    except (Base64Error, ValueError) as error:
        raise SamlRefusedError(Refusal.NOT_BASE64) from error
    if len(xml) > BYTES_MAX:
        raise SamlRefusedError(Refusal.TOO_LARGE)
    return xml


def parse(xml: bytes) -> _Element:
    """Parse UTF-8 without a document type; raises SamlRefusedError."""
    check_text(xml)
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        return etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SamlRefusedError(Refusal.NOT_XML) from error


def check_text(xml: bytes) -> None:
    """Require bytes with only one reading: UTF-8, without declarations (`E11`)."""
    try:
        xml.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SamlRefusedError(Refusal.NOT_UTF8) from error
    declared = _ENCODING.match(xml.removeprefix(_BYTE_ORDER_MARK))
    if b"\0" in xml or (declared and declared[1].lower() not in (b"utf-8", b"us-ascii", b"ascii")):
        raise SamlRefusedError(Refusal.NOT_UTF8)
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise SamlRefusedError(Refusal.DOCTYPE)


def check_form(root: _Element) -> _Element:
    """Check the form of a parsed response, and return its one assertion.

    Also used after decryption. Raises SamlRefusedError.
    """
    _check_amounts(root)
    if root.tag != f"{{{SAMLP}}}Response":
        raise SamlRefusedError(Refusal.SHAPE)
    if any(element.tag in _FORBIDDEN for element in root.iter("*")):
        raise SamlRefusedError(Refusal.SHAPE)
    _check_comments(root)
    _check_ids(root)
    assertion = _only_assertion(root)
    check_signatures(root, assertion)
    check_encryption(root, assertion)
    return assertion


def is_error(root: _Element) -> bool:
    """Check whether it is a provider's error: a status other than success, and no assertion.

    Nothing in it is proved or needs to be. Raises SamlRefusedError if it is too large.
    """
    _check_amounts(root)
    if root.tag != f"{{{SAMLP}}}Response" or any(e.tag in _ASSERTIONS for e in root.iter("*")):
        return False
    codes = root.findall(f"{{{SAMLP}}}Status/{{{SAMLP}}}StatusCode")
    return len(codes) == 1 and codes[0].get("Value") not in (None, "", SUCCESS)


def _check_amounts(root: _Element) -> None:
    """Limit what multiplies in canonicalisation: depth, and namespaces in scope by elements."""
    attributes = 0
    namespaces: set[tuple[str | None, str]] = set()
    for elements, element in enumerate(root.iter("*")):
        attributes += len(element.attrib)
        namespaces.update(element.nsmap.items())
        too_wide = len(namespaces) > _NAMESPACES_MAX or len(element.attrib) > _ATTRIBUTES_OF_ONE_MAX
        if too_wide or elements > _ELEMENTS_MAX or attributes > _ATTRIBUTES_MAX:
            raise SamlRefusedError(Refusal.SHAPE)
    if root.xpath(f"boolean({'/*' * (_DEPTH_MAX + 1)})"):
        raise SamlRefusedError(Refusal.SHAPE)


def _check_comments(root: _Element) -> None:
    """Refuse comments and instructions beside text: some parsers end the text there."""
    # Fetch only this many: lxml's time for them grows with the square of their number.
    found: Any = root.xpath(
        "descendant::node()[self::comment() or self::processing-instruction()]"
        f"[position() <= {_COMMENTS_MAX + 1}]"
    )
    if len(found) > _COMMENTS_MAX:
        raise SamlRefusedError(Refusal.SHAPE)
    beside_text = "boolean(../text()[normalize-space()]) or not(../*)"
    if any(node.xpath(beside_text) for node in found):
        raise SamlRefusedError(Refusal.SHAPE)


def _check_ids(root: _Element) -> None:
    seen: set[str] = set()
    for element in root.iter("*"):
        attributes: Any = element.items()
        for name, value in attributes:
            # In any namespace: libxmlsec compares only the local name when it collects ids.
            if name.rpartition("}")[2] not in _ID_NAMES:
                continue
            if value in seen or not _ID.match(value):
                raise SamlRefusedError(Refusal.SHAPE)
            seen.add(value)


def _only_assertion(root: _Element) -> _Element:
    responses = sum(1 for _ in root.iter(f"{{{SAMLP}}}Response"))
    assertions = [element for element in root.iter("*") if element.tag in _ASSERTIONS]
    if responses != 1 or len(assertions) != 1 or assertions[0].getparent() is not root:
        raise SamlRefusedError(Refusal.SHAPE)
    return assertions[0]
