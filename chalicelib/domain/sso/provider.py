"""How the users of a domain sign in, and the two sides of a SAML connection."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.sso.certificate import Certificate

if TYPE_CHECKING:
    from collections.abc import Sequence

# Two, so that a provider's new certificate can be stored before it is used (`E13`).
CERTIFICATES_MAX = 2

_LONGEST = 1_024
_VISIBLE_ASCII = re.compile(r"[!-~]+\Z")
# Characters that would end an attribute or a header if code downstream forgot to escape.
_NEVER_IN_URLS = frozenset("\"'<>\\^`{|}")
_LOCAL_HOSTS = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(frozen=True)
class DomainSso:
    """A verified domain's SSO: the connection, its account, and whether it is enforced."""

    domain: str
    account_id: str
    connection_id: str
    enforced: bool


@dataclass(frozen=True)
class IdentityProvider:
    """The provider's side of a connection: all that we take from its metadata.

    `email_attribute` names the attribute that holds the email, if the NameID doesn't.
    """

    entity_id: str
    sso_url: str
    certificates: tuple[Certificate, ...]
    email_attribute: str | None = None
    # How many valid signing certificates of its metadata were left out; shown once, not stored.
    left_out: int = field(default=0, compare=False)

    @classmethod
    def parse(
        cls,
        entity_id: str,
        sso_url: str,
        certificates: Sequence[str],
        email_attribute: str | None = None,
    ) -> IdentityProvider:
        """Check what was typed or read from metadata; raises InvalidValueError with its `param`."""
        return cls(
            _entity_id(entity_id),
            parse_sso_url(sso_url),
            _certificates(certificates),
            _attribute_name(email_attribute),
        )

    def reading(self, email_attribute: str) -> IdentityProvider:
        """Return it with the email in another attribute, or in the NameID if the name is empty."""
        return replace(self, email_attribute=_attribute_name(email_attribute or None))


@dataclass(frozen=True)
class ServiceProvider:
    """Our side of a connection; its URLs come from the configured public URL alone (`C6`)."""

    entity_id: str
    acs_url: str

    @classmethod
    def of(cls, public_url: str, connection_id: str) -> ServiceProvider:
        """Return our side of a connection; its entity id is the URL of its metadata."""
        base = f"{public_url}/sso/{connection_id}"
        return cls(f"{base}/metadata", f"{base}/acs")


def parse_sso_url(text: str, param: str = "idp_sso_url") -> str:
    """Check a URL to which we send browsers: https, or http on this machine."""
    refusal = InvalidValueError(
        "Enter the https address of the identity provider's sign-in page.", param=param
    )
    url = text.strip()
    if len(url) > _LONGEST or not _VISIBLE_ASCII.match(url) or _NEVER_IN_URLS & set(url):
        raise refusal
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise refusal from error
    plain = parts.scheme == "http" and host in _LOCAL_HOSTS
    if not host or "@" in parts.netloc or "#" in url or not (parts.scheme == "https" or plain):
        raise refusal
    return url


def _entity_id(text: str) -> str:
    entity_id = text.strip()
    if len(entity_id) > _LONGEST or not _VISIBLE_ASCII.match(entity_id):
        message = f"Enter the identity provider's entity id, at most {_LONGEST:,} characters."
        raise InvalidValueError(message, param="idp_entity_id")
    return entity_id


def _certificates(texts: Sequence[str]) -> tuple[Certificate, ...]:
    if len(texts) > CERTIFICATES_MAX:
        message = f"Give at most {CERTIFICATES_MAX} signing certificates."
        raise InvalidValueError(message, param="idp_certificates")
    # Metadata often lists the same certificate twice.
    found = tuple({c.der: c for c in map(Certificate.parse, texts)}.values())
    if not found:
        raise InvalidValueError("Give a signing certificate.", param="idp_certificates")
    return found


def _attribute_name(text: str | None) -> str | None:
    name = (text or "").strip()
    if len(name) > _LONGEST or not name.isprintable():
        message = f"Enter the attribute's name, at most {_LONGEST:,} characters."
        raise InvalidValueError(message, param="email_attribute")
    return name or None
