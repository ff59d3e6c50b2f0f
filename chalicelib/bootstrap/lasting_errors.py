"""Which errors of AWS a message would meet again however often it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.domain.mail import MailRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

# DynamoDB's for a key or an item that can't be stored; as the reason of a cancelled part, the
# last. A missing table or permission isn't among them: operators mend that.
_DYNAMODB = frozenset(("ValidationException", "ValidationError"))


def lasting_reason(error: BaseException) -> str | None:
    """Return the code of an error that can't get better, or None for one that may."""
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
    """Read botocore's code, and the reasons of a transaction that pynamodb saw cancelled."""
    response: Any = getattr(error, "response", None) or {}
    yield str(response.get("Error", {}).get("Code", ""))
    for reason in getattr(error, "cancellation_reasons", ()):
        yield str(reason.code) if reason else ""
