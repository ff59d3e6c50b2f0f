"""Counts everything and writes docs/costs.md: `python -m benchmarks.operations`."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.operations.counting import counted
from benchmarks.operations.page import page, unequal
from tests.support.engines import EngineMissingError

SIZES = (10, 1_000, 100_000)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "costs.md"


def main() -> int:
    """Count; non-zero when an operation costs more because there are more users."""
    try:
        found = counted(SIZES)
    except EngineMissingError as reason:
        print(f"Not counted: {reason}", file=sys.stderr)  # noqa: T201 - a command
        return 1
    PAGE.write_text(page(found), "utf-8")
    for name in unequal(found):
        print(f"{name}: not the same with more users", file=sys.stderr)  # noqa: T201 - a command
    return int(bool(unequal(found)))


if __name__ == "__main__":
    sys.exit(main())
