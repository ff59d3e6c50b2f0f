"""The only accepted form of encryption: one assertion, one key in it, sound algorithms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.sso.assertion import Refusal, SamlRefusedError
from chalicelib.gateways.saml.names import (
    CIPHERS,
    DS,
    KEY_TRANSPORTS,
    OAEP_DIGESTS,
    SAML,
    XENC,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

_ELEMENT = f"{XENC}Element"
_METHOD, _KEY_INFO, _CIPHER = (
    f"{{{XENC}}}EncryptionMethod",
    f"{{{DS}}}KeyInfo",
    f"{{{XENC}}}CipherData",
)
_DIGEST = f"{{{DS}}}DigestMethod"
_DATA, _KEY = f"{{{XENC}}}EncryptedData", f"{{{XENC}}}EncryptedKey"
_HINTS = frozenset((f"{{{DS}}}KeyName", f"{{{DS}}}X509Data"))


def is_encrypted(assertion: _Element) -> bool:
    """Check whether it must be decrypted first."""
    return bool(assertion.tag == f"{{{SAML}}}EncryptedAssertion")


def check_encryption(root: _Element, assertion: _Element) -> None:
    """Refuse encryption in any other form or place; raises SamlRefusedError."""
    expected = 1 if is_encrypted(assertion) else 0
    for name in (_DATA, _KEY):
        if sum(1 for _ in root.iter(name)) != expected:
            raise SamlRefusedError(Refusal.ENCRYPTION_FORM)
    if expected:
        _check_encrypted(assertion)


def _check_encrypted(assertion: _Element) -> None:
    (data,) = _children(assertion, (_DATA,))
    if data.get("Type") != _ELEMENT:
        raise SamlRefusedError(Refusal.ENCRYPTION_FORM)
    method, key_info, cipher = _children(data, (_METHOD, _KEY_INFO, _CIPHER))
    _demand(method.get("Algorithm") in CIPHERS, Refusal.ALGORITHM)
    _demand(len(method) == 0)
    _check_cipher(cipher)
    keys = [child for child in key_info if child.tag == _KEY]
    _demand(len(keys) == 1 and all(c.tag == _KEY or c.tag in _HINTS for c in key_info))
    _check_key(keys[0])


def _check_key(key: _Element) -> None:
    optional = [child for child in key if child.tag == _KEY_INFO]
    names = (_METHOD, _KEY_INFO, _CIPHER) if optional else (_METHOD, _CIPHER)
    method, *_, cipher = _children(key, names)
    _demand(all(hint.tag in _HINTS for key_info in optional for hint in key_info))
    _demand(method.get("Algorithm") in KEY_TRANSPORTS, Refusal.ALGORITHM)
    for parameter in method:
        named = parameter.tag == _DIGEST and parameter.get("Algorithm") in OAEP_DIGESTS
        _demand(named and len(parameter) == 0, Refusal.ALGORITHM)
    _check_cipher(cipher)


def _check_cipher(cipher: _Element) -> None:
    (value,) = _children(cipher, (f"{{{XENC}}}CipherValue",))
    _demand(len(value) == 0)


def _children(element: _Element, names: tuple[str, ...]) -> list[_Element]:
    found = list(element)
    _demand([child.tag for child in found] == list(names))
    return found


def _demand(holds: bool, refusal: Refusal = Refusal.ENCRYPTION_FORM) -> None:  # noqa: FBT001
    if not holds:
        raise SamlRefusedError(refusal)
