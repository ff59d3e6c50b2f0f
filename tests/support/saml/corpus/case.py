"""A case, and the situation that it is built for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.gateways.saml.names import SAML
from tests.support.saml.messages import Facts, encoded, honest, response
from tests.support.saml.signing import PLAIN, Style, sign

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from lxml.etree import _Element

    from chalicelib.domain.sso.assertion import Refusal
    from chalicelib.domain.sso.provider import ServiceProvider
    from tests.support.saml.keys import KeyPair

ASSERTION = f"{{{SAML}}}Assertion"


class Severity(StrEnum):
    """The damage if the case were accepted."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    HARDENING = "hardening"


@dataclass(frozen=True)
class Situation:
    """A connection with an open request, and everyone who might answer it.

    Mallory and the victim have accounts at the connection's own provider. The stranger's email is
    in a domain that another account has verified.
    """

    sp: ServiceProvider
    request_id: str
    # Another account's connection, and another user's request on this one.
    other_sp: ServiceProvider
    other_request_id: str
    issuer: str
    idp: KeyPair
    next_idp: KeyPair
    attacker: KeyPair
    hub: KeyPair
    now: datetime
    mallory: str = "mallory@acme.test"
    victim: str = "victim@acme.test"
    stranger: str = "boss@other.test"
    email_attribute: str = "mail"

    def facts(self, name_id: str | None = None) -> Facts:
        """Return what an honest provider says about a user, by default Mallory."""
        return honest(self.issuer, self.sp, self.request_id, name_id or self.mallory, self.now)

    def signed(self, facts: Facts, mode: str = "assertion", style: Style = PLAIN) -> _Element:
        """Write a response that the provider signs: its assertion, the response, or both."""
        return signed(facts, self.idp, mode, style)


@dataclass(frozen=True)
class Case:
    """A response and its expected result.

    `build` returns the form field. `refusal` is the reason that the audit log must show; None for
    an attack that only fails at an account's rules, and for valid responses.
    """

    name: str
    build: Callable[[Situation], str]
    severity: Severity | None = None
    source: str = ""
    refusal: Refusal | None = None
    # The user whom a valid response signs in; by default Mallory.
    email: str | None = None

    def __str__(self) -> str:
        """Return its name, which a failing test shows."""
        return self.name


ATTACKS: dict[str, Case] = {}
BENIGN: dict[str, Case] = {}

Builder = "Callable[[Situation], str | bytes | _Element]"


def attack(
    severity: Severity, source: str, refusal: Refusal | None
) -> Callable[[Callable[[Situation], object]], Callable[[Situation], object]]:
    """Register the builder of an attack under its own name."""

    def register(build: Callable[[Situation], object]) -> Callable[[Situation], object]:
        add_attack(_name(build), build, severity, source, refusal)
        return build

    return register


def add_attack(
    name: str,
    build: Callable[[Situation], object],
    severity: Severity,
    source: str,
    refusal: Refusal | None,
) -> None:
    """Register one attack of a family."""
    assert name not in ATTACKS, name
    ATTACKS[name] = Case(name, _field(build), severity, source, refusal)


def benign(
    email: str | None = None,
) -> Callable[[Callable[[Situation], object]], Callable[[Situation], object]]:
    """Register the builder of a response that must be accepted."""

    def register(build: Callable[[Situation], object]) -> Callable[[Situation], object]:
        add_benign(_name(build), build, email)
        return build

    return register


def add_benign(name: str, build: Callable[[Situation], object], email: str | None = None) -> None:
    """Register one valid response of a family."""
    assert name not in BENIGN, name
    BENIGN[name] = Case(name, _field(build), email=email)


def signed(facts: Facts, pair: KeyPair, mode: str = "assertion", style: Style = PLAIN) -> _Element:
    """Write a response and sign its assertion, the response, or both."""
    document = response(facts)
    if mode in ("assertion", "both"):
        sign(assertion_of(document), pair, style)
    if mode in ("response", "both"):
        sign(document, pair, style)
    return document


def assertion_of(document: _Element) -> _Element:
    """Return the first assertion."""
    found = document.find(ASSERTION)
    assert found is not None
    return found


def _name(build: Callable[[Situation], object]) -> str:
    return build.__name__.strip("_").replace("_", "-")


def _field(build: Callable[[Situation], object]) -> Callable[[Situation], str]:
    """Encode what a builder returns, unless it is encoded already."""

    def encode(situation: Situation) -> str:
        built = build(situation)
        return built if isinstance(built, str) else encoded(built)  # type: ignore[arg-type]

    return encode
