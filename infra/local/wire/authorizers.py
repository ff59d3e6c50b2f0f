"""Runs Chalice's built-in authorizers before the view, as API Gateway does."""

from __future__ import annotations

import traceback
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from chalice.app import ChaliceAuthorizer
from chalice.local import ARNMatcher, LocalARNBuilder

if TYPE_CHECKING:
    from chalice.app import Authorizer

    from infra.local.wire.messages import Request

_INVOKE = "execute-api:Invoke"


class RefusedError(Exception):
    """API Gateway answers itself; the argument is the name of its response."""

    def __init__(self, response: str) -> None:
        super().__init__(response)
        self.response = response


def authorize(authorizer: Authorizer, request: Request, context: object) -> dict[str, str]:
    """Return `requestContext.authorizer`; raises RefusedError."""
    if not isinstance(authorizer, ChaliceAuthorizer):
        raise RefusedError("AUTHORIZER_CONFIGURATION_ERROR")
    token = request.header("authorization")
    if not token:
        raise RefusedError("UNAUTHORIZED")
    arn = LocalARNBuilder().build_arn(request.method, request.target)
    event = {"type": "TOKEN", "authorizationToken": token, "methodArn": arn}
    result = _ask(authorizer, event, context)
    try:
        principal = str(result["principalId"])
        allowed = _allows(result["policyDocument"]["Statement"], arn)
        answer = {"principalId": principal} | _as_strings(result.get("context") or {})
    except (AttributeError, KeyError, TypeError) as error:
        raise RefusedError("AUTHORIZER_CONFIGURATION_ERROR") from error
    if not allowed:
        raise RefusedError("ACCESS_DENIED")
    return answer


def _ask(authorizer: ChaliceAuthorizer, event: dict[str, str], context: Any) -> Any:
    try:
        return authorizer(event, context)
    except Exception as error:
        # The one message that API Gateway turns into a 401; any other error is a failure.
        if str(error) == "Unauthorized":
            raise RefusedError("UNAUTHORIZED") from error
        traceback.print_exc()
        raise RefusedError("AUTHORIZER_FAILURE") from error


def _allows(statements: list[dict[str, Any]], arn: str) -> bool:
    effects = {
        statement["Effect"]
        for statement in statements
        if any(fnmatchcase(_INVOKE, action) for action in _listed(statement["Action"]))
        and ARNMatcher(arn).does_any_resource_match(_listed(statement["Resource"]))
    }
    return effects == {"Allow"}


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _as_strings(context: dict[str, Any]) -> dict[str, str]:
    return {name: _as_string(value) for name, value in context.items() if value is not None}


def _as_string(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    message = "API Gateway takes no nested values in an authorizer's context"
    raise TypeError(message)
