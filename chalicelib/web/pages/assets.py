"""`/static/…`: the stylesheet, scripts and drawings; text alone, which the gateway passes as is."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalice import Response

from chalicelib.domain.errors import NotFoundError
from chalicelib.web.blueprints import Pages
from chalicelib.web.rendering import STATIC

if TYPE_CHECKING:
    from collections.abc import Mapping

assets_pages = Pages(__name__)

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_GOOD = "public, max-age=31536000, immutable"


@assets_pages.route("/static/{name}")
def show_asset(name: str) -> Response:
    """Answer with a file that stands in the static folder; raises NotFoundError."""
    asset = _assets().get(name)
    if asset is None:
        raise NotFoundError
    text, content_type = asset
    return Response(text, headers={"Content-Type": content_type, "Cache-Control": _FOR_GOOD})


@cache
def _assets() -> Mapping[str, tuple[str, str]]:
    # Listed, not looked up by path: no name can lead out of the folder.
    return {
        path.name: (path.read_text("utf-8"), _TYPES[path.suffix])
        for path in STATIC.iterdir()
        if path.suffix in _TYPES
    }
