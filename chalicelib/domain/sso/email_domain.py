"""Email domains that an account proves: what may be one, how it is proved, and who is in it."""

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
# 155 bits: a stranger who could guess it could plant it nowhere, but nobody has to rely on that.
_TOKEN_LENGTH = 30
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\Z")


class InvalidEmailDomainError(InvalidValueError):
    """The text is no domain that an account could prove."""

    reason = "invalid_domain"
    message = "Enter a domain, such as example.com."


class PublicDomainError(InvalidValueError):
    """Everybody can have an address there, so nobody may claim it."""

    reason = "public_domain"
    message = "This domain is open to everybody, so no account can claim it."


class DomainUnprovenError(DomainError):
    """The record isn't there, or not the one that we asked for."""

    reason = "domain_unproven"
    message = "The TXT record wasn't found. DNS changes can take a while; try again later."


@dataclass(frozen=True)
class DomainProof:
    """The TXT record that shows that an account's people run a domain's DNS (`E9`)."""

    domain: str
    token: str

    @classmethod
    def ask_for(cls, domain: str) -> DomainProof:
        """Ask for a record that nobody has published yet."""
        return cls(domain, random_text(_ALPHABET, _TOKEN_LENGTH))

    @property
    def txt_name(self) -> str:
        """Where the record has to stand."""
        return f"{_RECORD_PREFIX}{self.domain}"

    @property
    def txt_value(self) -> str:
        """What it has to say."""
        return f"{_VALUE_PREFIX}{self.token}"

    def check(self, texts: Iterable[str]) -> None:
        """Look for it among the records found there; raises DomainUnprovenError."""
        if self.txt_value not in (text.strip() for text in texts):
            raise DomainUnprovenError


def parse_domain(text: str, param: str = "domain") -> str:
    """Bring a domain into the one form that we compare: lower-case ASCII, IDNA.

    Raises InvalidEmailDomainError, or PublicDomainError for public suffixes and mail providers.
    """
    import idna

    given = text.strip().lower().removesuffix(".")
    if not given or len(given) > _LONGEST:
        raise InvalidEmailDomainError(param=param)
    try:
        domain = given if given.isascii() else idna.encode(given, uts46=True).decode("ascii")
        # What claims to be IDNA has to be it: a label that decodes to nothing proves nothing.
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
    """Whether an address is in one of these domains: exactly in it, not in one under it (`E9`)."""
    return email.domain in domains


def is_top_level(label: str) -> bool:
    """Tell whether domains can end with this label, in letters of any script."""
    try:
        ascii_label = label.encode("idna").decode("ascii")
    except UnicodeError:
        return False
    # With a name before it, because of rules such as `*.ck`.
    suffix = _suffixes().publicsuffix(f"a.a.{ascii_label.lower()}", accept_unknown=False)
    return suffix is not None


@cache
def public_mail_domains() -> frozenset[str]:
    """Give the mail providers, internet providers and throw-away inboxes that are open to all."""
    listed = resources.files("chalicelib.domain.sso").joinpath("public_mail_domains.txt")
    return frozenset(listed.read_text("ascii").split())


@cache
def _suffixes() -> PublicSuffixList:
    # Imported here: reading the list takes 30 ms, which only a new domain should cost.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
