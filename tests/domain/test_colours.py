"""Accent colours: text in any of them is readable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.colours import ColourError, contrast, palette, parse_colour

_STYLES = Path(__file__).parents[2] / "chalicelib/web/static/app.css"
_COLOURS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def _grounds() -> list[tuple[str, str]]:
    """Read the backgrounds of accents from the stylesheet, the light theme's first."""
    css = _STYLES.read_text("utf-8")
    found = [re.findall(rf"--{name}: (#\w+);", css) for name in ("ground", "surface")]
    longer = [["#ffffff" if each == "#fff" else each for each in pair] for pair in found]
    return [(longer[0][0], longer[1][0]), (longer[0][1], longer[1][1])]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#0b6253", "#0b6253", 1.0)],
)
def test_contrast_is_counted_as_wcag_does(one: str, other: str, expected: float) -> None:
    assert contrast(one, other) == pytest.approx(expected, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


@given(_COLOURS)
def test_any_accent_can_be_read(colour: str) -> None:
    made = palette(colour)
    for accent, grounds in zip((made.light, made.dark), _grounds(), strict=True):
        for words in (accent.text, accent.text_strong):
            assert min(contrast(words, ground) for ground in grounds) >= 4.5
        assert contrast(accent.on_fill, accent.fill) >= 4.5
        assert contrast(accent.on_fill, accent.fill_strong) >= 4.5


@given(_COLOURS)
def test_the_operators_colour_is_the_one_on_light_buttons(colour: str) -> None:
    assert palette(colour).light.fill == colour


@pytest.mark.parametrize("raw", ["red", "#fff", "#12345g", "#1234567", "", "#123456;}", " #123456"])
def test_only_six_digits_are_a_colour(raw: str) -> None:
    with pytest.raises(ColourError):
        parse_colour(raw)
    assert parse_colour("#AbCdEf") == "#abcdef"
