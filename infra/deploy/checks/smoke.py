"""Sends public requests to the live stage and checks the answers."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from infra.deploy.record import read_record, rest_api_id
from infra.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.aws import Aws
    from infra.stack.stages import Stage

# API Gateway needs seconds to serve a new deployment, and a cold start takes some more.
_PATIENCE_SECONDS = 40.0
_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    text: str


def smoke_test(stage: Stage, aws: Aws, tell: Callable[[str], None]) -> str:
    """Repeat each request until its answer is right; raises CommandError if it never is."""
    base = live_url(stage, aws)
    for path, is_right, wanted in _QUESTIONS:
        tell(path)
        _demand(base + path, is_right, wanted, _whom_to_ask(aws))
    return f"{base} answers{_public_address(stage, aws)}"


def live_url(stage: Stage, aws: Aws) -> str:
    """Return the URL at which API Gateway itself serves the stage."""
    record = read_record(stage, aws)
    api_id = rest_api_id(record)
    if aws.emulated:
        endpoint = os.environ["AWS_ENDPOINT_URL"].rstrip("/")
        return f"{endpoint}/_aws/execute-api/{api_id}/{stage.gateway_stage}"
    host = f"{api_id}.execute-api.{aws.region}.amazonaws.com"
    return f"https://{host}/{stage.gateway_stage}"


def ask(url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Get a URL; the status is 0 if nothing answers."""
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - our own
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310
            return _read(answer)
    except urllib.error.HTTPError as error:
        with error:
            return _read(error)
    except OSError as error:
        return Answer(0, {}, str(error))


def _is_well(answer: Answer) -> bool:
    return answer.status == HTTPStatus.OK


def _is_sign_in(answer: Answer) -> bool:
    return answer.status == HTTPStatus.OK and 'name="email"' in answer.text


def _is_refusal(answer: Answer) -> bool:
    try:
        kind = json.loads(answer.text)["error"]["type"]
    except (ValueError, KeyError, TypeError):
        return False
    challenge = answer.headers.get("www-authenticate")
    return (answer.status, kind, challenge) == (
        HTTPStatus.UNAUTHORIZED,
        "authentication_error",
        "Bearer",
    )


_QUESTIONS = (
    ("/health", _is_well, "200"),
    ("/sign-in", _is_sign_in, "the sign-in page"),
    ("/api/v1/account", _is_refusal, "the 401 of a call without a key, in our envelope"),
)


def _whom_to_ask(aws: Aws) -> str:
    if aws.emulated:
        return (
            "Emulators that can't import an API's definition make it and then don't serve it, and"
            " AWS_ENDPOINT_URL names one: there, make the stage from `make package`'s template."
        )
    return "The functions' logs say why; they are in CloudWatch."


def _demand(url: str, is_right: Callable[[Answer], bool], wanted: str, hint: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        answer = ask(url)
        if is_right(answer):
            return
        if time.monotonic() > deadline:
            message = (
                f"{url} should answer {wanted}, and it answers {answer.status}:"
                f" {answer.text[:300]}\n{hint}"
            )
            raise CommandError(message)
        time.sleep(1.0)


def _read(answer: urllib.error.HTTPError) -> Answer:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(int(answer.status or 0), headers, answer.read().decode("utf-8", "replace"))


def _public_address(stage: Stage, aws: Aws) -> str:
    public = stage.environment["PUBLIC_URL"].rstrip("/")
    if aws.emulated or _is_well(ask(f"{public}/health")):
        return ""
    host = urlsplit(public).hostname
    target = next(
        (
            e["alias_domain_name"]
            for e in read_record(stage, aws)["resources"]
            if "alias_domain_name" in e
        ),
        None,
    )
    if target:
        return f"; {public} doesn't yet: its DNS needs {host}  CNAME  {target}"
    return f"; {public} doesn't: see Custom domain in docs/operations.md"
