"""Ministack with what it lacks for `chalice deploy`: an API whose definition comes in one piece.

It makes such an API by CloudFormation already; ImportRestApi and PutRestApi lead there too here.
Run as `python -m tests.support.servers.deployable_emulator`.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import apigateway_v1 as gateway
from ministack.services import lambda_svc as functions

_answered = gateway.handle_request
_IMPORT = ["restapis"]
_PUT = 2


async def handle_request(
    method: str, path: str, headers: Any, body: bytes, query_params: dict[str, Any]
) -> Any:
    """Answer the two calls, and leave all others to ministack."""
    parts = [part for part in path.strip("/").split("/") if part]
    if method == "POST" and parts == _IMPORT and "mode" in query_params:
        api_id = gateway._import_rest_api(json.loads(body))  # noqa: SLF001 - no public way
        return gateway._v1_response(gateway._rest_api_view(gateway._rest_apis[api_id]), 201)  # noqa: SLF001
    if method == "PUT" and len(parts) == _PUT and parts[:1] == _IMPORT:
        return _overwrite(parts[1], json.loads(body))
    return await _answered(method, path, headers, body, query_params)


def _overwrite(api_id: str, spec: dict[str, Any]) -> Any:
    """Put another definition in the place of an API's own: its gateway responses go, as on AWS."""
    made = gateway._import_rest_api(spec)  # noqa: SLF001 - no public way
    for kept in (gateway._resources, gateway._authorizers_v1):  # noqa: SLF001
        kept[api_id] = kept.pop(made)
    gateway._gateway_responses[api_id] = {}  # noqa: SLF001
    gateway._delete_rest_api(made)  # noqa: SLF001
    return gateway._v1_response(gateway._rest_api_view(gateway._rest_apis[api_id]), 200)  # noqa: SLF001


def main() -> None:
    """Serve as ministack does, with both calls."""
    from ministack.app import main as serve

    gateway.handle_request = handle_request
    # Chalice looks at a new function every five seconds until it is active.
    functions._LAMBDA_STATE_TRANSITION_DELAY = 0.0  # noqa: SLF001
    serve()


if __name__ == "__main__":
    main()
