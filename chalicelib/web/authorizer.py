"""The check of API keys, in front of every call of the public API: a Lambda of its own.

It is packaged by this module's name and never sees app.py; what is imported here is its cold
start. An authorizer can only let through or refuse, so "too many" and "can't tell" travel in the
context, for `web/api/keyed.py` to answer.
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

# RFC 6750: the scheme in any case, then the key; `(?i:…)` leaves the key's own case alone.
_BEARER = re.compile(rf"(?i:bearer) {{1,10}}({PATTERN})\Z", re.ASCII)


# Zero, or API Gateway would keep a decision for five minutes, a deleted key's too (`F5`).
@authorizers.authorizer(ttl_seconds=0, name="key_check")
def check_api_key(request: AuthRequest) -> dict[str, Any]:
    """Let a good key through, with whose it is; refuse all others in one way (`F7`)."""
    bearer = _BEARER.match(request.token)
    if bearer is None:
        raise _refusal()
    try:
        use = key_check().use(bearer[1])
    except InvalidApiKeyError:
        raise _refusal() from None
    except RateLimitedError as error:
        told = {"limited": "true", "limit": str(error.limit), "seconds": str(error.retry_after)}
        return _may_read(request, "limited", told)
    except UnavailableError:
        _log.warning("api_key_unchecked")
        return _may_read(request, "unavailable", {"unavailable": "true"})
    told = {
        "account_id": use.account_id,
        "key_id": use.key_id,
        "limit": str(use.limit),
        "remaining": str(use.remaining),
        "seconds": str(use.seconds_left),
    }
    return _may_read(request, use.key_id, told)


def _may_read(request: AuthRequest, principal: str, told: dict[str, str]) -> dict[str, Any]:
    """Allow reading under the public API alone (`F9`).

    Written out, since Chalice's AuthResponse takes a third of the time of a check's own work.
    """
    api, stage, _ = request.method_arn.split("/", 2)
    places = [f"{api}/{stage}/{method}/api/v1/*" for method in ("GET", "HEAD")]
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": places}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": told,
    }


def _refusal() -> Exception:
    # The request's id isn't given to an authorizer; the gateway's access log has it.
    _log.info("authentication_failed", extra={"method": "api_key"})
    # The one message that API Gateway turns into a 401.
    return Exception("Unauthorized")
