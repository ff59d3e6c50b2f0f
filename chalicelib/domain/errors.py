"""Refusals: each says why with a stable `reason` and a sentence for the person."""

from __future__ import annotations


class DomainError(Exception):
    """A refusal with a stable `reason`; `web.errors` alone gives it an HTTP status."""

    reason = "refused"
    message = "That isn't possible."
    # The JSON pointer of a nested value, where `param` alone doesn't say which one it is.
    path: str | None = None

    def __init__(self, message: str | None = None, *, param: str | None = None) -> None:
        """Say it in other words than the class does, and name the parameter concerned."""
        super().__init__(message or self.message)
        self.message = message or self.message
        self.param = param


class InvalidValueError(DomainError):
    """A value is wrong, out of range or fails a rule."""

    reason = "invalid_value"
    message = "This value isn't valid."


class MissingValueError(DomainError):
    """A value that this case needs wasn't given at all."""

    reason = "missing_value"
    message = "A value is missing."


class InvalidCredentialsError(DomainError):
    """The one answer for wrong, unknown, locked and SSO-only (`B2`)."""

    reason = "invalid_credentials"
    message = "Invalid email or password."


class EmailUnconfirmedError(DomainError):
    """The password is right, but the address was never confirmed."""

    reason = "email_unconfirmed"
    message = "Confirm your email first: open the link that we mailed you, or ask for a new one."


class LinkInvalidError(DomainError):
    """An emailed link is unknown, spent or expired: one answer for all three."""

    reason = "link_invalid"
    message = "This link has been used or is too old."


class PasswordRequiredError(DomainError):
    """Another browser than the one that signed up has to give the sign-up's password."""

    reason = "password_required"
    message = "Enter the password that you chose when you signed up."


class WrongPasswordError(DomainError):
    """A current password that a signed-in or confirming person gave is wrong."""

    reason = "wrong_password"
    message = "That password isn't right."


class NotSignedInError(DomainError):
    """There is no session, or it has ended."""

    reason = "not_signed_in"
    message = "Sign in first."


class SignInRequiredError(DomainError):
    """A link is good, but it is for somebody who has to be signed in to use it."""

    reason = "sign_in_required"
    message = "Sign in with the address that was invited, then open the link again. It stays good."


class ProofRequiredError(DomainError):
    """The session is good, but its last proof of who sits there is too old (`D9`)."""

    reason = "proof_required"
    message = "Confirm that it's you first: give your password again."


class InvalidApiKeyError(DomainError):
    """The one answer for missing, malformed, unknown and revoked keys (`F7`, `F8`)."""

    reason = "invalid_api_key"
    message = "Invalid API key"


class NotFoundError(DomainError):
    """No such thing that this visitor may know of."""

    reason = "not_found"
    message = "There is no such thing here."


class NotAllowedError(DomainError):
    """Known, but not allowed."""

    reason = "not_allowed"
    message = "You don't have permission to do that."


class NoAccountOpenError(NotAllowedError):
    """The session has no account open."""

    reason = "no_account_open"
    message = "Open an account first."


class ConflictError(DomainError):
    """It collides with what is already there, or somebody else changed it first."""

    reason = "conflict"
    message = "Somebody changed this at the same time. Load it again and retry."


class UnavailableError(DomainError):
    """Something that we depend on did not answer; nothing was decided."""

    reason = "unavailable"
    message = "Something went wrong on our side. Try again in a moment."


class TooManyAttemptsError(DomainError):
    """A client address has failed too often, whoever it asked for."""

    reason = "too_many_attempts"
    message = "Too many failed sign-ins from your network. Wait a few minutes and try again."

    def __init__(self, retry_after: int) -> None:
        """Say after how many seconds it may try again."""
        super().__init__()
        self.retry_after = retry_after


class RateLimitedError(DomainError):
    """A key has used up its minute."""

    reason = "rate_limited"
    message = "Too many requests with this API key. Wait until the minute is over."

    def __init__(self, limit: int, retry_after: int) -> None:
        """Say what the limit is, and after how many seconds there is room again."""
        super().__init__()
        self.limit = limit
        self.retry_after = retry_after
