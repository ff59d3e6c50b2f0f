"""Makes the deployment's own SAML key pair: it signs requests and decrypts assertions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

# Identity providers pin the key, so the certificate's end hardly matters.
_YEARS = 10
_BITS = 3_072


def saml_pair() -> dict[str, str]:
    """Make an RSA key and its self-signed certificate, by the names of their settings, in PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65_537, key_size=_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {"SAML_PRIVATE_KEY": private.decode("ascii"), "SAML_CERTIFICATE": _certificate(key)}


def certificate_of(private_key: str) -> str:
    """Make a certificate for a key that has none, in PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = serialization.load_pem_private_key(private_key.encode("ascii"), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 - the only kind that this module makes
    return _certificate(key)


def _certificate(key: RSAPrivateKey) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "terminus-hub-auth")])
    now = datetime.now(UTC).replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def made_at(certificate: str) -> datetime:
    """Return when a certificate becomes valid, to tell the older of two pairs."""
    from cryptography import x509

    return x509.load_pem_x509_certificate(certificate.encode("ascii")).not_valid_before_utc
