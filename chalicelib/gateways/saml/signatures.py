"""Finds the certificate that signed: verified by libxmlsec, with a list of allowed transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.sso.assertion import Refusal, SamlRefusedError
from chalicelib.gateways.saml.names import DS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml.etree import _Element
    from xmlsec import SignatureContext

    from chalicelib.domain.sso.certificate import Certificate


def signing_certificate(
    response: _Element, assertion: _Element, certificates: Sequence[Certificate]
) -> Certificate:
    """Verify every signature, and return the certificate of the one nearest to the assertion.

    The forms were checked before: a signature covers the whole of its parent. `KeyInfo` isn't read
    (`E1`). Raises SamlRefusedError.
    """
    signatures = [
        (signed, signature)
        for signed in (assertion, response)
        if (signature := signed.find(f"{{{DS}}}Signature")) is not None
    ]
    if not signatures:
        raise SamlRefusedError(Refusal.UNSIGNED)
    # Verify all of them, and return the first one's: one bad signature makes the response invalid.
    signers = [_signer(signed, signature, certificates) for signed, signature in signatures]
    return signers[0]


def _signer(
    signed: _Element, signature: _Element, certificates: Sequence[Certificate]
) -> Certificate:
    import xmlsec

    xmlsec.tree.add_ids(signed, ["ID"])
    for certificate in certificates:
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(certificate.pem, xmlsec.KeyFormat.CERT_PEM, None)
        _allow_transforms(context)
        try:
            context.verify(signature)
        except xmlsec.Error:
            continue
        return certificate
    raise SamlRefusedError(Refusal.SIGNATURE_WRONG)


def _allow_transforms(context: SignatureContext) -> None:
    """Allow these transforms in libxmlsec too; any other in the document is an error."""
    from xmlsec import Transform as Known

    digests = (Known.SHA256, Known.SHA384, Known.SHA512)
    for transform in (Known.ENVELOPED, Known.EXCL_C14N, *digests):
        context.enable_reference_transform(transform)
    rsa = (Known.RSA_SHA256, Known.RSA_SHA384, Known.RSA_SHA512)
    ecdsa = (Known.ECDSA_SHA256, Known.ECDSA_SHA384, Known.ECDSA_SHA512)
    for transform in (Known.EXCL_C14N, *rsa, *ecdsa):
        context.enable_signature_transform(transform)
