"""Responses that must be refused, and responses that must be accepted, each with a name.

A case is built for a situation: the URLs of a service, an open request, key pairs. So the same
corpus is used on the gateway's functions and on the running service over HTTP.
"""

from __future__ import annotations

from tests.support.saml.corpus import (
    benign,
    bindings,
    bombs,
    encoding,
    encryption,
    identity,
    signatures,
    wrapping,
)
from tests.support.saml.corpus.case import ATTACKS, BENIGN, Case, Severity, Situation

__all__ = [
    "ATTACKS",
    "BENIGN",
    "Case",
    "Severity",
    "Situation",
    "benign",
    "bindings",
    "bombs",
    "encoding",
    "encryption",
    "identity",
    "signatures",
    "wrapping",
]
