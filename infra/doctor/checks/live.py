"""The live stage: what anybody may ask it, and what API Gateway serves, whatever is set by now."""

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

    from infra.doctor.findings import Checking
    from infra.doctor.subject import Subject

_KEYED = "/api/v1/account"
# Good in form, so that the table is asked; nobody's.
_NOBODYS = "thub_" + "0" * 26 + checksum("0" * 26)
# What is asked, in words; where, with which header; and API Gateway's name of the right answer.
_QUESTIONS: tuple[tuple[str, str, dict[str, str], str], ...] = (
    ("A call without a key", _KEYED, {}, "UNAUTHORIZED"),
    ("A key of nobody", _KEYED, {"Authorization": f"Bearer {_NOBODYS}"}, "UNAUTHORIZED"),
    ("An address that isn't there", "/nowhere", {}, "MISSING_AUTHENTICATION_TOKEN"),
)


def check(subject: Subject) -> Checking:
    """Ask for health, with no key, with nobody's, and for nothing that there is."""
    address = _address(subject)
    if trouble := _health(address):
        yield trouble
    else:
        yield from _refusals(subject, address)
    if _emulator():
        return f"{address} answers, and refuses keys as it should."
    public = subject.variables("api").get("PUBLIC_URL", "").rstrip("/")
    if trouble := _health(public):
        yield f"{trouble} Custom domain in docs/operations.md has the way."
    return f"{public} answers, and keys are refused as they should be."


def _refusals(subject: Subject, address: str) -> Iterator[str]:
    for what, path, headers, name in _QUESTIONS:
        answer, right = ask(address + path, headers), gateway_responses()[name]
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            function = subject.stage.function_name("key_check")
            yield f"{what} is answered {answer.status}. The log of {function} says why."
        elif (answer.status, answer.text) != (right.status, right.body):
            yield (
                f"{what} is answered {answer.status} in words of API Gateway's own. What is set"
                " there isn't served: deploy the stage."
            )


def _health(address: str) -> str | None:
    status = ask(f"{address}/health").status
    return None if status == HTTPStatus.OK else f"{address} answers {status or 'nothing'}."


def _address(subject: Subject) -> str:
    api_id, name = require_api(subject), subject.stage.gateway_stage
    if endpoint := _emulator():
        return f"{endpoint}/_aws/execute-api/{api_id}/{name}"
    region = region_of(subject.session)
    return f"https://{api_id}.execute-api.{region}.amazonaws.com/{name}"


def _emulator() -> str:
    return os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
