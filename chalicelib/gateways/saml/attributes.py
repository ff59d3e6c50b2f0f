"""The attributes of an assertion; a name that occurs twice is ignored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.names import parse_name
from chalicelib.gateways.saml.names import SAML

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml.etree import _Element

_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
# How identity providers name a user's full name, and its two parts.
_WHOLE = (
    "displayName",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "cn",
    "urn:oid:2.5.4.3",
)
_PARTS = (
    ("givenName", "sn"),
    ("urn:oid:2.5.4.42", "urn:oid:2.5.4.4"),
    (f"{_CLAIMS}/givenname", f"{_CLAIMS}/surname"),
    ("firstName", "lastName"),
    ("User.FirstName", "User.LastName"),
)


@dataclass(frozen=True)
class Attributes:
    """The values of each attribute, by its exact name."""

    values: Mapping[str, tuple[str | None, ...]]

    @classmethod
    def of(cls, assertion: _Element) -> Attributes:
        """Read the attributes of an assertion."""
        values: dict[str, tuple[str | None, ...]] = {}
        for attribute in assertion.iterfind(f"{{{SAML}}}AttributeStatement/{{{SAML}}}Attribute"):
            name = attribute.get("Name") or ""
            texts = map(_text, attribute.findall(f"{{{SAML}}}AttributeValue"))
            values[name] = (*values.get(name, ()), *texts)
        return cls(values)

    def one(self, name: str) -> str | None:
        """Return the value of an attribute that has exactly one, otherwise None."""
        texts = self.values.get(name, ())
        return texts[0] if len(texts) == 1 else None

    def display_name(self) -> str | None:
        """Return the user's name, if it meets our own rules for names."""
        whole = (self.one(name) for name in _WHOLE)
        parts = ((self.one(given), self.one(family)) for given, family in _PARTS)
        joined = (f"{given} {family}" for given, family in parts if given and family)
        for text in (*whole, *joined):
            try:
                if text:
                    return parse_name(text, "name")
            except InvalidValueError:
                continue
        return None


def _text(value: _Element) -> str | None:
    """Return the stripped text of a value that contains nothing else."""
    return (value.text or "").strip(" \t\r\n") if len(value) == 0 else None
