"""The operator's colour and logo in pages and static files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from chalicelib.settings import Settings, SettingsError

if TYPE_CHECKING:
    from tests.support.http import Reply
    from tests.support.service import Service


def _styles(service: Service) -> list[Reply]:
    program = service.program()
    page = program.get("/sign-in").text
    return [program.get(path) for path in re.findall(r'rel="stylesheet" href="([^"]+)"', page)]


class TestAnOperatorsColour:
    @pytest.fixture
    def environ(self) -> dict[str, str]:
        return {"BRAND_ACCENT": "#FFD400"}

    def test_it_comes_in_a_stylesheet_of_ours(self, service: Service) -> None:
        """`H7`: the content policy allows no inline style."""
        ours, brand = _styles(service)
        assert brand.status == 200
        assert brand.header("Content-Type") == "text/css; charset=utf-8"
        assert "--button: #ffd400;" in brand.text
        assert "--on-accent: #000000;" in brand.text
        assert "style-src 'self'" in (ours.header("Content-Security-Policy") or "")

    def test_our_logo_wears_it(self, service: Service) -> None:
        logo = service.program().get("/static/logo.svg").text
        assert 'fill="#ffd400"' in logo
        assert 'stroke="#000000"' in logo


class TestAnOperatorsLogo:
    @pytest.fixture
    def environ(self) -> dict[str, str]:
        return {"BRAND_LOGO": "favicon.svg"}

    def test_it_stands_where_ours_stood(self, service: Service) -> None:
        program = service.program()
        logo, chosen = (program.get(f"/static/{name}.svg").text for name in ("logo", "favicon"))
        assert logo == chosen


def test_without_a_colour_there_is_one_stylesheet(service: Service) -> None:
    assert len(_styles(service)) == 1
    assert service.program().get("/static/brand.css").status == 404


@pytest.mark.parametrize("colour", ["", "green", "#0b6", "#0b6253;}", "0b6253"])
def test_a_wrong_colour_stops_the_start(colour: str) -> None:
    with pytest.raises(SettingsError, match="BRAND_ACCENT"):
        Settings.from_environ({"BRAND_ACCENT": colour})


@pytest.mark.parametrize(
    "name", ["none.svg", "../settings.py", "app.css", "LOGO.svg", "/etc/x.svg"]
)
def test_a_missing_logo_stops_the_start(name: str) -> None:
    with pytest.raises(SettingsError, match="BRAND_LOGO"):
        Settings.from_environ({"BRAND_LOGO": name})
