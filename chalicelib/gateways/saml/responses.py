"""SAML responses: guarded first, then verified by us and by python3-saml, which must agree."""

from __future__ import annotations

import contextlib
import logging
import re
from base64 import b64encode
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.domain.chosen_names import without_links
from chalicelib.domain.sso.assertion import (
    Refusal,
    ResponseClaims,
    SamlRefusedError,
    VerifiedAssertion,
)
from chalicelib.gateways.saml import guards
from chalicelib.gateways.saml.assertion import (
    Expected,
    check_assertion,
    check_response,
    read_person,
)
from chalicelib.gateways.saml.encryption import is_encrypted
from chalicelib.gateways.saml.names import SAML, SAMLP
from chalicelib.gateways.saml.signatures import signing_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from lxml.etree import _Element

    from chalicelib.gateways.saml.requests import SamlKeys

_log = logging.getLogger(__name__)
_STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
_STATUS_MAX = 64
_MESSAGE_MAX = 200
_MESSAGE_READ = 1_000
_PLAIN = re.compile(r"[!-~]{1,256}\Z")
# python3-saml's error codes for what our own checks before it don't find.
_LIBRARY = {
    14: Refusal.SCHEMA,
    19: Refusal.TOO_EARLY,
    20: Refusal.EXPIRED,
    30: Refusal.EXPIRED,
    31: Refusal.SUBJECT_CONFIRMATION,
    42: Refusal.SIGNATURE_WRONG,
}


@dataclass(frozen=True)
class ReceivedResponse:
    """A response in a valid form; nothing in it is verified."""

    xml: bytes = field(repr=False)
    encrypted: bool
    claims: ResponseClaims
    # A provider's error: without an assertion, there is nothing to verify.
    is_error: bool = False


def receive(text: str) -> ReceivedResponse:
    """Read the form field `SAMLResponse`, check its form, and return its claims.

    Raises SamlRefusedError. The claims serve to find the request that it answers, and for logs.
    """
    xml = guards.decode(text)
    root = guards.parse(xml)
    with _evidence(_claims(root)):
        if guards.is_error(root):
            return ReceivedResponse(xml, encrypted=False, claims=_error_claims(root), is_error=True)
        assertion = guards.check_form(root)
    claims = replace(_claims(root), assertion_id=_plain(assertion.get("ID")))
    return ReceivedResponse(xml, is_encrypted(assertion), claims)


def verify(
    received: ReceivedResponse, expected: Expected, keys: SamlKeys | None = None
) -> VerifiedAssertion:
    """Verify a response and return what it proves; raises SamlRefusedError and nothing else."""
    with _evidence(received.claims):
        judged = _open(received, expected, keys)
        # A response was signed as it was sent, its assertion before it was encrypted.
        sent, read = judged.document, judged.get_xml_document()
        assertion = _check_form(sent, read)
        claims = replace(received.claims, assertion_id=_plain(assertion.get("ID")))
    with _evidence(claims):
        certificate = signing_certificate(sent, assertion, expected.identity_provider.certificates)
    with _evidence(replace(claims, certificate_fingerprint=certificate.fingerprint)):
        check_response(read, expected)
        times = check_assertion(assertion, expected)
        person = read_person(assertion, expected)
        _ask_library(judged, expected)
    return VerifiedAssertion(
        id=assertion.get("ID") or "",
        response_id=read.get("ID") or "",
        in_response_to=expected.request_id or "",
        issuer=expected.identity_provider.entity_id,
        name_id=person.name_id,
        name_id_format=person.name_id_format,
        email=person.email,
        certificate_fingerprint=certificate.fingerprint,
        authenticated_at=times.authenticated_at,
        remember_until=times.remember_until,
        session_ends_at=times.session_ends_at,
        display_name=person.display_name,
    )


@contextlib.contextmanager
def _evidence(claims: ResponseClaims) -> Iterator[None]:
    """Add what is known of the response to a refusal, and turn any other error into a refusal."""
    try:
        yield
    except SamlRefusedError as error:
        raise SamlRefusedError(error.refusal, claims) from error
    except Exception as error:
        # libxml2, libxmlsec and python3-saml raise various errors; each of them is a refusal.
        _log.warning("saml_library_refused", extra={"kind": type(error).__name__})
        raise SamlRefusedError(Refusal.LIBRARY, claims) from error


