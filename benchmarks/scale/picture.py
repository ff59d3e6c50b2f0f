"""Draws runs as lines over time, in an SVG that follows the reader's light or dark theme."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.scale.loads import Run

_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 720, 360, 64, 24, 24, 120
_TOP_VALUE = 10_000
_POINTS = 120
# The lines differ in dashes as well as colours, for readers who can't distinguish the colours.
_STROKES = (("#2563eb", ""), ("#b45309", "6 4"), ("#be123c", "2 3"), ("#6d28d9", "10 3 2 3"))

_STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #1f2937; }
.line { stroke: #9ca3af; }
@media (prefers-color-scheme: dark) { text { fill: #e5e7eb; } .line { stroke: #4b5563; } }
</style>"""


def drawn(runs: Sequence[Run]) -> str:
    """Draw how many calls were throttled in each second."""
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    name = 'role="img" aria-label="Throttled calls a second over ten minutes, by load"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} {name}>',
        _STYLE,
        f'<text x="{_LEFT}" y="14">throttled calls a second</text>',
        *_axes(len(runs[0].throttled)),
        *(_line(run, *stroke) for run, stroke in zip(runs, _STROKES, strict=True)),
        *_key(runs),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _axes(seconds: int) -> list[str]:
    marks = []
    for value in range(0, _TOP_VALUE + 1, 2_500):
        y = _y(value)
        marks.append(f'<line class="line" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>')
        marks.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{value:,}</text>')
    for minute in range(0, seconds // 60 + 1, 2):
        x = _x(minute * 60, seconds)
        marks.append(f'<text x="{x}" y="{_y(0) + 20}" text-anchor="middle">{minute} min</text>')
    return marks


def _line(run: Run, colour: str, dashes: str) -> str:
    step = max(len(run.throttled) // _POINTS, 1)
    points = " ".join(
        f"{_x(second, len(run.throttled))},{_y(run.throttled[second].all)}"
        for second in range(0, len(run.throttled), step)
    )
    return (
        f'<polyline fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
        f' points="{points}"/>'
    )


def _key(runs: Sequence[Run]) -> list[str]:
    lines = []
    for place, (run, (colour, dashes)) in enumerate(zip(runs, _STROKES, strict=True)):
        y = _HEIGHT - _BOTTOM + 50 + 18 * place
        lines.append(
            f'<line x1="{_LEFT}" x2="{_LEFT + 36}" y1="{y}" y2="{y}" stroke="{colour}"'
            f' stroke-width="2" stroke-dasharray="{dashes}"/>'
        )
        lines.append(f'<text x="{_LEFT + 46}" y="{y + 4}">{escape(run.name)}</text>')
    return lines


def _x(second: int, seconds: int) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * second / seconds, 1)


def _y(value: float) -> float:
    return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - value / _TOP_VALUE), 1)
