"""Key pairs for tests, generated once per run and name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chalicelib.domain.sso.certificate import Certificate

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class KeyPair:
    """A private key and its self-signed certificate."""

    key: PrivateKey = field(repr=False)
    x509: x509.Certificate

    @property
    def certificate(self) -> Certificate:
        """Return the certificate as our own code represents it."""
        return Certificate.from_der(self.x509.public_bytes(serialization.Encoding.DER))

    @property
    def private_pem(self) -> str:
        """Return the private key, as the settings and other programs take it."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode("ascii")


@cache
def rsa_pair(name: str, bits: int = 2_048) -> KeyPair:
    """Return an RSA key pair, one per name."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=bits)
    return KeyPair(key, self_signed(key, name))


@cache
def ec_pair(name: str) -> KeyPair:
    """Return a key pair on P-256, one per name."""
    key = ec.generate_private_key(ec.SECP256R1())
    return KeyPair(key, self_signed(key, name))


def self_signed(
    key: PrivateKey, name: str, days: int = 3_650, begins: int = -1
) -> x509.Certificate:
    """Make a certificate that is valid from yesterday, or from another day."""
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{name}.test")])
    first_day = datetime.now(UTC).replace(microsecond=0) + timedelta(days=begins)
    return (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        # The same for all: an attacker's certificate can equal ours in everything but its key.
        .serial_number(1)
        .not_valid_before(first_day)
        .not_valid_after(first_day + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
