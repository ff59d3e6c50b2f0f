"""Calls that an API key makes: behind the authorizer, which this module finishes for."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import InvalidApiKeyError, RateLimitedError, UnavailableError
from chalicelib.services.keys.public_api import KeyHolder
from chalicelib.web.authorizer import check_api_key
from chalicelib.web.kit.blueprints import JsonApi
from chalicelib.web.kit.rate_limit import limit_headers
from chalicelib.web.kit.requests import request_id_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalice import Response
    from chalice.app import Request

    from chalicelib.web.kit.access import Access
    from chalicelib.web.kit.blueprints import View

_log = logging.getLogger(__name__)


class KeyedApi(JsonApi):
    """Views whose first argument is the holder of the key; there is no way to them without one."""

    def route(self, path: str, **options: Any) -> Callable[[View], View]:
        """Register a view behind the authorizer."""
        return super().route(path, authorizer=check_api_key, **options)

    def _answer(
        self,
        view: View,
        parameters: dict[str, str],
        refused: View | None,
        *,
        access: Access,
        same_site: bool,
    ) -> Response:
        request = self.current_request

        def held(**given: str) -> Any:
            return view(_holder(request), **given)

        answer = super()._answer(held, parameters, refused, access=access, same_site=same_site)
        answer.headers.update(limit_headers(_told(request)))
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer


def _holder(request: Request) -> KeyHolder:
    """Read what the authorizer found; anything less than a good key ends here (`H3`)."""
    told = _told(request)
    if "unavailable" in told:
        raise UnavailableError
    if "limited" in told:
        raise RateLimitedError(int(told["limit"]), int(told["seconds"]))
    if not told.get("account_id") or not told.get("key_id"):
        raise InvalidApiKeyError
    holder = KeyHolder(told["account_id"], told["key_id"])
    used = {"account_id": holder.account_id, "key_id": holder.key_id}
    trace = {"method": "api_key", "request_id": request_id_of(request)}
    _log.info("authentication_succeeded", extra={**used, **trace})
    return holder


def _told(request: Request) -> Mapping[str, str]:
    return request.context.get("authorizer") or {}
