"""Tells the operator's commands where the running local stack's AWS is."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from infra.errors import CommandError
from infra.local import environment

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "running.json"


@dataclass(frozen=True)
class Running:
    """What a command needs to reach a local run's tables."""

    endpoint: str
    region: str
    table_prefix: str


def note(data: Path, running: Running) -> None:
    """Record that a run is up."""
    (data / _FILE).write_text(json.dumps(asdict(running)), encoding="utf-8")


def forget(data: Path) -> None:
    """Remove the record."""
    (data / _FILE).unlink(missing_ok=True)


def enter(data: Path) -> Running:
    """Point this process at the current run; raises CommandError if there is none."""
    try:
        running = Running(**json.loads((data / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        message = "There is no local run. Start one with `make run`, and sign up there."
        raise CommandError(message) from error
    environment.point_at_emulator(os.environ, running.endpoint, running.region)
    os.environ["TABLE_PREFIX"] = running.table_prefix
    return running
