"""API Gateway's own responses, for the deployed gateway and the local one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("gateway_responses.json")


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """One response; without a status, API Gateway chooses it."""

    status: int | None
    headers: dict[str, str]
    body: str


@cache
def gateway_responses() -> dict[str, GatewayResponse]:
    """Return every response by API Gateway's name for it."""
    source = json.loads(SOURCE.read_text(encoding="utf-8"))
    return {
        name: GatewayResponse(
            status=entry.get("status"),
            headers=source["headers"] | entry.get("headers", {}),
            body=envelope(entry["type"], entry["message"]),
        )
        for name, entry in source["responses"].items()
    }


def envelope(type_: str, message: str) -> str:
    """Return the JSON error envelope."""
    error = {"type": type_, "code": None, "message": message, "param": None, "path": None}
    return json.dumps({"error": error})


def openapi_extension() -> dict[str, Any]:
    """Return the value of `x-amazon-apigateway-gateway-responses` in an API's definition."""
    return {name: _as_openapi(answer) for name, answer in gateway_responses().items()}


def _as_openapi(answer: GatewayResponse) -> dict[str, Any]:
    # API Gateway takes a constant header value in single quotes; quotes inside it stay as they are
    # (so does the policy of github.com/DataBiosphere/azul, pull request 6385, in production).
    parameters = {
        f"gatewayresponse.header.{name}": f"'{value}'" for name, value in answer.headers.items()
    }
    parameters["gatewayresponse.header.X-Request-Id"] = "context.requestId"
    entry: dict[str, Any] = {
        "responseParameters": parameters,
        "responseTemplates": {"application/json": answer.body},
    }
    if answer.status is not None:
        entry["statusCode"] = str(answer.status)
    return entry
