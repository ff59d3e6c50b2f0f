"""Reads what .chalice/config.json says about a stage."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.package.problems import PackageError

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / ".chalice" / "config.json"


@dataclass(frozen=True)
class Stage:
    """One stage of the app, under the names that Chalice gives its parts."""

    name: str
    app: str
    architecture: str
    environment: dict[str, str]

    def function_name(self, function: str) -> str:
        """Name a function as `chalice deploy` does, so that both ways make the same system."""
        suffix = "" if function == "api" else f"-{function}"
        return f"{self.app}-{self.name}{suffix}"


def read_stage(name: str) -> Stage:
    """Read a stage; raises PackageError for one that isn't configured."""
    config: dict[str, Any] = json.loads(CONFIG.read_text(encoding="utf-8"))
    if name not in config["stages"]:
        known = ", ".join(sorted(config["stages"]))
        message = f"There is no stage {name!r} in .chalice/config.json; it has {known}."
        raise PackageError(message)
    stage = config["stages"][name]
    return Stage(
        name=name,
        app=config["app_name"],
        architecture=config["lambda_architecture"],
        environment=stage["environment_variables"],
    )
