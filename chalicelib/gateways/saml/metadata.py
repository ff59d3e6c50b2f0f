"""An identity provider's metadata: entity id, sign-in URL and signing certificates.

Metadata comes from a stranger. It also names policies, other services and other entities, which are
ignored.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.sso.assertion import Refusal, SamlRefusedError
from chalicelib.domain.sso.certificate import Certificate
from chalicelib.domain.sso.provider import CERTIFICATES_MAX, IdentityProvider, parse_sso_url
from chalicelib.gateways.saml.guards import check_text
from chalicelib.gateways.saml.names import DS, HTTP_REDIRECT, METADATA, SAMLP

if TYPE_CHECKING:
    from lxml.etree import _Element

BYTES_MAX = 1_024 * 1_024

_ENTITY = f"{{{METADATA}}}EntityDescriptor"
_GROUP = f"{{{METADATA}}}EntitiesDescriptor"
_ROLE = f"{{{METADATA}}}IDPSSODescriptor"
_SSO = f"{{{METADATA}}}SingleSignOnService"
_KEY = f"{{{METADATA}}}KeyDescriptor"
_CERTIFICATE = f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class InvalidMetadataError(InvalidValueError):
    """The text is no metadata of exactly one identity provider that we could use."""

    reason = "invalid_metadata"
    message = "This is not the metadata of a SAML identity provider."


def read_metadata(
    xml: bytes, now: datetime, param: str = "idp_metadata_xml", email_attribute: str | None = None
) -> IdentityProvider:
    """Read what we use of it; raises InvalidMetadataError, which says what's wrong.

    Its signature isn't checked: it comes from a signed-in admin, or from its https URL.
    """
    try:
        role, entity_id = _only_provider(_parse(xml), now)
        url, current = _sso_url(role), _certificates(role, now)
        # Metadata may list more than the two that a rotation needs. Take those that are valid
        # longest, but first those that are valid now, because the provider signs with one of them.
        lasting = sorted(current, key=lambda c: (c.not_before <= now, c.not_after), reverse=True)
        lasting = lasting[:CERTIFICATES_MAX]
        taken = [certificate.base64 for certificate in current if certificate in lasting]
        provider = IdentityProvider.parse(entity_id, url, taken, email_attribute)
        return replace(provider, left_out=len(current) - len(taken))
    except InvalidValueError as error:
        if error.param == "email_attribute":
            raise
        raise InvalidMetadataError(error.message, param=param) from error


def _parse(xml: bytes) -> _Element:
    from lxml import etree

    if len(xml) > BYTES_MAX:
        raise InvalidMetadataError("The metadata is larger than 1 MB.")
    text = xml.removeprefix(_BYTE_ORDER_MARK)
    if text[:1_000].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise InvalidMetadataError("This is a web page, not metadata. Download the XML file.")
    try:
        check_text(text)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        return etree.fromstring(text, parser)
    except SamlRefusedError as error:
        raise InvalidMetadataError(_NOT_TAKEN.get(error.refusal)) from error
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InvalidMetadataError("This is not well-formed XML.") from error


_NOT_TAKEN = {
    Refusal.DOCTYPE: "Metadata with a document type isn't taken.",
    Refusal.NOT_UTF8: "Save the metadata as UTF-8.",
}


def _only_provider(root: _Element, now: datetime) -> tuple[_Element, str]:
    if root.tag not in (_ENTITY, _GROUP):
        raise InvalidMetadataError
    roles = [
        role
        for role in root.iter(_ROLE)
        if SAMLP in (role.get("protocolSupportEnumeration") or "").split()
    ]
    if not roles:
        raise InvalidMetadataError("It describes no SAML 2.0 identity provider.")
    if len(roles) > 1:
        raise InvalidMetadataError("It describes several identity providers. Give the one's alone.")
    (role,) = roles
    for element in (role, *role.iterancestors()):
        _check_valid_until(element.get("validUntil"), now)
    entity = role.getparent()
    if entity is None or entity.tag != _ENTITY:
        raise InvalidMetadataError
    return role, entity.get("entityID") or ""


def _check_valid_until(text: str | None, now: datetime) -> None:
    if text is None:
        return
    try:
        valid_until = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InvalidMetadataError("Its validUntil is not a time.") from error
    # A time without a zone is UTC in SAML.
    aware = valid_until if valid_until.tzinfo else valid_until.replace(tzinfo=UTC)
    if aware <= now:
        raise InvalidMetadataError("It has expired. Get a fresh copy from the identity provider.")


def _sso_url(role: _Element) -> str:
    urls = [
        service.get("Location") or ""
        for service in role.iterchildren(_SSO)
        if service.get("Binding") == HTTP_REDIRECT
    ]
    if not urls:
        raise InvalidMetadataError("It names no sign-in address for the HTTP-Redirect binding.")
    return parse_sso_url(urls[0])


def _certificates(role: _Element, now: datetime) -> list[Certificate]:
    """Return the signing certificates; if there are several, without the expired ones."""
    texts = [
        certificate.text or ""
        for key in role.iterchildren(_KEY)
        if key.get("use") in (None, "signing")
        for certificate in key.iterfind(_CERTIFICATE)
    ]
    unique = {c.der: c for c in map(Certificate.parse, texts)}.values()
    current = [c for c in unique if c.not_after > now] or list(unique)
    if not current:
        raise InvalidMetadataError("It names no signing certificate.")
    return current
