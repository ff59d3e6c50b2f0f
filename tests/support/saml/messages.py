"""Responses as an identity provider writes them, with every value changeable."""

from __future__ import annotations

import secrets
from base64 import b64encode
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from chalicelib.domain.sso.assertion import EMAIL_FORMAT
from chalicelib.gateways.saml.names import BEARER, SAML, SAMLP, SUCCESS

if TYPE_CHECKING:
    from lxml.etree import _Element

    from chalicelib.domain.sso.provider import ServiceProvider

Element = etree._Element  # noqa: SLF001 - lxml gives its class no public name
BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
URI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
_PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


class Markup(str):
    """Text that is inserted into a response as it is."""

    __slots__ = ()


@dataclass(frozen=True)
class Attribute:
    """An attribute of a user."""

    name: str
    values: tuple[str, ...]
    name_format: str = BASIC


@dataclass(frozen=True)
class Confirmation:
    """A SubjectConfirmation; None leaves an attribute out."""

    in_response_to: str | None
    recipient: str | None
    not_on_or_after: str | None
    method: str = BEARER
    not_before: str | None = None


@dataclass(frozen=True)
class Facts:
    """The values of a response; None leaves one out."""

    issuer: str
    in_response_to: str | None
    destination: str | None
    audiences: tuple[tuple[str, ...], ...]
    confirmations: tuple[Confirmation, ...]
    name_id: str | None
    issued_at: str
    not_before: str | None
    not_on_or_after: str | None
    response_issuer: str | None = None
    name_id_format: str | None = EMAIL_FORMAT
    name_qualifiers: str = ""
    session_not_on_or_after: str | None = None
    # When the user signed in there; also when the assertion was issued, unless set.
    authenticated_at: str | None = None
    status: str = SUCCESS
    version: str = "2.0"
    attributes: tuple[Attribute, ...] = ()
    has_conditions: bool = True
    has_statement: bool = True
    response_id: str = field(default_factory=lambda: f"_{secrets.token_hex(16)}")
    assertion_id: str = field(default_factory=lambda: f"_{secrets.token_hex(16)}")
    prefixes: tuple[str, str] = ("samlp", "saml")
    # The text between two elements.
    gap: str = ""

    def but(self, **changes: object) -> Facts:
        """Return a copy with other values."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def confirmed(self, **changes: object) -> Facts:
        """Return a copy with another first confirmation."""
        first, *rest = self.confirmations
        return replace(self, confirmations=(replace(first, **changes), *rest))  # type: ignore[arg-type]


def honest(issuer: str, sp: ServiceProvider, request_id: str, name_id: str, now: datetime) -> Facts:
    """Return what an honest identity provider says in answer to a request."""
    end = at(now, minutes=5)
    return Facts(
        issuer=issuer,
        response_issuer=issuer,
        in_response_to=request_id,
        destination=sp.acs_url,
        audiences=((sp.entity_id,),),
        confirmations=(Confirmation(request_id, sp.acs_url, end),),
        name_id=name_id,
        issued_at=at(now),
        not_before=at(now, minutes=-1),
        not_on_or_after=end,
    )


def at(now: datetime, **offset: float) -> str:
    """Write a time at an offset from now."""
    return (now.astimezone(UTC) + timedelta(**offset)).strftime("%Y-%m-%dT%H:%M:%SZ")


def response(facts: Facts) -> _Element:
    """Write an unsigned response."""
    return etree.fromstring(response_xml(facts).encode())


def encoded(document: _Element | bytes) -> str:
    """Encode a response as the form field holds it."""
    xml = document if isinstance(document, bytes) else etree.tostring(document)
    return b64encode(xml).decode("ascii")


def response_xml(facts: Facts) -> str:
    p, a = facts.prefixes
    issuer = _element(f"{a}:Issuer", facts.response_issuer)
    parts = (
        f"<{p}:Response{_names(facts)}"
        + _attributes(
            ID=facts.response_id,
            Version=facts.version,
            IssueInstant=facts.issued_at,
            Destination=facts.destination,
            InResponseTo=facts.in_response_to,
        )
        + ">",
        issuer,
        f"<{p}:Status><{p}:StatusCode Value={quoteattr(facts.status)}/></{p}:Status>",
        assertion_xml(facts),
        f"</{p}:Response>",
    )
    return facts.gap.join(part for part in parts if part)


def assertion_xml(facts: Facts) -> str:
    a = facts.prefixes[1]
    statement = (
        f"<{a}:AuthnStatement"
        + _attributes(
            AuthnInstant=facts.authenticated_at or facts.issued_at,
            SessionIndex="_s1",
            SessionNotOnOrAfter=facts.session_not_on_or_after,
        )
        + f"><{a}:AuthnContext><{a}:AuthnContextClassRef>{_PASSWORD}</{a}:AuthnContextClassRef>"
        f"</{a}:AuthnContext></{a}:AuthnStatement>"
    )
    parts = (
        f"<{a}:Assertion{_names(facts)}"
        + _attributes(ID=facts.assertion_id, Version="2.0", IssueInstant=facts.issued_at)
        + ">",
        _element(f"{a}:Issuer", facts.issuer),
        _subject(facts),
        _conditions(facts) if facts.has_conditions else "",
        statement if facts.has_statement else "",
        _attribute_statement(facts),
        f"</{a}:Assertion>",
    )
    return facts.gap.join(part for part in parts if part)


def _names(facts: Facts) -> str:
    p, a = facts.prefixes
    return f' xmlns:{p}="{SAMLP}" xmlns:{a}="{SAML}"'


def _subject(facts: Facts) -> str:
    a = facts.prefixes[1]
    name_id = ""
    if facts.name_id is not None:
        named = _attributes(Format=facts.name_id_format) + facts.name_qualifiers
        name_id = f"<{a}:NameID{named}>{_text(facts.name_id)}</{a}:NameID>"
    confirmations = "".join(
        f"<{a}:SubjectConfirmation Method={quoteattr(c.method)}><{a}:SubjectConfirmationData"
        + _attributes(
            InResponseTo=c.in_response_to,
            Recipient=c.recipient,
            NotBefore=c.not_before,
            NotOnOrAfter=c.not_on_or_after,
        )
        + f"/></{a}:SubjectConfirmation>"
        for c in facts.confirmations
    )
    return f"<{a}:Subject>{name_id}{confirmations}</{a}:Subject>"


def _conditions(facts: Facts) -> str:
    a = facts.prefixes[1]
    restrictions = "".join(
        f"<{a}:AudienceRestriction>"
        + "".join(_element(f"{a}:Audience", audience) for audience in restriction)
        + f"</{a}:AudienceRestriction>"
        for restriction in facts.audiences
    )
    times = _attributes(NotBefore=facts.not_before, NotOnOrAfter=facts.not_on_or_after)
    return f"<{a}:Conditions{times}>{restrictions}</{a}:Conditions>"


def _attribute_statement(facts: Facts) -> str:
    a = facts.prefixes[1]
    attributes = "".join(
        f"<{a}:Attribute{_attributes(Name=each.name, NameFormat=each.name_format)}>"
        + "".join(_element(f"{a}:AttributeValue", value) for value in each.values)
        + f"</{a}:Attribute>"
        for each in facts.attributes
    )
    return f"<{a}:AttributeStatement>{attributes}</{a}:AttributeStatement>" if attributes else ""


def _element(name: str, text: str | None) -> str:
    return "" if text is None else f"<{name}>{_text(text)}</{name}>"


def _text(text: str) -> str:
    return text if isinstance(text, Markup) else escape(text)


def _attributes(**values: str | None) -> str:
    return "".join(f" {k}={quoteattr(v)}" for k, v in values.items() if v is not None)
