"""The blueprint of calls with an API key, which the authorizer has checked before."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import InvalidApiKeyError, RateLimitedError, UnavailableError
from chalicelib.services.keys.public_api import KeyHolder
from chalicelib.web.authorizer import check_api_key
from chalicelib.web.kit.rate_limit import limit_headers
from chalicelib.web.kit.requests import request_id_of
from chalicelib.web.kit.routing.json_api import JsonApi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalice import Response
    from chalice.app import Request

    from chalicelib.web.kit.declarations import Route
    from chalicelib.web.kit.routing.guarded import View

_log = logging.getLogger(__name__)


class KeyedApi(JsonApi):
    """Views behind the authorizer; their first argument is the holder of the key."""

    key_check = check_api_key

    def _answer(
        self,
        route: Route,
        view: View,
        parameters: dict[str, str],
        refused: View | None,
        *,
        same_site: bool,
    ) -> Response:
        request = self.current_request

        def held(**given: str) -> Any:
            return view(_holder(request), **given)

        answer = super()._answer(route, held, parameters, refused, same_site=same_site)
        answer.headers.update(limit_headers(_key_check(request)))
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer


def _holder(request: Request) -> KeyHolder:
    """Return the key's holder; raises for anything but a valid key (conformance H3)."""
    check = _key_check(request)
    if "unavailable" in check:
        raise UnavailableError
    if "limited" in check:
        raise RateLimitedError(int(check["limit"]), int(check["seconds"]))
    if not check.get("account_id") or not check.get("key_id"):
        raise InvalidApiKeyError
    holder = KeyHolder(check["account_id"], check["key_id"])
    used = {"account_id": holder.account_id, "key_id": holder.key_id}
    trace = {"method": "api_key", "request_id": request_id_of(request)}
    _log.info("authentication_succeeded", extra={**used, **trace})
    return holder


def _key_check(request: Request) -> Mapping[str, str]:
    """Return what the authorizer passed on in its context."""
    return request.context.get("authorizer") or {}
