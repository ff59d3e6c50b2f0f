"""An operator's accent colour, and the text colours readable on it by WCAG 2.2 contrast."""

from __future__ import annotations

import re
from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass
from typing import Final

DEFAULT_ACCENT: Final = "#0b6253"
TEXT_CONTRAST = 4.5
# In the dark theme, more contrast than WCAG demands, as in our own palette. A little paler, because
# saturated colours glare on a dark ground.
_DARK_CONTRAST, _DARK_SATURATION = 7.0, 0.75
# The backgrounds that accents are shown on: the stylesheet's --ground in the light theme and its
# --surface in the dark theme, which is the harder of the two there.
_LIGHT_GROUND, _DARK_GROUND = "#f5f6f4", "#181d1b"
_BLACK, _WHITE = "#000000", "#ffffff"
_STEPS = 50
_HOVER_STEPS = 6


class ColourError(ValueError):
    """The text is not a colour that every browser and mail program reads the same way."""


@dataclass(frozen=True)
class Accent:
    """A theme's accent: for text and focus rings, for buttons, and for the text on buttons."""

    text: str
    text_strong: str
    fill: str
    fill_strong: str
    on_fill: str


@dataclass(frozen=True)
class Palette:
    """One colour in the light theme and in the dark theme."""

    light: Accent
    dark: Accent


def parse_colour(raw: str) -> str:
    """Check that a text is `#rrggbb`, because it goes into a stylesheet; raises ColourError."""
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", raw):
        raise ColourError(raw)
    return raw.lower()


def palette(accent: str) -> Palette:
    """Keep the colour for light buttons; elsewhere change its shade until the text is readable."""
    light, dark = _darkened(accent), _lightened(accent)
    return Palette(
        _accent(light, _shaded(light, _BLACK, _HOVER_STEPS), accent),
        _accent(dark, _shaded(dark, _WHITE, _HOVER_STEPS), dark),
    )


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21 (WCAG 1.4.3)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _accent(text: str, text_strong: str, fill: str) -> Accent:
    # Black or white always reaches 4.5.
    on_fill = max((_WHITE, _BLACK), key=lambda colour: contrast(fill, colour))
    away = _BLACK if on_fill == _WHITE else _WHITE
    return Accent(text, text_strong, fill, _shaded(fill, away, _HOVER_STEPS), on_fill)


def _darkened(colour: str) -> str:
    shades = (_shaded(colour, _BLACK, step) for step in range(_STEPS + 1))
    return next(shade for shade in shades if contrast(shade, _LIGHT_GROUND) >= TEXT_CONTRAST)


def _lightened(colour: str) -> str:
    """Make it lighter with the same hue; mixing with white would wash the hue out."""
    hue, lightness, saturation = rgb_to_hls(*(channel / 255 for channel in _channels(colour)))
    paler = saturation * _DARK_SATURATION
    lights = (lightness + (1 - lightness) * step / _STEPS for step in range(_STEPS + 1))
    shades = (_hex(hls_to_rgb(hue, light, paler)) for light in lights)
    return next(shade for shade in shades if contrast(shade, _DARK_GROUND) >= _DARK_CONTRAST)


def _hex(parts: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _shaded(colour: str, towards: str, step: int) -> str:
    pairs = zip(_channels(colour), _channels(towards), strict=True)
    return "#" + "".join(f"{round(c + (t - c) * step / _STEPS):02x}" for c, t in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