def _open(received: ReceivedResponse, expected: Expected, keys: SamlKeys | None) -> Any:
    """Let python3-saml parse it, and decrypt what is encrypted to us."""
    from onelogin.saml2.response import OneLogin_Saml2_Response

    if received.encrypted and keys is None:
        raise SamlRefusedError(Refusal.UNREADABLE_ENCRYPTION)
    text = b64encode(received.xml).decode("ascii")
    if received.encrypted and keys is not None and keys.second is not None:
        # The provider may have encrypted with either certificate.
        with contextlib.suppress(Exception):
            return OneLogin_Saml2_Response(_library_settings(expected, keys.second), text)
    try:
        return OneLogin_Saml2_Response(_library_settings(expected, keys), text)
    except Exception as error:
        # One error for a wrong key, wrong padding and wrong content: no oracle.
        refusal = Refusal.UNREADABLE_ENCRYPTION if received.encrypted else Refusal.LIBRARY
        raise SamlRefusedError(refusal) from error


def _check_form(sent: _Element, read: _Element) -> _Element:
    """Check what the library parsed and decrypted, by the same rules as an unencrypted response."""
    assertion = guards.check_form(sent)
    if read is not sent:
        assertion = guards.check_form(read)
    if is_encrypted(assertion):
        raise SamlRefusedError(Refusal.ENCRYPTION_FORM)
    return assertion


def _ask_library(judged: Any, expected: Expected) -> None:
    """Let python3-saml verify it too: schema, signatures, times, and everything it compares."""
    from onelogin.saml2.errors import OneLogin_Saml2_ValidationError

    acs = urlsplit(expected.service_provider.acs_url)
    request: dict[str, Any] = {
        # From the configured URL: with the Host header, the caller would choose the recipient.
        "https": "on" if acs.scheme == "https" else "off",
        "http_host": acs.netloc,
        "script_name": acs.path,
        "get_data": {},
        "post_data": {},
    }
    try:
        judged.is_valid(request, expected.request_id, raise_exceptions=True)
    except OneLogin_Saml2_ValidationError as error:
        refusal = _LIBRARY.get(error.code, Refusal.LIBRARY)
        raise SamlRefusedError(refusal) from error


def _library_settings(expected: Expected, keys: SamlKeys | None) -> Any:
    from onelogin.saml2.settings import OneLogin_Saml2_Settings

    ours, theirs = expected.service_provider, expected.identity_provider
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "debug": False,
            "sp": {
                "entityId": ours.entity_id,
                "assertionConsumerService": {"url": ours.acs_url},
                "privateKey": keys.private_key if keys else "",
                "x509cert": keys.certificate.pem if keys else "",
            },
            "idp": {
                "entityId": theirs.entity_id,
                # The library requires one and doesn't use it: `requests.py` makes the requests.
                "singleSignOnService": {"url": "https://idp.invalid/"},
                "x509certMulti": {"signing": [c.pem for c in theirs.certificates]},
            },
            "security": {
                "wantNameId": True,
                # Users are identified without attributes too.
                "wantAttributeStatement": False,
                "rejectDeprecatedAlgorithm": True,
                "requestedAuthnContext": False,
                "failOnAuthnContextMismatch": False,
                # The local stage's host has no dot.
                "allowSingleLabelDomains": True,
            },
        }
    )


def _claims(root: _Element) -> ResponseClaims:
    issuer = root.find(f"{{{SAML}}}Issuer")
    return ResponseClaims(
        response_id=_plain(root.get("ID")),
        in_response_to=_plain(root.get("InResponseTo")),
        issuer=_plain(issuer.text) if issuer is not None else None,
    )


def _error_claims(root: _Element) -> ResponseClaims:
    """Read a provider's error: `Responder/RequestDenied`, and its message in one short line."""
    code, status = f"{{{SAMLP}}}StatusCode", f"{{{SAMLP}}}Status"
    codes = (root.find(f"{status}/{code}"), root.find(f"{status}/{code}/{code}"))
    values = ((_plain(c.get("Value")) or "?") for c in codes if c is not None)
    message = root.find(f"{status}/{{{SAMLP}}}StatusMessage")
    words = (message.text or "") if message is not None else ""
    text = "".join(c if c.isprintable() else " " for c in words[:_MESSAGE_READ])
    return replace(
        _claims(root),
        status="/".join(map(_status_name, values)),
        # Anyone can send this unsigned, and admins read it, so it must not contain a link.
        status_message=without_links(" ".join(text.split())[:_MESSAGE_MAX]) or None,
    )


def _status_name(value: str) -> str:
    """Return the short name of one of SAML's own status codes; None for any other text."""
    name = value.removeprefix(_STATUS)[:_STATUS_MAX]
    return name if value.startswith(_STATUS) and name.isascii() and name.isalpha() else "?"


def _plain(text: str | None) -> str | None:
    """Keep only text that is safe in a log or a table's key."""
    return text if text and _PLAIN.match(text) else None
