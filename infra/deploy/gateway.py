"""Sets API Gateway's own responses, which `chalice deploy` can't set and removes each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.deploy.record import read_record, rest_api_id
from infra.errors import CommandError
from infra.stack.gateway_responses import openapi_extension

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.aws import Aws
    from infra.stack.stages import Stage


def put_gateway_responses(stage: Stage, aws: Aws, tell: Callable[[str], None]) -> str:
    """Put every response and deploy the stage; raises CommandError if there is no API."""
    api_id = rest_api_id(read_record(stage, aws))
    if api_id is None:
        message = "The app has no API yet. Run the whole deployment."
        raise CommandError(message)
    gateway = aws.client("apigateway")
    answers = openapi_extension()
    for number, (name, answer) in enumerate(answers.items(), 1):
        tell(f"{number} of {len(answers)}, {name}")
        gateway.put_gateway_response(restApiId=api_id, responseType=name, **_of(answer))
    # A stage serves the API as it was last deployed, so deploy it again.
    gateway.create_deployment(restApiId=api_id, stageName=stage.gateway_stage)
    return f"{len(answers)} answers put, stage {stage.gateway_stage} of {api_id} deployed"


def _of(answer: dict[str, Any]) -> dict[str, Any]:
    names = ("statusCode", "responseParameters", "responseTemplates")
    return {name: answer[name] for name in names if name in answer}
