"""Counts everything and writes docs/costs.md: `python -m benchmarks.operations`."""

from __future__ import annotations

import sys

from benchmarks.operations.bill import figures

if __name__ == "__main__":
    measured = figures()
    sys.exit(not measured or not all(figure.met for figure in measured))
