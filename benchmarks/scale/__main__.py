"""Simulates, measures, writes docs/scale.md and its picture: `python -m benchmarks.scale`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.scale.loads import runs
from benchmarks.scale.picture import drawn
from benchmarks.scale.sizes import largest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.scale.loads import Run

_DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, PICTURE = _DOCS / "scale.md", _DOCS / "pictures" / "throttled.svg"

_TEXT = Path(__file__).with_name("page.md")


def main() -> None:
    """Write the page and the picture."""
    played = list(runs())
    PICTURE.write_text(drawn(played), "utf-8")
    PAGE.write_text(page(played, largest()), "utf-8")


def page(played: Sequence[Run], sizes: Mapping[str, int]) -> str:
    """Write what was simulated and measured."""
    rows = "".join(f"{_row(run)}\n" for run in played)
    most = "".join(f"| {table} | {size} |\n" for table, size in sizes.items())
    return _TEXT.read_text("utf-8").replace("{runs}", rows).replace("{sizes}", most)


def _row(run: Run) -> str:
    last = run.at_last
    cells = [run.name, f"{run.worst:,}", f"{last.all:,}", f"{last.usual:,}", run.partitions]
    return f"| {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    main()
