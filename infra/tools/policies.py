"""Writes the policy file of each function and stage, which Chalice reads from .chalice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from infra.stack.policies import file_name, policy
from infra.stack.stages import CONFIG, read_stage

if TYPE_CHECKING:
    from pathlib import Path


def write_policies(folder: Path) -> None:
    """Write the files of every stage that .chalice/config.json has."""
    for name in json.loads(CONFIG.read_text(encoding="utf-8"))["stages"]:
        stage = read_stage(name)
        for function in stage.functions:
            text = json.dumps(policy(function, stage), indent=2) + "\n"
            (folder / file_name(function, stage)).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_policies(CONFIG.parent)
