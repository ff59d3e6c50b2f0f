"""Measures what `import app` loads: the part of a cold start that every route has."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from benchmarks.figures import Figure

_HEAVY = ("pynamodb", "botocore", "argon2", "jinja2", "lxml", "zxcvbn", "email_validator")
_ROUNDS = 9
_NO_FIRST_USE = "the imports that the first request to a route makes."
_NO_COLD_START = (
    "a whole cold start, which also includes Lambda's own start and reading the package from disk."
)
_PROBE = """
import json, sys, time
began = time.process_time()
import {module}
taken = (time.process_time() - began) * 1000
print(json.dumps([taken, sorted(set(name.partition(".")[0] for name in sys.modules))]))
"""


def figures() -> list[Figure]:
    """Count heavy packages, and compare the import with Chalice's own."""
    ours, floor, loaded = [], [], set[str]()
    for _ in range(_ROUNDS):
        taken, names = _import("app")
        ours.append(taken)
        loaded |= set(names)
        floor.append(_import("chalice")[0])
    heavy = sorted(loaded & set(_HEAVY))
    return [
        Figure(
            "heavy packages loaded by `import app`", len(heavy), 0, len(heavy), 0, 0, _NO_FIRST_USE
        ),
        Figure(
            "CPU of `import app` / `import chalice`",
            round(statistics.median(ours), 1),
            round(statistics.median(floor), 1),
            round(statistics.median(ours) / statistics.median(floor), 2),
            0,
            6.0,
            _NO_COLD_START,
        ),
    ]


def _import(module: str) -> tuple[float, list[str]]:
    printed = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-c", _PROBE.format(module=module)],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": ""},
    ).stdout
    taken, names = json.loads(printed)
    return taken, names
