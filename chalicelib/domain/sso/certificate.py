"""X.509 certificates, as far as a pinned one matters: its key and its times.

A provider's certificate is trusted because an admin entered it, not through its issuer. So its
issuer, names and extensions aren't read.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from datetime import UTC, datetime
from textwrap import wrap

from chalicelib.domain.errors import InvalidValueError

# An RSA key under 2048 bits is weaker than SHA-256; one over 8192 only costs time.
_RSA_BITS = (2_048, 8_192)
_LONGEST_TEXT = 32_768
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_RSA = bytes.fromhex("2a864886f70d010101")
_EC = bytes.fromhex("2a8648ce3d0201")
_SEQUENCE, _INTEGER, _BIT_STRING, _OBJECT_ID, _VERSION = 0x30, 0x02, 0x03, 0x06, 0xA0
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18


class InvalidCertificateError(InvalidValueError):
    """The text is no certificate whose signatures we would trust."""

    reason = "invalid_certificate"
    message = "This is not an X.509 certificate. Paste it as PEM, or its base64 alone."


@dataclass(frozen=True)
class Certificate:
    """A signing certificate: its DER form, and the times between which it is valid."""

    der: bytes = field(repr=False)
    not_before: datetime
    not_after: datetime

    @classmethod
    def parse(cls, text: str, param: str = "idp_certificates") -> Certificate:
        """Read PEM, or bare base64 as metadata carries it; raises InvalidCertificateError."""
        try:
            return cls._read(_decode(text))
        except _MalformedError as error:
            raise InvalidCertificateError(error.sentence, param=param) from error

    @classmethod
    def from_der(cls, der: bytes) -> Certificate:
        """Read the binary form; raises InvalidCertificateError."""
        try:
            return cls._read(der)
        except _MalformedError as error:
            raise InvalidCertificateError(error.sentence) from error

    @classmethod
    def _read(cls, der: bytes) -> Certificate:
        to_be_signed = _Der(_Der(_whole(der)).take(_SEQUENCE))
        to_be_signed.skip_if(_VERSION)
        to_be_signed.take(_INTEGER)
        to_be_signed.take(_SEQUENCE)
        to_be_signed.take(_SEQUENCE)
        validity = _Der(to_be_signed.take(_SEQUENCE))
        not_before, not_after = validity.take_time(), validity.take_time()
        to_be_signed.take(_SEQUENCE)
        _check_key(_Der(to_be_signed.take(_SEQUENCE)))
        return cls(der, not_before, not_after)

    @property
    def base64(self) -> str:
        """Return the form in which it is stored and shown: one line."""
        return b64encode(self.der).decode("ascii")

    @property
    def pem(self) -> str:
        """Return the form that XML libraries take."""
        lines = "\n".join(wrap(self.base64, 64))
        return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the DER form in hexadecimal, its name in the audit log."""
        return hashlib.sha256(self.der).hexdigest()


class _MalformedError(ValueError):
    """Why a text is refused, with a sentence where there is more to say."""

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class _Der:
    """Reads the elements of a DER value in order, never past its end."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def is_over(self) -> bool:
        """Check whether nothing is left."""
        return self._at == len(self._content)

    def take(self, tag: int) -> bytes:
        """Return the content of the next element, which must have this tag."""
        found, start, end = self._header()
        if found != tag:
            raise _MalformedError
        self._at = end
        return self._content[start:end]

    def take_time(self) -> datetime:
        """Return the next element as a time."""
        tag = self._header()[0]
        form = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}.get(tag)
        if form is None:
            raise _MalformedError
        try:
            # strptime changes the century of two-digit years at 69, RFC 5280 at 50. No valid
            # certificate is that old.
            return datetime.strptime(self.take(tag).decode("ascii"), form).replace(tzinfo=UTC)
        except ValueError as error:
            raise _MalformedError from error

    def skip_if(self, tag: int) -> None:
        """Skip the next element if it has this tag."""
        found, _, end = self._header()
        if found == tag:
            self._at = end

    def _header(self) -> tuple[int, int, int]:
        header = self._content[self._at : self._at + 2]
        if len(header) < 2:  # noqa: PLR2004 - a tag and a length
            raise _MalformedError
        tag, length = header
        start = self._at + 2
        if length >= 0x80:  # noqa: PLR2004 - the long form: so many bytes of length follow
            size = length & 0x7F
            length = int.from_bytes(self._content[start : start + size], "big")
            start += size
            if not 1 <= size <= 4:  # noqa: PLR2004 - 0 means no length at all, which DER forbids
                raise _MalformedError
        if start + length > len(self._content):
            raise _MalformedError
        return tag, start, start + length


def _decode(text: str) -> bytes:
    if len(text) > _LONGEST_TEXT:
        raise _MalformedError
    blocks = _PEM.findall(text)
    if any("PRIVATE KEY" in label for label, _ in blocks):
        raise _MalformedError(
            "This is a private key, which nobody but the identity provider should have. "
            "Paste the certificate, and replace the key."
        )
    if len(blocks) > 1:
        raise _MalformedError("Paste one certificate for each field, not a chain.")
    if blocks and blocks[0][0] != "CERTIFICATE":
        raise _MalformedError
    try:
        return b64decode("".join((blocks[0][1] if blocks else text).split()), validate=True)
    except (Base64Error, ValueError) as error:
        raise _MalformedError from error


def _whole(der: bytes) -> bytes:
    outer = _Der(der)
    content = outer.take(_SEQUENCE)
    if not outer.is_over:
        raise _MalformedError
    return content


def _check_key(key: _Der) -> None:
    algorithm = _Der(key.take(_SEQUENCE)).take(_OBJECT_ID)
    bits = key.take(_BIT_STRING)
    if algorithm == _EC:
        return
    if algorithm != _RSA:
        raise _MalformedError("The certificate's key must be RSA or ECDSA.")
    modulus = _Der(_Der(bits[1:]).take(_SEQUENCE)).take(_INTEGER)
    low, high = _RSA_BITS
    if not low <= int.from_bytes(modulus, "big").bit_length() <= high:
        sentence = f"The certificate's RSA key must have {low:,} to {high:,} bits."
        raise _MalformedError(sentence)
