"""SAML that we send: sign-in requests by redirect, and our metadata."""

from __future__ import annotations

import secrets
import zlib
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

from chalicelib.domain.clock import rfc3339
from chalicelib.domain.sso.assertion import EMAIL_FORMAT
from chalicelib.domain.sso.certificate import Certificate, InvalidCertificateError
from chalicelib.gateways.saml.names import (
    AES_128_GCM,
    AES_256_GCM,
    DS,
    HTTP_POST,
    METADATA,
    RSA_OAEP,
    RSA_SHA256,
    SAML,
    SAMLP,
)

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.sso.provider import IdentityProvider, ServiceProvider


@dataclass(frozen=True)
class SamlKeys:
    """The deployment's key pair, which signs requests and decrypts assertions (PEM, RSA).

    During a rotation there is a second pair: it also decrypts, and is in our metadata, so that
    providers accept our signatures before and after the change.
    """

    private_key: str = field(repr=False)
    certificate: Certificate
    second: SamlKeys | None = None

    @classmethod
    def parse(
        cls, private_key: str, certificate: str, second: SamlKeys | None = None
    ) -> SamlKeys | None:
        """Read the pair from the settings; None if both are empty; raises ValueError."""
        if not private_key and not certificate:
            return None
        if "PRIVATE KEY-----" not in private_key:
            message = "the private key must be RSA in PEM"
            raise ValueError(message)
        try:
            return cls(private_key, Certificate.parse(certificate), second)
        except InvalidCertificateError as error:
            raise ValueError(error.message) from error

    @property
    def pairs(self) -> tuple[SamlKeys, ...]:
        """Return all pairs; the first one signs."""
        return (self, self.second) if self.second else (self,)


@dataclass(frozen=True)
class SignInRequest:
    """A sign-in request: the id that its response must name, and the URL for the browser."""

    id: str
    url: str


@dataclass(frozen=True)
class SignInAsk:
    """The parameters of a request: both sides, the time, and whether to ask for a new sign-in."""

    identity_provider: IdentityProvider
    service_provider: ServiceProvider
    now: datetime
    fresh: bool = False


def sign_in_request(ask: SignInAsk, relay_state: str, keys: SamlKeys | None) -> SignInRequest:
    """Make a request for the HTTP-Redirect binding, signed if we have a key.

    RelayState is attacker-controlled on return, so `relay_state` must carry nothing that is
    trusted.
    """
    request_id = f"_{secrets.token_hex(16)}"
    # Raw DEFLATE, as the binding requires: without zlib's header and checksum.
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(_authn_request(ask, request_id).encode("utf-8")) + packer.flush()
    query = urlencode({"SAMLRequest": b64encode(packed), "RelayState": relay_state})
    if keys is not None:
        query = f"{query}&{urlencode({'SigAlg': RSA_SHA256})}"
        query = f"{query}&{urlencode({'Signature': b64encode(_sign(query, keys))})}"
    sso_url = ask.identity_provider.sso_url
    return SignInRequest(request_id, f"{sso_url}{'&' if '?' in sso_url else '?'}{query}")


def metadata(ours: ServiceProvider, keys: SamlKeys | None) -> str:
    """Return our metadata, without an expiry, so that a provider's copy doesn't become invalid."""
    signed = "true" if keys else "false"
    pairs = keys.pairs if keys else ()
    # Only the first pair is listed for encryption: a provider may use any that it sees.
    described = "".join(_key_descriptor("signing", pair) for pair in pairs)
    described += "".join(_key_descriptor("encryption", pair) for pair in pairs[:1])
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<md:EntityDescriptor xmlns:md={quoteattr(METADATA)} entityID={quoteattr(ours.entity_id)}>"
        f'<md:SPSSODescriptor AuthnRequestsSigned="{signed}"'
        f' WantAssertionsSigned="true" protocolSupportEnumeration={quoteattr(SAMLP)}>'
        f"{described}<md:NameIDFormat>{EMAIL_FORMAT}</md:NameIDFormat>"
        f"<md:AssertionConsumerService Binding={quoteattr(HTTP_POST)}"
        f' Location={quoteattr(ours.acs_url)} index="0" isDefault="true"/>'
        "</md:SPSSODescriptor></md:EntityDescriptor>\n"
    )


def _authn_request(ask: SignInAsk, request_id: str) -> str:
    theirs, ours = ask.identity_provider, ask.service_provider
    # If an attribute holds the email, any NameID will do.
    wanted = "" if theirs.email_attribute else f" Format={quoteattr(EMAIL_FORMAT)}"
    forced = ' ForceAuthn="true"' if ask.fresh else ""
    return (
        f"<samlp:AuthnRequest xmlns:samlp={quoteattr(SAMLP)} xmlns:saml={quoteattr(SAML)}"
        f' ID="{request_id}" Version="2.0" IssueInstant="{rfc3339(ask.now)}"'
        f" Destination={quoteattr(theirs.sso_url)}{forced}"
        f" ProtocolBinding={quoteattr(HTTP_POST)}"
        f" AssertionConsumerServiceURL={quoteattr(ours.acs_url)}>"
        f"<saml:Issuer>{escape(ours.entity_id)}</saml:Issuer>"
        # No RequestedAuthnContext: providers with a second factor refuse it (`E16`).
        f'<samlp:NameIDPolicy{wanted} AllowCreate="true"/>'
        "</samlp:AuthnRequest>"
    )


def _sign(query: str, keys: SamlKeys) -> bytes:
    import xmlsec

    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(keys.private_key, xmlsec.KeyFormat.PEM, None)
    signature: bytes = context.sign_binary(query.encode("ascii"), xmlsec.Transform.RSA_SHA256)
    return signature


def _key_descriptor(use: str, keys: SamlKeys) -> str:
    methods = (AES_256_GCM, AES_128_GCM, RSA_OAEP) if use == "encryption" else ()
    return (
        f'<md:KeyDescriptor use="{use}"><ds:KeyInfo xmlns:ds={quoteattr(DS)}><ds:X509Data>'
        f"<ds:X509Certificate>{keys.certificate.base64}</ds:X509Certificate>"
        "</ds:X509Data></ds:KeyInfo>"
        + "".join(f"<md:EncryptionMethod Algorithm={quoteattr(method)}/>" for method in methods)
        + "</md:KeyDescriptor>"
    )
