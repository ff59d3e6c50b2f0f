"""Writes what `chalice package --merge-template` adds to the template Chalice builds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from infra.gateway_responses import openapi_extension


def merge_template() -> dict[str, Any]:
    """Give the additions; Chalice merges them deeply into its own template."""
    body = {"x-amazon-apigateway-gateway-responses": openapi_extension()}
    return {"Resources": {"RestAPI": {"Properties": {"DefinitionBody": body}}}}


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(merge_template(), indent=2) + "\n", encoding="utf-8")
