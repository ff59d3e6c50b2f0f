"""`/static/…`: the stylesheet, scripts and drawings; text alone, which the gateway passes as is."""

from __future__ import annotations

from chalice import Response

from chalicelib.domain.errors import NotFoundError
from chalicelib.web.kit.blueprints import Pages
from chalicelib.web.kit.static_files import static_file

assets_pages = Pages(__name__)

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_FOR_GOOD = "public, max-age=31536000, immutable"


@assets_pages.route("/static/{name}")
def show_asset(name: str) -> Response:
    """Answer with a file that stands in the static folder; raises NotFoundError."""
    try:
        text = static_file(name)
    except KeyError:
        raise NotFoundError from None
    content_type = _TYPES[name.rpartition(".")[2]]
    return Response(text, headers={"Content-Type": content_type, "Cache-Control": _FOR_GOOD})
