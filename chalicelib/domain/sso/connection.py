"""An account's single sign-on: its connection, its domains, and the sign-ins under way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.domain.errors import DomainError, NotAllowedError
from chalicelib.domain.sso.assertion import PERSISTENT_FORMAT
from chalicelib.domain.sso.email_domain import DomainProof
from chalicelib.domain.sso.provider import ServiceProvider
from chalicelib.domain.tokens import digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from chalicelib.domain.roles import Role
    from chalicelib.domain.sso.assertion import VerifiedAssertion
    from chalicelib.domain.sso.provider import IdentityProvider

DOMAINS_MAX = 20
# How long a person may take at their provider; then they start again.
REQUEST_LIVES = timedelta(minutes=10)
# A proof that has gone missing may be a mistake at the DNS: so long it still counts.
LAPSE_AFTER = timedelta(days=3)
# How long before a certificate's end its account is told, longest first.
CERTIFICATE_WARNINGS = (timedelta(days=30), timedelta(days=7), timedelta(days=1))


class SsoRequiredError(NotAllowedError):
    """The account is opened by a session of its own connection alone."""

    reason = "sso_required"
    message = "This account is opened through your company's sign-in."

    def __init__(self, sso_url: str) -> None:
        """Say where that begins."""
        super().__init__()
        self.sso_url = sso_url


class TooManyDomainsError(DomainError):
    """The account has all the domains that it may have."""

    reason = "too_many_domains"
    message = f"An account can have {DOMAINS_MAX} domains. Remove one that isn't used any more."


class NoPasswordLeftError(DomainError):
    """Nobody who manages the account could get in if the provider broke."""

    reason = "no_password_left"
    message = (
        "Set a password for the owner or an admin first. If your identity provider breaks, that is"
        " the way back in."
    )


class RequestPurpose(StrEnum):
    """What a sign-in at the provider was begun for, and nothing else."""

    SIGN_IN = "sign_in"
    PROOF = "proof"
    TEST = "test"


@dataclass(frozen=True)
class AccountSso:
    """What an account's row says of its single sign-on; `version` counts every change to it."""

    connection_id: str | None = None
    enforced: bool = False
    version: int = 0


@dataclass(frozen=True)
class SsoTest:
    """What came back from the last tried sign-in, for who set the connection up."""

    at: datetime
    outcome: str
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SsoConnection:
    """An account's link to its identity provider."""

    id: str
    account_id: str
    identity_provider: IdentityProvider
    default_role: Role
    enforced: bool
    created_at: datetime
    last_test: SsoTest | None = None

    def service_provider(self, public_url: str) -> ServiceProvider:
        """Return our end of it."""
        return ServiceProvider.of(public_url, self.id)


@dataclass(frozen=True)
class AccountDomain:
    """A domain that an account says it owns; it counts from `verified_at` on."""

    domain: str
    token: str
    created_at: datetime
    verified_at: datetime | None = None
    # Since when the record has been missing from the DNS.
    failing_since: datetime | None = None

    @property
    def is_verified(self) -> bool:
        """Whether its proof was seen and hasn't lapsed."""
        return self.verified_at is not None

    @property
    def proof(self) -> DomainProof:
        """The record that has to stand in the DNS."""
        return DomainProof(self.domain, self.token)


@dataclass(frozen=True)
class SsoRequest:
    """A sign-in that a browser began here and takes to its provider (`E6`).

    `browser_digest` is of a secret that only that browser holds; `session_id` is the session that
    it brought, which a sign-in ends and a proof makes fresh.
    """

    id: str
    connection_id: str
    account_id: str
    purpose: RequestPurpose
    browser_digest: str
    onward: str
    expires_at: datetime
    session_id: str | None = None
    user_id: str | None = None

    @property
    def begun_at(self) -> datetime:
        """When the browser was sent to the provider."""
        return self.expires_at - REQUEST_LIVES


def connection_id_of(account_id: str) -> str:
    """Name an account's connection, so that its addresses are known before it is set up."""
    return f"sso_{digest(f'connection of {account_id}')[:32]}"


@dataclass(frozen=True)
class SsoIdentity:
    """A person as a provider of a connection knows them: the NameID, in its format (`E8`).

    One text means one person in one format only: the address that is a NameID of the format
    emailAddress may be somebody else's user name elsewhere.
    """

    key: str
    # Where it was kept before the format belonged to it.
    former_key: str

    @classmethod
    def of(cls, connection_id: str, assertion: VerifiedAssertion) -> SsoIdentity:
        """Name whom an assertion is about."""
        provider = f"{connection_id}#{digest(assertion.issuer)}"
        subject = digest(assertion.subject)
        return cls(
            key=f"{provider}#{digest(assertion.name_id_format)}#{subject}",
            former_key=f"{provider}#{subject}",
        )


def is_carried_over(assertion: VerifiedAssertion, user_id: str, holder_id: str | None) -> bool:
    """Whether an identity that was kept without its format is the one that an assertion names.

    `user_id` is whom the kept one means, `holder_id` who has the asserted address. Where both are
    one, the address alone would link them too. Otherwise only a format whose texts nobody chooses
    for themselves: an address that the provider gives and nobody has here, or a persistent NameID
    that no other format could have left there. Any other is linked anew, by its address.
    """
    if holder_id == user_id:
        return True
    if assertion.is_known_by_address:
        return holder_id is None
    return assertion.name_id_format == PERSISTENT_FORMAT and "@" not in assertion.name_id
