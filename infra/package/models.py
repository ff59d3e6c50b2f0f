"""Reduces botocore's data to the services in use, which halves a cold start."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

# The clients that chalicelib makes; tests/deployment compares the list with the code.
SERVICES = ("dynamodb", "ses", "sqs", "ssm")

# Names in endpoints.json that differ from the service's own.
_ENDPOINT_PREFIXES = {"ses": "email"}


def cut_models(data: Path) -> None:
    """Rewrite botocore's data without documentation and other services.

    As plain JSON: the zip compresses it anyway, and a start needn't decompress it twice.
    """
    for packed in data.rglob("*.json.gz"):
        model = json.loads(gzip.decompress(packed.read_bytes()))
        _write(packed.with_suffix(""), _without_texts(model))
        packed.unlink()
    endpoints = data / "endpoints.json"
    _write(endpoints, _of_services(json.loads(endpoints.read_bytes())))


def _of_services(endpoints: dict[str, Any]) -> dict[str, Any]:
    wanted = {_ENDPOINT_PREFIXES.get(service, service) for service in SERVICES}
    for partition in endpoints["partitions"]:
        of_all = partition["services"].items()
        partition["services"] = {name: value for name, value in of_all if name in wanted}
    return endpoints


def _without_texts(model: Any) -> Any:
    if isinstance(model, list):
        return [_without_texts(part) for part in model]
    if isinstance(model, dict):
        # Only strings: a member of a shape may have that name too.
        return {
            name: _without_texts(part)
            for name, part in model.items()
            if not (name == "documentation" and isinstance(part, str))
        }
    return model


def _write(target: Path, value: Any) -> None:
    target.write_text(json.dumps(value, separators=(",", ":")), encoding="utf-8")
