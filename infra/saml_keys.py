"""Makes the deployment's own SAML key pair: it signs requests and decrypts assertions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

# What its certificate says is looked at by people alone: providers pin the key.
_YEARS = 10
_BITS = 3_072


def saml_pair() -> dict[str, str]:
    """Make an RSA key and its self-signed certificate, by the names of their settings, in PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65_537, key_size=_BITS)
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
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "SAML_PRIVATE_KEY": private.decode("ascii"),
        "SAML_CERTIFICATE": certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"),
    }
