"""Draws costs as bars in an SVG that follows the reader's light or dark theme."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDTH, _LEFT, _RIGHT, _TOP, _STEP, _BAR = 720, 220, 90, 40, 32, 20
_STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #1f2937; }
.others { fill: #9ca3af; } .ours { fill: #2563eb; }
@media (prefers-color-scheme: dark) {
text { fill: #e5e7eb; } .others { fill: #6b7280; } .ours { fill: #60a5fa; } }
</style>"""


def drawn(title: str, ours: float, others: Mapping[str, float]) -> str:
    """Draw costs as bars from zero, the lowest first, each with its number."""
    costs = sorted({"Terminus Hub": ours, **others}.items(), key=lambda pair: pair[1])
    height = _TOP + _STEP * len(costs) + 8
    label = escape(f"{title}: {', '.join(f'{name} {cost}' for name, cost in costs)}")
    box = f'viewBox="0 0 {_WIDTH} {height}" role="img"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} aria-label="{label}">',
        _STYLE,
        f'<text x="8" y="20">{escape(title)}</text>',
    ]
    for place, (name, cost) in enumerate(costs):
        y = _TOP + _STEP * place
        width = round((_WIDTH - _LEFT - _RIGHT) * cost / costs[-1][1], 1)
        kind = "ours" if cost == ours else "others"
        middle = y + _BAR - 5
        parts += [
            f'<text x="{_LEFT - 10}" y="{middle}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{width}" height="{_BAR}" rx="3"/>',
            f'<text x="{_LEFT + width + 8}" y="{middle}">{cost}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
