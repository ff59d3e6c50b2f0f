"""SAML responses: what one claims, what a verified one proves, and why one is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from chalicelib.domain.email_address import EmailAddress, InvalidEmailError
from chalicelib.domain.errors import DomainError

if TYPE_CHECKING:
    from datetime import datetime

# How far a provider's clock may be from ours (`E4`).
CLOCK_SKEW = timedelta(minutes=3)
# An assertion that lives longer than this comes from a wrongly configured provider.
LIFETIME_MAX = timedelta(hours=12)

_FORMATS = "urn:oasis:names:tc:SAML:"
EMAIL_FORMAT = f"{_FORMATS}1.1:nameid-format:emailAddress"
PERSISTENT_FORMAT = f"{_FORMATS}2.0:nameid-format:persistent"
TRANSIENT_FORMAT = f"{_FORMATS}2.0:nameid-format:transient"
UNSPECIFIED_FORMAT = f"{_FORMATS}1.1:nameid-format:unspecified"

# One @, no quotes, no spaces, no characters that look like ASCII but aren't.
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+\Z")


class Refusal(StrEnum):
    """Why a response was refused; stable names, for the audit log and the connection test.

    The user who brought the response never sees them.
    """

    TOO_LARGE = "too_large"
    NOT_BASE64 = "not_base64"
    NOT_UTF8 = "not_utf8"
    DOCTYPE = "doctype"
    NOT_XML = "not_xml"
    SHAPE = "shape"
    SIGNATURE_FORM = "signature_form"
    ALGORITHM = "algorithm"
    ENCRYPTION_FORM = "encryption_form"
    UNREADABLE_ENCRYPTION = "unreadable_encryption"
    UNSIGNED = "unsigned"
    SIGNATURE_WRONG = "signature_wrong"
    SCHEMA = "schema"
    STATUS = "status"
    PROVIDER_ERROR = "provider_error"
    ISSUER = "issuer"
    IN_RESPONSE_TO = "in_response_to"
    DESTINATION = "destination"
    AUDIENCE = "audience"
    SUBJECT_CONFIRMATION = "subject_confirmation"
    RECIPIENT = "recipient"
    TOO_EARLY = "too_early"
    EXPIRED = "expired"
    LIFETIME = "lifetime"
    NAME_ID = "name_id"
    EMAIL_MISSING = "email_missing"
    EMAIL_FORM = "email_form"
    LIBRARY = "library"
    # Decided by the store.
    REQUEST_UNKNOWN = "request_unknown"
    OTHER_CONNECTION = "other_connection"
    OTHER_BROWSER = "other_browser"
    OTHER_PERSON = "other_person"
    NOT_FRESH = "not_fresh"
    REPLAYED = "replayed"
    CONNECTION_CHANGED = "connection_changed"
    DOMAIN_UNPROVEN = "domain_unproven"
    NOT_A_MEMBER = "not_a_member"
    SUSPENDED = "suspended"
    EMAIL_KEPT = "email_kept"
    TOO_MANY_ACCOUNTS = "too_many_accounts"
    TOO_MANY_WORKSPACES = "too_many_workspaces"


@dataclass(frozen=True)
class ResponseClaims:
    """What a response says before anything is proved: to find its request, and for logs.

    Ids and issuer are ASCII of bounded length, or None. The fingerprint isn't a claim: it is of the
    configured certificate that signed the response, once that is known.
    """

    response_id: str | None = None
    in_response_to: str | None = None
    assertion_id: str | None = None
    issuer: str | None = None
    certificate_fingerprint: str | None = None
    # Of a provider's error only: its status codes and its message, cut and cleaned.
    status: str | None = None
    status_message: str | None = None

    @property
    def provider_words(self) -> dict[str, str]:
        """Return the provider's error message, for the audit log and the connection test."""
        said = {"provider_status": self.status, "provider_message": self.status_message}
        return {name: words for name, words in said.items() if words}


_PROVIDER_FAILED = "Your company's sign-in reported an error. Try again, or ask your administrator."


