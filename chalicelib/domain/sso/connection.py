"""An account's SSO: its connection, its domains, and its sign-ins in progress."""

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
# How long a user may take at their provider before they must start again.
REQUEST_LIVES = timedelta(minutes=10)
# A missing DNS record may be a mistake: the domain stays verified for this long.
LAPSE_AFTER = timedelta(days=3)
# How long before a certificate expires its account gets a mail, longest first.
CERTIFICATE_WARNINGS = (timedelta(days=30), timedelta(days=7), timedelta(days=1))


class SsoRequiredError(NotAllowedError):
    """Only a session of the account's own connection opens this account."""

    reason = "sso_required"
    message = "This account is opened through your company's sign-in."

    def __init__(self, sso_url: str) -> None:
        """Take where that sign-in begins."""
        super().__init__()
        self.sso_url = sso_url


class TooManyDomainsError(DomainError):
    """The account has as many domains as it may have."""

    reason = "too_many_domains"
    message = f"An account can have {DOMAINS_MAX} domains. Remove one that isn't used any more."


class NoPasswordLeftError(DomainError):
    """If the provider broke, none of the account's owners and admins could sign in."""

    reason = "no_password_left"
    message = (
        "Set a password for the owner or an admin first. If your identity provider breaks, that is"
        " the way back in."
    )


class RequestPurpose(StrEnum):
    """What a sign-in at the provider was started for."""

    SIGN_IN = "sign_in"
    PROOF = "proof"
    TEST = "test"


@dataclass(frozen=True)
class AccountSso:
    """What an account's row has of its SSO; `version` counts every change."""

    connection_id: str | None = None
    enforced: bool = False
    version: int = 0


@dataclass(frozen=True)
class SsoTest:
    """The result of the last test sign-in, for the admin who set up the connection."""

    at: datetime
    outcome: str
    claims: Mapping[str, str] = field(default_factory=dict)


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
        """Return our side of it."""
        return ServiceProvider.of(public_url, self.id)


@dataclass(frozen=True)
class AccountDomain:
    """A domain that an account added; it is in effect from `verified_at` on."""

    domain: str
    token: str
    created_at: datetime
    verified_at: datetime | None = None
    # Since when the DNS record has been missing.
    failing_since: datetime | None = None

    @property
    def is_verified(self) -> bool:
        """Check whether it was verified and its record hasn't been missing for too long."""
        return self.verified_at is not None

    @property
    def proof(self) -> DomainProof:
        """Return the DNS record that verifies it."""
        return DomainProof(self.domain, self.token)


@dataclass(frozen=True)
class SsoRequest:
    """A sign-in that a browser started here and continues at its provider (`E6`).

    `browser_digest` is of a secret that only that browser holds. `session_id` is the browser's
    session, which a sign-in replaces and a proof refreshes.
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
        """Return when the browser was sent to the provider."""
        return self.expires_at - REQUEST_LIVES


def connection_id_of(account_id: str) -> str:
    """Return the id of an account's connection, so that its URLs are known before it is set up."""
    return f"sso_{digest(f'connection of {account_id}')[:32]}"


@dataclass(frozen=True)
class SsoIdentity:
    """A user as a connection knows them: the NameID, in its format (`E8`).

    A text identifies a user in one format only: an emailAddress NameID can be another user's user
    name in another format.
    """

    key: str
    # The key before it contained the format.
    former_key: str

    @classmethod
    def of(cls, connection_id: str, assertion: VerifiedAssertion) -> SsoIdentity:
        """Return the identity of the user that an assertion is about."""
        provider = f"{connection_id}#{digest(assertion.issuer)}"
        subject = digest(assertion.subject)
        return cls(
            key=f"{provider}#{digest(assertion.name_id_format)}#{subject}",
            former_key=f"{provider}#{subject}",
        )


def is_carried_over(assertion: VerifiedAssertion, user_id: str, holder_id: str | None) -> bool:
    """Check whether an identity stored without a format is the one that an assertion names.

    `user_id` is the user of the stored one, `holder_id` the user with the asserted email. If both
    are the same, the email alone would link them too. Otherwise only a format in which users can't
    choose their text counts: an email that the provider issues and no user here has, or a
    persistent NameID that no other format could have stored. Any other is linked again, by its
    email.
    """
    if holder_id == user_id:
        return True
    if assertion.is_known_by_address:
        return holder_id is None
    return assertion.name_id_format == PERSISTENT_FORMAT and "@" not in assertion.name_id
