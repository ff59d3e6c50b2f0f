"""The files under `/static`: the folder's, and those generated from the operator's brand."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.bootstrap import settings
from chalicelib.domain.colours import DEFAULT_ACCENT, palette

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.colours import Accent

STATIC = Path(__file__).parents[2] / "static"
_KINDS = (".css", ".js", ".svg")
_OURS = ("logo.svg", "favicon.svg")
# Third-party files, each in a folder with its licence and checksum.
_VENDORED = {
    "swagger-ui-bundle.js": Path(__file__).parents[2] / "vendored/swagger_ui/swagger-ui-bundle.js",
}


def static_files() -> Mapping[str, str]:
    """Return every file's text by name; `brand.css` is there if the operator chose a colour.

    Names are looked up in this list, not as paths, so none can lead out of the folder.
    """
    return _files(settings().brand_accent, settings().brand_logo)


def static_file(name: str) -> str:
    """Return a file's text by name; raises KeyError."""
    return _vendored(name) if name in _VENDORED else static_files()[name]


@cache
def _vendored(name: str) -> str:
    # Read on demand: a megabyte that only the console needs.
    return _VENDORED[name].read_text("utf-8")


@cache
def _files(accent: str, logo: str) -> Mapping[str, str]:
    files = {p.name: p.read_text("utf-8") for p in STATIC.iterdir() if p.suffix in _KINDS}
    if accent != DEFAULT_ACCENT:
        made = palette(accent)
        files["brand.css"] = _stylesheet(made.light, made.dark)
        for name in _OURS:
            files[name] = _repainted(files[name], made.light)
    if logo:
        files |= dict.fromkeys(_OURS, files[logo])
    return files


def _stylesheet(light: Accent, dark: Accent) -> str:
    # A file, because our content policy forbids inline styles.
    return (
        f":root {{\n{_tokens(light)}}}\n\n"
        f"@media (prefers-color-scheme: dark) {{\n:root {{\n{_tokens(dark)}}}\n}}\n"
    )


def _tokens(accent: Accent) -> str:
    return (
        f"  --accent: {accent.text};\n  --accent-strong: {accent.text_strong};\n"
        f"  --button: {accent.fill};\n  --button-strong: {accent.fill_strong};\n"
        f"  --on-accent: {accent.on_fill};\n"
    )


def _repainted(drawing: str, accent: Accent) -> str:
    return drawing.replace('"#fff"', f'"{accent.on_fill}"').replace(DEFAULT_ACCENT, accent.fill)
