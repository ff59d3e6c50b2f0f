"""`/static/…`: stylesheets, scripts and SVG; all text, which the gateway passes unchanged."""

from __future__ import annotations

from chalice import Response

from chalicelib.domain.errors import NotFoundError
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.html.static_files import static_file
from chalicelib.web.kit.routing.pages import Pages

assets_pages = Pages(__name__)

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_FOR_GOOD = "public, max-age=31536000, immutable"


@assets_pages.view("GET /static/{name}", access=Access.ANYONE)
def show_asset(name: str) -> Response:
    """Answer with a static file; raises NotFoundError."""
    try:
        text = static_file(name)
    except KeyError:
        raise NotFoundError from None
    content_type = _TYPES[name.rpartition(".")[2]]
    return Response(text, headers={"Content-Type": content_type, "Cache-Control": _FOR_GOOD})
