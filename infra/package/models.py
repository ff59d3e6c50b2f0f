"""Cuts botocore's data to the services used: half a cold start went into reading the rest."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

# The clients that chalicelib makes; tests/deployment holds the list against the code.
SERVICES = ("dynamodb", "ses", "sqs", "ssm")

# A service's endpoints stand under this name, where it isn't the service's own.
_ENDPOINT_PREFIXES = {"ses": "email"}


def cut_models(data: Path) -> None:
    """Rewrite what is left of botocore's data: no texts, no other services, nothing packed twice.

    Plain JSON, because the zip packs it anyway and a start need not unpack it a second time.
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
        # A string alone: a member of a shape may have that very name.
        return {
            name: _without_texts(part)
            for name, part in model.items()
            if not (name == "documentation" and isinstance(part, str))
        }
    return model


def _write(target: Path, value: Any) -> None:
    target.write_text(json.dumps(value, separators=(",", ":")), encoding="utf-8")
