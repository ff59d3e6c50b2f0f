"""Compares a signed assertion with the sign-in that it must answer.

The library accepts much of this when it is missing or only similar: audience, recipient,
destination, InResponseTo, expiry. Here each is required and must be exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib.domain.email_address import InvalidEmailError
from chalicelib.domain.sso.assertion import (
    CLOCK_SKEW,
    EMAIL_FORMAT,
    LIFETIME_MAX,
    UNSPECIFIED_FORMAT,
    Refusal,
    SamlRefusedError,
    asserted_email,
)
from chalicelib.gateways.saml.attributes import Attributes
from chalicelib.gateways.saml.names import BEARER, DS, SAML, SAMLP, SUCCESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.sso.provider import IdentityProvider, ServiceProvider

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z\Z")
_NAME_ID_MAX = 256


@dataclass(frozen=True)
class Expected:
    """What the assertion must match: its issuer, its audience, its request, and the time.

    A `request_id` of None is for a response without a request: it must name no request, and what
    it proves signs nobody in.
    """

    identity_provider: IdentityProvider
    service_provider: ServiceProvider
    request_id: str | None
    now: datetime


@dataclass(frozen=True)
class Times:
    """When the user of an accepted assertion signed in, and when the assertion and session end."""

    authenticated_at: datetime
    session_ends_at: datetime | None
    remember_until: datetime


@dataclass(frozen=True)
class AssertedUser:
    """The user that an accepted assertion is about."""

    name_id: str
    name_id_format: str
    email: EmailAddress
    display_name: str | None


def check_response(response: _Element, expected: Expected) -> None:
    """Check the response around the assertion; raises SamlRefusedError."""
    codes = response.findall(f"{{{SAMLP}}}Status/{{{SAMLP}}}StatusCode")
    _demand([code.get("Value") for code in codes] == [SUCCESS], Refusal.STATUS)
    _demand(response.get("InResponseTo") == expected.request_id, Refusal.IN_RESPONSE_TO)
    destination = response.get("Destination")
    signed = response.find(f"{{{DS}}}Signature") is not None
    optional = destination is None and not signed
    acs_url = expected.service_provider.acs_url
    _demand(optional or destination == acs_url, Refusal.DESTINATION)
    issuers = [_text(issuer) for issuer in response.findall(f"{{{SAML}}}Issuer")]
    _demand(issuers in ([], [expected.identity_provider.entity_id]), Refusal.ISSUER)


def check_assertion(assertion: _Element, expected: Expected) -> Times:
    """Check audience, request and validity of the assertion; raises SamlRefusedError."""
    issuers = [_text(issuer) for issuer in assertion.findall(f"{{{SAML}}}Issuer")]
    _demand(issuers == [expected.identity_provider.entity_id], Refusal.ISSUER)
    issued_at = _time(assertion, "IssueInstant", Refusal.SHAPE)
    _demand(issued_at <= expected.now + CLOCK_SKEW, Refusal.TOO_EARLY)
    confirmed_until = _check_confirmation(assertion, expected)
    valid_until = _check_conditions(assertion, expected)
    last = max(confirmed_until, valid_until)
    _demand(last <= max(issued_at, expected.now - CLOCK_SKEW) + LIFETIME_MAX, Refusal.LIFETIME)
    authenticated_at, session_ends_at = _read_statement(assertion, expected.now)
    return Times(authenticated_at, session_ends_at, last + 2 * CLOCK_SKEW)


def read_person(assertion: _Element, expected: Expected) -> AssertedUser:
    """Read the user: from the NameID, or from the one attribute that is set for the email."""
    subject = _only(assertion, "Subject", Refusal.NAME_ID)
    name_id = _only(subject, "NameID", Refusal.NAME_ID)
    text = _text(name_id) or ""
    _demand(0 < len(text) <= _NAME_ID_MAX and text.isprintable(), Refusal.NAME_ID)
    qualifier = name_id.get("SPNameQualifier")
    _demand(qualifier in (None, expected.service_provider.entity_id), Refusal.NAME_ID)
    name_format = name_id.get("Format") or UNSPECIFIED_FORMAT
    attributes = Attributes.of(assertion)
    address: str | None = text
    if name_format != EMAIL_FORMAT:
        named = expected.identity_provider.email_attribute
        address = attributes.one(named) if named else None
    if not address:
        raise SamlRefusedError(Refusal.EMAIL_MISSING)
    try:
        email = asserted_email(address)
    except InvalidEmailError as error:
        raise SamlRefusedError(Refusal.EMAIL_FORM) from error
    return AssertedUser(text, name_format, email, attributes.display_name())


def _check_confirmation(assertion: _Element, expected: Expected) -> datetime:
    """Find a bearer confirmation that matches in every point; returns when it expires."""
    subject = _only(assertion, "Subject", Refusal.SUBJECT_CONFIRMATION)
    refusal = SamlRefusedError(Refusal.SUBJECT_CONFIRMATION)
    for data in _bearer_data(subject):
        try:
            return _confirmed_until(data, expected)
        except SamlRefusedError as error:
            refusal = error
    raise refusal


def _bearer_data(subject: _Element) -> Iterator[_Element]:
    for confirmation in subject.findall(f"{{{SAML}}}SubjectConfirmation"):
        if confirmation.get("Method") == BEARER:
            yield from confirmation.findall(f"{{{SAML}}}SubjectConfirmationData")


def _confirmed_until(data: _Element, expected: Expected) -> datetime:
    acs_url = expected.service_provider.acs_url
    _demand(data.get("InResponseTo") == expected.request_id, Refusal.IN_RESPONSE_TO)
    _demand(data.get("Recipient") == acs_url, Refusal.RECIPIENT)
    return _check_window(data, expected.now, Refusal.SUBJECT_CONFIRMATION)


def _check_conditions(assertion: _Element, expected: Expected) -> datetime:
    conditions = _only(assertion, "Conditions", Refusal.AUDIENCE)
    restrictions = conditions.findall(f"{{{SAML}}}AudienceRestriction")
    ours = expected.service_provider.entity_id
    # All restrictions must hold; the audiences within one are alternatives.
    named = [
        ours in [_text(audience) for audience in restriction.findall(f"{{{SAML}}}Audience")]
        for restriction in restrictions
    ]
    _demand(bool(named) and all(named), Refusal.AUDIENCE)
    return _check_window(conditions, expected.now, Refusal.LIFETIME)


def _check_window(element: _Element, now: datetime, missing: Refusal) -> datetime:
    if element.get("NotBefore") is not None:
        not_before = _time(element, "NotBefore", missing)
        _demand(not_before <= now + CLOCK_SKEW, Refusal.TOO_EARLY)
    end = _time(element, "NotOnOrAfter", missing)
    _demand(now < end + CLOCK_SKEW, Refusal.EXPIRED)
    return end


def _read_statement(assertion: _Element, now: datetime) -> tuple[datetime, datetime | None]:
    statement = _only(assertion, "AuthnStatement", Refusal.SHAPE)
    authenticated_at = _time(statement, "AuthnInstant", Refusal.SHAPE)
    _demand(authenticated_at <= now + CLOCK_SKEW, Refusal.TOO_EARLY)
    if statement.get("SessionNotOnOrAfter") is None:
        return authenticated_at, None
    session_ends_at = _time(statement, "SessionNotOnOrAfter", Refusal.SHAPE)
    _demand(now < session_ends_at, Refusal.EXPIRED)
    return authenticated_at, session_ends_at


def _time(element: _Element, attribute: str, refusal: Refusal) -> datetime:
    """Read a time in UTC, the only zone that SAML allows; fractions of a second are ignored."""
    written = _TIME.match(element.get(attribute) or "")
    try:
        if written:
            return datetime.fromisoformat(written[1]).replace(tzinfo=UTC)
    except ValueError:
        pass
    raise SamlRefusedError(refusal)


def _only(parent: _Element, name: str, refusal: Refusal) -> _Element:
    found = parent.findall(f"{{{SAML}}}{name}")
    if len(found) != 1:
        raise SamlRefusedError(refusal)
    return found[0]


def _text(element: _Element) -> str | None:
    """Return the whole text of an element that contains nothing else."""
    return element.text if len(element) == 0 else None


def _demand(holds: bool, refusal: Refusal) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise SamlRefusedError(refusal)
