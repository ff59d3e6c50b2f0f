"""The API key check in front of the public API, a Lambda function of its own.

It is packaged by this module's name and never loads app.py; its imports are its cold start. An
authorizer can only allow or refuse, so a rate limit and an outage travel in the context, and
`web/api/keys/keyed.py` answers them.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from chalice import Blueprint

from chalicelib.bootstrap import key_check
from chalicelib.domain.errors import InvalidApiKeyError, RateLimitedError, UnavailableError
from chalicelib.domain.keys.api_key import PATTERN

if TYPE_CHECKING:
    from chalice.app import AuthRequest

_log = logging.getLogger(__name__)

authorizers = Blueprint(__name__)

# RFC 6750: the scheme is case-insensitive; the key, outside `(?i:…)`, is not.
_BEARER = re.compile(rf"(?i:bearer) {{1,10}}({PATTERN})\Z", re.ASCII)


# Zero, because API Gateway would cache a decision for five minutes, even for a deleted key
# (conformance F5).
@authorizers.authorizer(ttl_seconds=0, name="key_check")
def check_api_key(request: AuthRequest) -> dict[str, Any]:
    """Allow a valid key, with its account as context; refuse all others alike (conformance F7)."""
    bearer = _BEARER.match(request.token)
    if bearer is None:
        raise _refusal()
    try:
        use = key_check().use(bearer[1])
    except InvalidApiKeyError:
        raise _refusal() from None
    except RateLimitedError as error:
        context = {"limited": "true", "limit": str(error.limit), "seconds": str(error.retry_after)}
        return _may_read(request, "limited", context)
    except UnavailableError:
        _log.warning("api_key_unchecked")
        return _may_read(request, "unavailable", {"unavailable": "true"})
    context = {
        "account_id": use.account_id,
        "key_id": use.key_id,
        "limit": str(use.limit),
        "remaining": str(use.remaining),
        "seconds": str(use.seconds_left),
    }
    return _may_read(request, use.key_id, context)


def _may_read(request: AuthRequest, principal: str, context: dict[str, str]) -> dict[str, Any]:
    """Allow only reading, and only the public API (conformance F9).

    Not with Chalice's AuthResponse, which would add a third to the time of a check.
    """
    api, stage, _ = request.method_arn.split("/", 2)
    places = [f"{api}/{stage}/{method}/api/v1/*" for method in ("GET", "HEAD")]
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": places}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }


def _refusal() -> Exception:
    # An authorizer doesn't get the request id; it is in the gateway's access log.
    _log.info("authentication_failed", extra={"method": "api_key"})
    # The only message that API Gateway turns into a 401.
    return Exception("Unauthorized")