class SamlRefusedError(DomainError):
    """A response that signs nobody in; `refusal` and `claims` are for the account's admins."""

    reason = "sso_refused"
    message = "Your company's sign-in didn't work. Try again, or ask your administrator."

    def __init__(self, refusal: Refusal, claims: ResponseClaims | None = None) -> None:
        """Take the reason, and what the response claimed."""
        super().__init__(_PROVIDER_FAILED if refusal is Refusal.PROVIDER_ERROR else None)
        self.refusal = refusal
        self.claims = claims or ResponseClaims()

    @classmethod
    def unsaid(cls) -> SamlRefusedError:
        """Refuse a response that couldn't even be read as a form."""
        return cls(Refusal.SHAPE)


@dataclass(frozen=True)
class VerifiedAssertion:
    """What an identity provider asserts, after every check except those that need a store.

    The caller does these in one transaction: `id` was never accepted before from this provider, and
    its request is unused. The caller also checks that the account has verified the domain of
    `email`.
    """

    id: str
    response_id: str
    in_response_to: str
    issuer: str
    name_id: str
    name_id_format: str
    email: EmailAddress
    certificate_fingerprint: str
    # When the user last signed in at the provider.
    authenticated_at: datetime
    # Keep the assertion id until the assertion itself would be rejected as expired.
    remember_until: datetime
    # When the provider wants the session to end; None if it doesn't say.
    session_ends_at: datetime | None = None
    display_name: str | None = None

    @property
    def subject(self) -> str:
        """Return the lasting name of the user at the connection, in its format (`E8`).

        An email is compared in lower case. A transient NameID differs each time, so the email is
        used instead.
        """
        return self.email.value if self.is_known_by_address else self.name_id

    @property
    def is_known_by_address(self) -> bool:
        """Check whether the email is the lasting name."""
        return self.name_id_format in (EMAIL_FORMAT, TRANSIENT_FORMAT)


def asserted_email(text: str) -> EmailAddress:
    """Read an email that a provider asserts: plain ASCII with one @ (`E9`).

    Raises InvalidEmailError for all else, so that no two readers see different domains in it.
    """
    if not _PLAIN_ADDRESS.match(text):
        raise InvalidEmailError
    return EmailAddress.parse(text)


# For the admin who set up the connection. A refusal that isn't here can't be a provider's mistake.
_WORDS = {
    Refusal.UNSIGNED: "the response isn't signed. Have your provider sign the assertion.",
    Refusal.SIGNATURE_WRONG: "it isn't signed with a certificate that stands here.",
    Refusal.ALGORITHM: "it is signed or encrypted in a way that is too old. Choose SHA-256.",
    Refusal.UNREADABLE_ENCRYPTION: "it is encrypted, and not with the certificate in our metadata.",
    Refusal.PROVIDER_ERROR: "your provider answered with an error instead of a sign-in.",
    Refusal.STATUS: "your provider says that the sign-in failed there.",
    Refusal.ISSUER: "it comes from another entity id than the one that stands here.",
    Refusal.DESTINATION: "it was made for another address. Copy our ACS URL to your provider.",
    Refusal.RECIPIENT: "it was made for another address. Copy our ACS URL to your provider.",
    Refusal.AUDIENCE: "it was made for another application. Copy our entity id to your provider.",
    Refusal.TOO_EARLY: "its time hasn't come. Check your provider's clock.",
    Refusal.EXPIRED: "it is too old. Check your provider's clock.",
    Refusal.LIFETIME: "it is valid for too long.",
    Refusal.NAME_ID: "it has no NameID.",
    Refusal.EMAIL_MISSING: "it names no email address. Send it as NameID, or name its attribute.",
    Refusal.EMAIL_FORM: "what it names is no email address.",
    Refusal.DOMAIN_UNPROVEN: "the address is in a domain that this account hasn't proved.",
}


def refusal_words(refusal: str) -> str:
    """Explain to the admin why a test sign-in was refused, and what helps."""
    known = {each.value: words for each, words in _WORDS.items()}
    return known.get(refusal, "the response can't be trusted as it is.")
