"""Sends public requests to the live stage, which may differ from what is configured."""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.domain.keys.api_key import checksum
from infra.aws import region_of
from infra.deploy.checks.smoke import ask
from infra.doctor.checks.gateway import require_api
from infra.stack.gateway_responses import gateway_responses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Checking

_KEYED = "/api/v1/account"
# Well-formed, so that the table is read, but no account's key.
_UNKNOWN_KEY = "thub_" + "0" * 26 + checksum("0" * 26)
# A request in words, its path and headers, and API Gateway's name of the right response.
_QUESTIONS: tuple[tuple[str, str, dict[str, str], str], ...] = (
    ("A call without a key", _KEYED, {}, "UNAUTHORIZED"),
    ("A key of nobody", _KEYED, {"Authorization": f"Bearer {_UNKNOWN_KEY}"}, "UNAUTHORIZED"),
    ("An address that isn't there", "/nowhere", {}, "MISSING_AUTHENTICATION_TOKEN"),
)


def check(examined: ExaminedStage) -> Checking:
    """Request the health page, an API path without and with an unknown key, and an unknown path."""
    address = _address(examined)
    if trouble := _health(address):
        yield trouble
    else:
        yield from _refusals(examined, address)
    if _emulator():
        return f"{address} answers, and refuses keys as it should."
    public = examined.variables("api").get("PUBLIC_URL", "").rstrip("/")
    if trouble := _health(public):
        yield f"{trouble} Custom domain in docs/operations.md has the way."
    return f"{public} answers, and keys are refused as they should be."


def _refusals(examined: ExaminedStage, address: str) -> Iterator[str]:
    for what, path, headers, name in _QUESTIONS:
        answer, right = ask(address + path, headers), gateway_responses()[name]
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            function = examined.stage.function_name("key_check")
            yield f"{what} is answered {answer.status}. The log of {function} says why."
        elif (answer.status, answer.text) != (right.status, right.body):
            yield (
                f"{what} is answered {answer.status} in words of API Gateway's own. What is set"
                " there isn't served: deploy the stage."
            )


def _health(address: str) -> str | None:
    status = ask(f"{address}/health").status
    return None if status == HTTPStatus.OK else f"{address} answers {status or 'nothing'}."


def _address(examined: ExaminedStage) -> str:
    api_id, name = require_api(examined), examined.stage.gateway_stage
    if endpoint := _emulator():
        return f"{endpoint}/_aws/execute-api/{api_id}/{name}"
    region = region_of(examined.session)
    return f"https://{api_id}.execute-api.{region}.amazonaws.com/{name}"


def _emulator() -> str:
    return os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
