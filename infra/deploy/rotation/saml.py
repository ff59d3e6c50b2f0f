"""Rotates the SAML key pair in two commands, with time between them for the identity providers.

Identity providers read our certificate from our metadata on their own schedule. So a new pair is
published there before it signs anything, and the old one can still decrypt afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap.secrets import read_secrets
from infra.deploy.rotation.secrets import put
from infra.errors import CommandError
from infra.tools.saml_keys import made_at, saml_pair

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.aws import Aws
    from infra.stack.stages import Stage

WHAT = ("saml", "saml_switch")
_FIRST = ("SAML_PRIVATE_KEY", "SAML_CERTIFICATE")
_SECOND = ("SAML_SECOND_PRIVATE_KEY", "SAML_SECOND_CERTIFICATE")


def rotate(stage: Stage, aws: Aws, what: str, tell: Callable[[str], None]) -> str:
    """Add a pair, or let the added one sign; raises CommandError if it isn't time for that."""
    found = read_secrets(aws.client("ssm"), stage.secrets_path)
    if not all(found.get(name) for name in _FIRST):
        message = f"There is no SAML pair under {stage.secrets_path}; make deploy makes the first."
        raise CommandError(message)
    coming = _is_coming(found)
    if what == "saml" and not coming:
        put(stage, aws, dict(zip(_SECOND, saml_pair().values(), strict=True)), tell)
        return (
            "a second pair stands in our metadata. When every identity provider has it,"
            " make rotate WHAT=saml_switch"
        )
    if what == "saml":
        message = (
            "There is a second pair already, which no request is signed with yet."
            " When every identity provider has our metadata, make rotate WHAT=saml_switch."
        )
        raise CommandError(message)
    if not coming:
        message = "There is no newer pair to switch to; make rotate WHAT=saml makes it."
        raise CommandError(message)
    return _switch(stage, aws, found, tell)


def _switch(stage: Stage, aws: Aws, found: dict[str, str], tell: Callable[[str], None]) -> str:
    newer = dict(zip(_FIRST, (found[name] for name in _SECOND), strict=True))
    older = dict(zip(_SECOND, (found[name] for name in _FIRST), strict=True))
    # The old pair is stored first. An interruption could only lose the new one, which has signed
    # nothing yet; Parameter Store also keeps each value's history.
    put(stage, aws, older | newer, tell)
    return "the newer pair signs; the one before it still decrypts what comes encrypted for it"


def _is_coming(found: dict[str, str]) -> bool:
    second = found.get(_SECOND[1])
    return second is not None and made_at(second) > made_at(found[_FIRST[1]])
