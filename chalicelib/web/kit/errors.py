"""The one table from domain errors to HTTP (conformance H1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain import errors as domain
from chalicelib.domain.sign_in.email_change import EmailTakenError
from chalicelib.domain.sso.assertion import SamlRefusedError
from chalicelib.domain.sso.connection import SsoRequiredError
from chalicelib.domain.sso.email_domain import DomainUnprovenError

if TYPE_CHECKING:
    from typing import Any

UNEXPECTED = "Something went wrong on our side. Try again in a moment."


class RequestError(domain.DomainError):
    """A request that can't be read; raised by the web layer only."""

    reason = "bad_request"
    message = "The request can't be read."


class TooLargeError(RequestError):
    """The body is over the limit."""

    reason = "too_large"
    message = "The body is larger than 256 KB."


class UnsupportedTypeError(RequestError):
    """The content type isn't taken here."""

    reason = "unsupported_type"
    message = "This content type isn't taken here."


class MethodNotAllowedError(RequestError):
    """The path exists, the method doesn't."""

    reason = "method_not_allowed"
    message = "This path doesn't take that method."


class CrossSiteError(domain.NotAllowedError):
    """Another site's page sent this request."""

    reason = "cross_site"
    message = "This request came from another site. Open the page here and try again."


class OtherAccountOpenError(domain.ConflictError):
    """The form is for another account than the one that is open now."""

    reason = "other_account_open"
    message = "Another account is open in this browser now. Nothing has changed."


@dataclass(frozen=True)
class HttpError:
    """A refusal as HTTP: status, and the fields of the error envelope."""

    status: int
    type: str
    code: str | None
    message: str
    param: str | None = None
    path: str | None = None
    retry_after: int | None = None
    # Where the account can be opened, if it enforces SSO; in the envelope beside the error.
    sso_url: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Return `Retry-After` in seconds, where there is one (conformance G1)."""
        return {"Retry-After": str(self.retry_after)} if self.retry_after is not None else {}

    @property
    def envelope(self) -> dict[str, Any]:
        """Return the body of every non-2xx JSON answer: five fields, in this order."""
        error = {
            "type": self.type,
            "code": self.code,
            "message": self.message,
            "param": self.param,
            "path": self.path,
        }
        return {"error": error, "sso_url": self.sso_url} if self.sso_url else {"error": error}


_INVALID = "invalid_request_error"
_PERMISSION = "permission_error"

# The first class that matches decides, so subclasses come before their bases.
_TABLE: tuple[tuple[type[domain.DomainError], int, str, bool], ...] = (
    (TooLargeError, 413, _INVALID, False),
    (UnsupportedTypeError, 415, _INVALID, False),
    (MethodNotAllowedError, 405, "not_found_error", False),
    (RequestError, 400, _INVALID, False),
    (domain.MissingValueError, 400, _INVALID, False),
    (CrossSiteError, 403, _PERMISSION, True),
    (SamlRefusedError, 403, _PERMISSION, True),
    (SsoRequiredError, 403, _PERMISSION, True),
    (DomainUnprovenError, 422, _INVALID, True),
    (domain.NoAccountOpenError, 403, _PERMISSION, True),
    (domain.NotAllowedError, 403, _PERMISSION, False),
    (domain.InvalidCredentialsError, 401, "authentication_error", True),
    (domain.NotSignedInError, 401, "authentication_error", False),
    (domain.SignInRequiredError, 401, "authentication_error", True),
    (domain.InvalidApiKeyError, 401, "authentication_error", False),
    (domain.EmailUnconfirmedError, 403, _PERMISSION, True),
    (domain.PasswordRequiredError, 403, _PERMISSION, True),
    (domain.ProofRequiredError, 403, _PERMISSION, True),
    (domain.WrongPasswordError, 422, _INVALID, True),
    (domain.LinkInvalidError, 410, _INVALID, True),
    (EmailTakenError, 409, "conflict_error", True),
    (domain.NotFoundError, 404, "not_found_error", False),
    (OtherAccountOpenError, 409, "conflict_error", True),
    (domain.ConflictError, 409, "conflict_error", False),
    (domain.TooManyAttemptsError, 429, "rate_limit_error", False),
    (domain.RateLimitedError, 429, "rate_limit_error", False),
    (domain.UnavailableError, 503, "api_error", False),
    (domain.DomainError, 422, _INVALID, False),
)

_WAITS = (domain.TooManyAttemptsError, domain.RateLimitedError)
_PARTS = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+|\.\.\.)\]")


def http_error(error: domain.DomainError) -> HttpError:
    """Look up the HTTP form of an error."""
    for kind, status, words, has_code in _TABLE:
        if isinstance(error, kind):
            code = error.reason if has_code else None
            wait = error.retry_after if isinstance(error, _WAITS) else None
            sso_url = error.sso_url if isinstance(error, SsoRequiredError) else None
            said = (error.message, error.param, error.path)
            return HttpError(status, words, code, *said, wait, sso_url)
    raise TypeError  # unreachable: the table ends with DomainError


def unexpected() -> HttpError:
    """Return the answer to an unexpected error; it reveals no cause (conformance H2)."""
    return HttpError(500, "api_error", None, UNEXPECTED)


def json_pointer(path: str) -> str:
    """Turn msgspec's `$.a[0].b` into the JSON pointer `/a/0/b` (RFC 6901)."""
    return "".join(f"/{name or place}" for name, place in _PARTS.findall(path))
