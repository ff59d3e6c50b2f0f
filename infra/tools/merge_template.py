"""Writes what `chalice package --merge-template` adds to the template Chalice builds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from infra.stack.gateway_responses import openapi_extension
from infra.stack.stages import read_stage


def merge_template(stage: str) -> dict[str, Any]:
    """Return the additions for a stage; Chalice merges them deeply into its own template."""
    definition = {"x-amazon-apigateway-gateway-responses": openapi_extension()}
    variables = {"MAIL_QUEUE_URL": {"Fn::Sub": _queue_url(stage)}}
    return {
        "Resources": {
            "RestAPI": {"Properties": {"DefinitionBody": definition}},
            "APIHandler": {"Properties": {"Environment": {"Variables": variables}}},
        }
    }


def _queue_url(stage: str) -> str:
    queue = read_stage(stage).mail_queue
    return f"https://sqs.${{AWS::Region}}.${{AWS::URLSuffix}}/${{AWS::AccountId}}/{queue}"


if __name__ == "__main__":
    target, stage_name = Path(sys.argv[1]), sys.argv[2]
    target.parent.mkdir(parents=True, exist_ok=True)
    added = merge_template(stage_name)
    target.write_text(json.dumps(added, indent=2) + "\n", encoding="utf-8")
