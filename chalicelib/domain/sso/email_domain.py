"""Email domains that an account verifies: which are possible, and how it is done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from chalicelib.domain.errors import DomainError, InvalidValueError
from chalicelib.domain.tokens import random_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from publicsuffixlist import PublicSuffixList

    from chalicelib.domain.email_address import EmailAddress

_RECORD_PREFIX = "_terminus-hub."
_VALUE_PREFIX = "thub-domain-verification="
_LONGEST = 253 - len(_RECORD_PREFIX)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
# 155 bits. A guess wouldn't help a stranger, who can't write to the domain's DNS, but nothing
# relies on that.
_TOKEN_LENGTH = 30
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\Z")


class InvalidEmailDomainError(InvalidValueError):
    """The text is no domain that an account could verify."""

    reason = "invalid_domain"
    message = "Enter a domain, such as example.com."


class PublicDomainError(InvalidValueError):
    """Anyone can have an email there, so no account may claim it."""

    reason = "public_domain"
    message = "This domain is open to everybody, so no account can claim it."


class DomainUnprovenError(DomainError):
    """The DNS record is missing or has another value."""

    reason = "domain_unproven"
    message = "The TXT record wasn't found. DNS changes can take a while; try again later."


@dataclass(frozen=True)
class DomainProof:
    """The TXT record that shows that an account controls a domain's DNS (`E9`)."""

    domain: str
    token: str

    @classmethod
    def ask_for(cls, domain: str) -> DomainProof:
        """Make a new record for the account to publish."""
        return cls(domain, random_text(_ALPHABET, _TOKEN_LENGTH))

    @property
    def txt_name(self) -> str:
        """Return the record's name."""
        return f"{_RECORD_PREFIX}{self.domain}"

    @property
    def txt_value(self) -> str:
        """Return the record's value."""
        return f"{_VALUE_PREFIX}{self.token}"

    def check(self, texts: Iterable[str]) -> None:
        """Check that the record is among those found; raises DomainUnprovenError."""
        if self.txt_value not in (text.strip() for text in texts):
            raise DomainUnprovenError


def parse_domain(text: str, param: str = "domain") -> str:
    """Normalise a domain to the form that we compare: lower-case ASCII, IDNA.

    Raises InvalidEmailDomainError, or PublicDomainError for public suffixes and mail providers.
    """
    import idna

    given = text.strip().lower().removesuffix(".")
    if not given or len(given) > _LONGEST:
        raise InvalidEmailDomainError(param=param)
    try:
        domain = given if given.isascii() else idna.encode(given, uts46=True).decode("ascii")
        # A label that looks like IDNA must be valid IDNA.
        idna.decode(domain)
    except (idna.IDNAError, UnicodeError) as error:
        raise InvalidEmailDomainError(param=param) from error
    if len(domain) > _LONGEST or not _DOMAIN.match(domain):
        raise InvalidEmailDomainError(param=param)
    registrable = _suffixes().privatesuffix(domain)
    if registrable is None or public_mail_domains() & {domain, registrable}:
        raise PublicDomainError(param=param)
    return domain


def is_in_domains(email: EmailAddress, domains: Collection[str]) -> bool:
    """Check whether an email is in one of these domains, and not in a subdomain (`E9`)."""
    return email.domain in domains


def is_top_level(label: str) -> bool:
    """Check whether domains can end with this label, in letters of any script."""
    try:
        ascii_label = label.encode("idna").decode("ascii")
    except UnicodeError:
        return False
    # With a name before it, because of rules such as `*.ck`.
    suffix = _suffixes().publicsuffix(f"a.a.{ascii_label.lower()}", accept_unknown=False)
    return suffix is not None


@cache
def public_mail_domains() -> frozenset[str]:
    """Return the domains of public mail providers, internet providers and throw-away inboxes."""
    listed = resources.files("chalicelib.domain.sso").joinpath("public_mail_domains.txt")
    return frozenset(listed.read_text("ascii").split())


@cache
def _suffixes() -> PublicSuffixList:
    # Imported here: reading the list takes 30 ms, which only a new domain should cost.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
