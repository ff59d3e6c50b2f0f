"""Run the crowd against a local stack of its own, and write docs/load.md.

Loopback only; it ends by itself after two minutes and the calls that are under way.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.load.crowd import gathered
from tests.support.servers.stack import running_stack

if TYPE_CHECKING:
    from benchmarks.load.crowd import Notes

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "load.md"
_PEOPLE = 50
_KEYS = 200
_SECONDS = 120.0
_TOP = f"""# Under load

Written by `python -m benchmarks.load`: {_PEOPLE} people and {_KEYS} programs with a key each use
one local stack at once, for {_SECONDS:.0f} seconds. People sign in, look at three pages with pauses
between half a second and two and a half, sign out and begin again; each program calls six times a
minute. All is on one machine: the crowd, the app, its mail worker and the emulator of AWS.

"""
_END = """
It shows that nothing fails or mixes callers up when many come at once. It doesn't show how long
people wait on AWS: there, each request has a Lambda to itself, and here all of them share a
Python process beside an emulator that takes one request at a time.
"""


def main() -> int:
    """Load, and say what happened; non-zero when any call failed."""
    with tempfile.TemporaryDirectory() as scratch, running_stack(Path(scratch)) as stack:
        crowd = gathered(stack, _PEOPLE, _KEYS)
        busy, _, _ = os.getloadavg()
        notes = crowd.stay(_SECONDS)
    text = _table(notes) + f"\nBefore they began, the machine's load was {busy:.1f} already.\n"
    print(text)  # noqa: T201 - a command
    if notes.errors:
        print(*Counter(notes.errors).most_common(), sep="\n", file=sys.stderr)  # noqa: T201 - a command
        return 1
    _PAGE.write_text(_TOP + text + _END, "utf-8")
    return 0


def _table(notes: Notes) -> str:
    lines = ["| step | calls | p50, ms | p99, ms | longest, ms |", "|---|---|---|---|---|"]
    for step, taken in sorted(notes.milliseconds.items()):
        p99 = statistics.quantiles(taken, n=100, method="inclusive")[98]
        figures = (statistics.median(taken), p99, max(taken))
        lines.append(f"| {step} | {len(taken):,} | {' | '.join(f'{x:.0f}' for x in figures)} |")
    calls = sum(map(len, notes.milliseconds.values()))
    lines += ["", f"{calls:,} calls, {calls / _SECONDS:.0f} a second; errors: {len(notes.errors)}."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
