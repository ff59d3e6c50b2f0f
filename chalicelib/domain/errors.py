"""Refusals: each has a stable `reason` and a message for the user."""

from __future__ import annotations


class DomainError(Exception):
    """A refusal with a stable `reason`; only `web.kit.errors` gives it an HTTP status."""

    reason = "refused"
    message = "That isn't possible."
    # The JSON pointer of a nested value, where `param` alone doesn't identify it.
    path: str | None = None

    def __init__(self, message: str | None = None, *, param: str | None = None) -> None:
        """Replace the class's message, and name the parameter that is wrong."""
        super().__init__(message or self.message)
        self.message = message or self.message
        self.param = param


class InvalidValueError(DomainError):
    """A value is wrong, out of range or fails a rule."""

    reason = "invalid_value"
    message = "This value isn't valid."


class MissingValueError(DomainError):
    """A value that is required here is missing."""

    reason = "missing_value"
    message = "A value is missing."


class InvalidCredentialsError(DomainError):
    """The one answer for wrong, unknown, locked and SSO-only (`B2`)."""

    reason = "invalid_credentials"
    message = "Invalid email or password."


class EmailUnconfirmedError(DomainError):
    """The password is right, but the email was never confirmed."""

    reason = "email_unconfirmed"
    message = "Confirm your email first: open the link that we mailed you, or ask for a new one."


class LinkInvalidError(DomainError):
    """A mailed link is unknown, used or expired: one answer for all three."""

    reason = "link_invalid"
    message = "This link has been used or is too old."


class PasswordRequiredError(DomainError):
    """A browser other than the one that signed up must give the sign-up's password."""

    reason = "password_required"
    message = "Enter the password that you chose when you signed up."


class WrongPasswordError(DomainError):
    """The current password that a signed-in or confirming user gave is wrong."""

    reason = "wrong_password"
    message = "That password isn't right."


class NotSignedInError(DomainError):
    """There is no session, or it has ended."""

    reason = "not_signed_in"
    message = "Sign in first."


class SignInRequiredError(DomainError):
    """The link is valid, but its user must be signed in to use it."""

    reason = "sign_in_required"
    message = "Sign in with the address that was invited, then open the link again. It stays good."


class ProofRequiredError(DomainError):
    """The session is valid, but its last proof is too old (`D9`)."""

    reason = "proof_required"
    message = "Confirm that it's you first: give your password again."


class InvalidApiKeyError(DomainError):
    """The one answer for missing, malformed, unknown and revoked keys (`F7`, `F8`)."""

    reason = "invalid_api_key"
    message = "Invalid API key"


class NotFoundError(DomainError):
    """No such thing, or none that this visitor may see."""

    reason = "not_found"
    message = "There is no such thing here."


class NotAllowedError(DomainError):
    """The caller is known, but isn't allowed to do this."""

    reason = "not_allowed"
    message = "You don't have permission to do that."


class NoAccountOpenError(NotAllowedError):
    """The session has no account open."""

    reason = "no_account_open"
    message = "Open an account first."


class ConflictError(DomainError):
    """It conflicts with what already exists, or someone else changed it first."""

    reason = "conflict"
    message = "Somebody changed this at the same time. Load it again and retry."


class UnavailableError(DomainError):
    """A dependency did not answer; nothing was decided."""

    reason = "unavailable"
    message = "Something went wrong on our side. Try again in a moment."


class TooManyAttemptsError(DomainError):
    """A source has failed too often, for any email."""

    reason = "too_many_attempts"
    message = "Too many failed sign-ins from your network. Wait a few minutes and try again."

    def __init__(self, retry_after: int) -> None:
        """Take after how many seconds it may try again."""
        super().__init__()
        self.retry_after = retry_after


class RateLimitedError(DomainError):
    """A key has used all calls of its minute."""

    reason = "rate_limited"
    message = "Too many requests with this API key. Wait until the minute is over."

    def __init__(self, limit: int, retry_after: int) -> None:
        """Take the limit, and after how many seconds there is room again."""
        super().__init__()
        self.limit = limit
        self.retry_after = retry_after
