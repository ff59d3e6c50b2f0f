"""Checks that API Gateway caches no decision about a key and answers errors in our envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws import code_of
from infra.doctor.findings import UncheckedError
from infra.stack.gateway_responses import openapi_extension

if TYPE_CHECKING:
    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Checking

# API Gateway's default.
_USUAL_TTL = 300


def check_authorizer(examined: ExaminedStage) -> Checking:
    """Check that a deleted key fails on the next call (`F5`)."""
    found = _find(examined)
    if found is None:
        name = examined.stage.function_name("key_check")
        yield f"No API asks function {name} about keys. Deploy the stage."
        return ""
    _, authorizer = found
    ttl = authorizer.get("authorizerResultTtlInSeconds", _USUAL_TTL)
    if ttl != 0:
        yield (
            f"API Gateway keeps its decision about a key for {ttl} seconds, so a deleted key works"
            " on. Set the authorizer's TTL to 0 and deploy the API's stage anew."
        )
    return "Every call asks about its key; no decision is kept."


def check_answers(examined: ExaminedStage) -> Checking:
    """Check that API Gateway's own responses have our envelope (`H1`)."""
    api_id = require_api(examined)
    pages = examined.pages("apigateway", "get_gateway_responses", restApiId=api_id)
    there = {item["responseType"]: item for page in pages for item in page["items"]}
    wanted = openapi_extension()
    other = [name for name, answer in wanted.items() if not _is(there.get(name, {}), answer)]
    if other:
        yield (
            f"API Gateway has words of its own for {', '.join(other)}, which no client of ours"
            " understands. Deploy the stage."
        )
    return f"All {len(wanted)} of API Gateway's own have our envelope."


def check_stage(examined: ExaminedStage) -> Checking:
    """Check that the API can be called and has no cache, which is billed by the hour."""
    api_id = require_api(examined)
    client, name = examined.client("apigateway"), examined.stage.gateway_stage
    try:
        stage = client.get_stage(restApiId=api_id, stageName=name)
    except ClientError as error:
        if code_of(error) != "NotFoundException":
            raise
        yield f"The API {api_id} has no stage {name}, so nobody can call it. Deploy."
        return ""
    if stage.get("cacheClusterEnabled"):
        yield (
            "API Gateway's cache is on: it is billed by the hour, and may give one person's answer"
            " to another. Turn it off."
        )
    return f"The API {api_id} can be called, and has no cache."


def require_api(examined: ExaminedStage) -> str:
    """Return the id of the stage's API; raises UncheckedError if there is none."""
    found = _find(examined)
    if found is None:
        message = "no API asks this stage's key_check."
        raise UncheckedError(message)
    return found[0]


def _find(examined: ExaminedStage) -> tuple[str, dict[str, Any]] | None:
    """Find the API by its authorizer's function: every stage's API has the same name."""
    asked = f":function:{examined.stage.function_name('key_check')}/"
    client = examined.client("apigateway")
    for page in examined.pages("apigateway", "get_rest_apis"):
        for api in page["items"]:
            for authorizer in client.get_authorizers(restApiId=api["id"])["items"]:
                if asked in authorizer.get("authorizerUri", ""):
                    return api["id"], authorizer
    return None


def _is(there: dict[str, Any], wanted: dict[str, Any]) -> bool:
    parts = ("responseParameters", "responseTemplates")
    status = wanted.get("statusCode")
    return (
        not there.get("defaultResponse", not there)
        and (status is None or there.get("statusCode") == status)
        and all(there.get(part) == wanted[part] for part in parts)
    )
