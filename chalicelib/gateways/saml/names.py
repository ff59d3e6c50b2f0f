"""Names of SAML, XML Signature and XML Encryption: those that we accept."""

from __future__ import annotations

SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"

HTTP_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
HTTP_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"

ENVELOPED = f"{DS}enveloped-signature"
RSA_SHA256 = f"{_MORE}rsa-sha256"
# SHA-256 and stronger, without HMAC (`E2`).
SIGNATURE_METHODS = frozenset(
    f"{_MORE}{key}-sha{bits}" for key in ("rsa", "ecdsa") for bits in (256, 384, 512)
)
DIGESTS = frozenset((f"{XENC}sha256", f"{_MORE}sha384", f"{XENC}sha512"))

AES_128_GCM = f"{XENC11}aes128-gcm"
AES_256_GCM = f"{XENC11}aes256-gcm"
RSA_OAEP = f"{XENC}rsa-oaep-mgf1p"
CIPHERS = frozenset(
    (
        *(f"{XENC}aes{bits}-cbc" for bits in (128, 192, 256)),
        *(f"{XENC11}aes{bits}-gcm" for bits in (128, 192, 256)),
    )
)
# OAEP only: with PKCS #1 v1.5 an attacker who can send enough requests can decrypt
# (Bleichenbacher).
KEY_TRANSPORTS = frozenset((RSA_OAEP, f"{XENC11}rsa-oaep"))
# Within OAEP, SHA-1 is not a weakness, and most providers use it. Another mask function can't be
# used: python3-saml's schema doesn't know its element.
OAEP_DIGESTS = DIGESTS | {f"{DS}sha1"}
