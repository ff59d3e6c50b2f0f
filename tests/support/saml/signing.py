"""XML signatures and encryption by hand, for forms that no library writes."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from chalicelib.gateways.saml.names import (
    DS,
    ENVELOPED,
    EXC_C14N,
    RSA_OAEP,
    RSA_SHA256,
    SAML,
    XENC,
    XENC11,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element

    from tests.support.saml.keys import KeyPair

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SHA1, MD5 = f"{DS}sha1", f"{MORE}md5"
RSA_SHA1, RSA_MD5 = f"{DS}rsa-sha1", f"{MORE}rsa-md5"
SHA256 = f"{XENC}sha256"
AES_128_CBC, AES_256_GCM = f"{XENC}aes128-cbc", f"{XENC11}aes256-gcm"
RSA_1_5 = f"{XENC}rsa-1_5"
# With SHA-256 as its digest.
OAEP_11 = f"{XENC11}rsa-oaep"
ISSUER = f"{{{SAML}}}Issuer"
_HASHES = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha1": hashes.SHA1(),  # noqa: S303 - to see it refused
    "md5": hashes.MD5(),  # noqa: S303 - the same
}


@dataclass(frozen=True)
class Style:
    """How a signature is made; the defaults are what every provider supports."""

    method: str = RSA_SHA256
    digest: str = SHA256
    transforms: str = (
        f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXC_C14N}"/>'
    )
    canonicalisation: str = f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
    prefix: str = "ds"
    key_info: bool = True
    uri: str | None = None
    # How an element becomes the bytes that are digested.
    canonicalise: Callable[[_Element], bytes] | None = None


PLAIN = Style()


def sign(element: _Element, pair: KeyPair, style: Style = PLAIN) -> _Element:
    """Sign an element, put the signature after its issuer, and return the signature."""
    digest = _digest(style.digest, (style.canonicalise or exclusive)(element))
    uri = f"#{element.get('ID')}" if style.uri is None else style.uri
    certificate = b64encode(pair.x509.public_bytes(Encoding.DER)).decode("ascii")
    key_info = (
        f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate>"
        "</ds:X509Data></ds:KeyInfo>"
    )
    text = (
        f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>{style.canonicalisation}'
        f'<ds:SignatureMethod Algorithm="{style.method}"/><ds:Reference URI="{uri}">'
        f"<ds:Transforms>{style.transforms}</ds:Transforms>"
        f'<ds:DigestMethod Algorithm="{style.digest}"/>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        f"<ds:SignatureValue/>{key_info if style.key_info else ''}</ds:Signature>"
    )
    if style.prefix != "ds":
        named = f"{style.prefix}:" if style.prefix else ""
        text = text.replace("xmlns:ds=", f"xmlns:{style.prefix}=" if style.prefix else "xmlns=")
        text = text.replace("<ds:", f"<{named}").replace("</ds:", f"</{named}")
    signature = etree.fromstring(text)
    issuer = element.find(ISSUER)
    place = 0 if issuer is None else element.index(issuer) + 1
    tail = "" if issuer is None else issuer.tail
    element.insert(place, signature)
    signature.tail = tail if issuer is not None else None
    if issuer is not None:
        issuer.tail = None
    seal(signature, pair, style.method)
    return signature


def seal(signature: _Element, pair: KeyPair, method: str = RSA_SHA256) -> None:
    """Compute the value over SignedInfo as it is."""
    value = signature.find(f"{{{DS}}}SignatureValue")
    signed_info = signature.find(f"{{{DS}}}SignedInfo")
    assert value is not None
    assert signed_info is not None
    value.text = b64encode(_sign_bytes(exclusive(signed_info), pair, method)).decode("ascii")


def exclusive(element: _Element) -> bytes:
    """Canonicalise exclusively, without comments."""
    canonical: bytes = etree.tostring(
        element, method="c14n", exclusive=True, with_comments=False, with_tail=False
    )
    return canonical


def encrypt(
    assertion: _Element,
    certificate: KeyPair,
    cipher: str = AES_128_CBC,
    transport: str = RSA_OAEP,
) -> _Element:
    """Replace an assertion by an EncryptedAssertion, and return it."""
    secret = os.urandom(32 if "256" in cipher else 16)
    content = _encrypted(exclusive(assertion), secret, cipher)
    key = _transported(secret, certificate, transport)
    parameters = ""
    if transport == OAEP_11:
        parameters = f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{SHA256}"/>'
    text = (
        f'<saml:EncryptedAssertion xmlns:saml="{SAML}">'
        f'<xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element">'
        f'<xenc:EncryptionMethod Algorithm="{cipher}"/><ds:KeyInfo xmlns:ds="{DS}">'
        f'<xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{transport}">{parameters}'
        "</xenc:EncryptionMethod>"
        f"<xenc:CipherData><xenc:CipherValue>{key}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedKey></ds:KeyInfo>"
        f"<xenc:CipherData><xenc:CipherValue>{content}</xenc:CipherValue></xenc:CipherData>"
        "</xenc:EncryptedData></saml:EncryptedAssertion>"
    )
    encrypted = etree.fromstring(text)
    parent = assertion.getparent()
    assert parent is not None
    encrypted.tail = assertion.tail
    parent.replace(assertion, encrypted)
    return encrypted


def _digest(algorithm: str, content: bytes) -> str:
    name = algorithm.rpartition("#")[2]
    return b64encode(hashlib.new(name, content).digest()).decode("ascii")


def _sign_bytes(content: bytes, pair: KeyPair, method: str) -> bytes:
    chosen = _HASHES[method.rpartition("-")[2]]
    if isinstance(pair.key, rsa.RSAPrivateKey):
        return pair.key.sign(content, rsa_padding.PKCS1v15(), chosen)
    r, s = decode_dss_signature(pair.key.sign(content, ec.ECDSA(chosen)))
    size = (pair.key.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _encrypted(content: bytes, secret: bytes, cipher: str) -> str:
    if cipher.endswith("gcm"):
        nonce = os.urandom(12)
        return b64encode(nonce + AESGCM(secret).encrypt(nonce, content, None)).decode("ascii")
    pad = padding.PKCS7(128).padder()
    vector = os.urandom(16)
    writer = Cipher(algorithms.AES(secret), modes.CBC(vector)).encryptor()
    padded = pad.update(content) + pad.finalize()
    return b64encode(vector + writer.update(padded) + writer.finalize()).decode("ascii")


def _transported(secret: bytes, pair: KeyPair, transport: str) -> str:
    public = pair.x509.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    sha1 = hashes.SHA1()  # noqa: S303 - OAEP's own default, and no weakness there
    chosen_hash = hashes.SHA256() if transport == OAEP_11 else sha1
    oaep = rsa_padding.OAEP(rsa_padding.MGF1(sha1), chosen_hash, None)
    chosen = rsa_padding.PKCS1v15() if transport == RSA_1_5 else oaep
    return b64encode(public.encrypt(secret, chosen)).decode("ascii")
