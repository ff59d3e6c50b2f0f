"""AWS errors that a redelivered message would meet again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.domain.mail import MailRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

# DynamoDB's errors for a key or an item that can't be stored; the last one is the reason of a
# cancelled part. A missing table or permission isn't listed, because operators can fix it.
_DYNAMODB = frozenset(("ValidationException", "ValidationError"))


def lasting_reason(error: BaseException) -> str | None:
    """Return the code of an error that a retry can't fix, or None if it may."""
    from botocore.exceptions import ParamValidationError

    for cause in _causes(error):
        if isinstance(cause, MailRefusedError):
            return str(cause)
        if isinstance(cause, ParamValidationError):
            return "ParamValidationError"
        for code in _codes(cause):
            if code in _DYNAMODB:
                return code
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or getattr(cause, "cause", None)


def _codes(error: BaseException) -> Iterator[str]:
    """Read botocore's code, and the reasons of a transaction that DynamoDB cancelled."""
    response: Any = getattr(error, "response", None) or {}
    yield str(response.get("Error", {}).get("Code", ""))
    for reason in getattr(error, "cancellation_reasons", ()):
        yield str(reason.code) if reason else ""
