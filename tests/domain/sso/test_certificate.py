"""Certificates that are pasted, or read from metadata."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.sso.certificate import Certificate, InvalidCertificateError
from tests.support.saml.keys import ec_pair, rsa_pair, self_signed

_PAIR = rsa_pair("idp")
_PEM = _PAIR.x509.public_bytes(Encoding.PEM).decode()
_DER = _PAIR.x509.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    "text",
    [
        _PEM,
        _PEM.replace("\n", "\r\n"),
        f"Bag Attributes\n  friendlyName: idp\n{_PEM}\n",
        Certificate.parse(_PEM).base64,
        f"\n   {Certificate.parse(_PEM).base64[:64]}\n   {Certificate.parse(_PEM).base64[64:]}\n",
    ],
    ids=["pem", "crlf", "with-a-header", "base64", "base64-in-lines"],
)
def test_pem_and_bare_base64_are_the_same_certificate(text: str) -> None:
    certificate = Certificate.parse(text)
    assert certificate.der == _DER
    assert certificate.fingerprint == hashlib.sha256(_DER).hexdigest()
    assert Certificate.parse(certificate.pem) == certificate


@pytest.mark.requirement("E13")
def test_its_times_are_read_for_the_warning_before_its_end() -> None:
    certificate = Certificate.parse(_PEM)
    assert certificate.not_before == _PAIR.x509.not_valid_before_utc
    assert certificate.not_after == _PAIR.x509.not_valid_after_utc


def test_a_certificate_that_ends_after_2050_is_read_too() -> None:
    made = self_signed(_PAIR.key, "late", days=20_000)
    certificate = Certificate.from_der(made.public_bytes(Encoding.DER))
    assert certificate.not_after == made.not_valid_after_utc
    assert certificate.not_after - certificate.not_before == timedelta(days=20_000)


def test_an_elliptic_curve_key_is_accepted() -> None:
    assert ec_pair("idp").certificate.der


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "AAAA",
        "MIIC",
        _PEM.replace("CERTIFICATE", "PUBLIC KEY"),
        _PEM[:200],
        _PEM + _PEM,
        Certificate.parse(_PEM).base64[:-8],
        Certificate.parse(_PEM).base64 + "AAAA",
        "A" * 40_000,
        _PAIR.private_pem,
    ],
)
def test_text_that_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(InvalidCertificateError) as refused:
        Certificate.parse(text)
    assert refused.value.param == "idp_certificates"


def test_a_pasted_private_key_is_refused_with_advice() -> None:
    with pytest.raises(InvalidCertificateError, match="replace the key"):
        Certificate.parse(_PAIR.private_pem + _PEM)


@pytest.mark.requirement("E2")
def test_a_weak_or_unknown_key_is_refused_with_the_reason() -> None:
    with pytest.raises(InvalidCertificateError, match="2,048"):
        _ = rsa_pair("weak", bits=1_024).certificate
    # Another algorithm in place of RSA's.
    strange = _DER.replace(bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a864886f70d010199"))
    with pytest.raises(InvalidCertificateError, match="RSA or ECDSA"):
        Certificate.from_der(strange)


@given(place=st.integers(0, len(_DER) - 1), value=st.integers(0, 255), cut=st.booleans())
def test_no_damage_raises_anything_but_a_refusal(place: int, value: int, *, cut: bool) -> None:
    damaged = _DER[:place] if cut else _DER[:place] + bytes((value,)) + _DER[place + 1 :]
    try:
        read = Certificate.from_der(damaged)
    except InvalidCertificateError:
        return
    assert read.der == damaged
