"""Compares our verification of a SAML response with python3-saml alone, and hostile responses."""

from __future__ import annotations

import contextlib
import statistics
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from onelogin.saml2.auth import OneLogin_Saml2_Auth

from benchmarks.figures import Figure, interleaved, paired_ratio
from chalicelib.domain.sso.assertion import SamlRefusedError
from tests.support.saml.corpus import ATTACKS
from tests.support.saml.messages import encoded
from tests.support.saml.situations import a_situation, verified_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.saml.corpus import Situation

_ROUNDS = 150
_BOMBS = tuple(name for name in ATTACKS if name.startswith("bomb-"))


def figures() -> list[Figure]:
    """Compare each signing mode with the library, and bombs with a valid response."""
    situation = a_situation()
    return [*(_mode(situation, mode) for mode in ("assertion", "response", "both")), _bombs()]


def _mode(situation: Situation, mode: str) -> Figure:
    field = encoded(situation.signed(situation.facts(), mode))
    taken = interleaved(
        {
            "ours": lambda: verified_in(situation, field),
            "library": lambda: _library_alone(situation, field),
        },
        _ROUNDS,
    )
    return Figure(
        f"SAML response, {mode} signed / python3-saml alone",
        round(statistics.median(taken["ours"]), 2),
        round(statistics.median(taken["library"]), 2),
        round(paired_ratio(taken["ours"], taken["library"]), 3),
        0,
        2,
        "the store's part of a sign-in, and the loading of the XML libraries by the first one.",
    )


def _bombs() -> Figure:
    situation = a_situation()
    good = encoded(situation.signed(situation.facts(), "both"))
    fields = {name: ATTACKS[name].build(situation) for name in _BOMBS}
    asking = {name: _refused(situation, field) for name, field in fields.items()}
    taken = interleaved({"good": lambda: verified_in(situation, good), **asking}, 20)
    worst = max(_BOMBS, key=lambda name: statistics.median(taken[name]))
    return Figure(
        f"most expensive SAML bomb ({worst.removeprefix('bomb-')}) / valid response",
        round(statistics.median(taken[worst]), 2),
        round(statistics.median(taken["good"]), 2),
        round(paired_ratio(taken[worst], taken["good"]), 3),
        0,
        2,
        "bombs that aren't in the corpus. A response within the limits still costs by its size.",
    )


def _refused(situation: Situation, field: str) -> Callable[[], object]:
    def ask() -> object:
        with contextlib.suppress(SamlRefusedError):
            return verified_in(situation, field)
        return None

    return ask


def _library_alone(situation: Situation, field: str) -> None:
    """Verify as python3-saml's manual describes, with its strict settings."""
    address = urlsplit(situation.sp.acs_url)
    request = {
        "https": "on",
        "http_host": address.netloc,
        "script_name": address.path,
        "get_data": {},
        "post_data": {"SAMLResponse": field},
    }
    certificates = (situation.idp.certificate, situation.next_idp.certificate)
    auth = OneLogin_Saml2_Auth(
        request,
        {
            "strict": True,
            "sp": {
                "entityId": situation.sp.entity_id,
                "assertionConsumerService": {"url": situation.sp.acs_url},
                "privateKey": situation.hub.private_pem,
                "x509cert": situation.hub.certificate.pem,
            },
            "idp": {
                "entityId": situation.issuer,
                "singleSignOnService": {"url": "https://idp.test/sso"},
                "x509certMulti": {"signing": [each.pem for each in certificates]},
            },
            "security": {"wantAttributeStatement": False, "rejectDeprecatedAlgorithm": True},
        },
    )
    auth.process_response(situation.request_id)
    if not auth.is_authenticated():
        raise RuntimeError(auth.get_last_error_reason())
