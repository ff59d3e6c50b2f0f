"""Renders pages from templates."""

from __future__ import annotations

import hashlib
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalice import Response

from chalicelib.bootstrap import services, settings
from chalicelib.domain.clock import ago, exact
from chalicelib.web.kit.html.static_files import static_file, static_files

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parents[2]
HTML = "text/html; charset=utf-8"


def page(
    template: str, *, status: int = 200, cookies: list[str] | None = None, **context: Any
) -> Response:
    """Render a template into an answer."""
    body = _environment().get_template(template).render(status=status, **context)
    headers: dict[str, Any] = {"Content-Type": HTML}
    if cookies:
        headers["Set-Cookie"] = cookies
    return Response(body, status_code=status, headers=headers)


def see_other(path: str, *, cookies: list[str] | None = None) -> Response:
    """Redirect to a page of ours with a 303, so that a reload repeats no POST."""
    headers: dict[str, Any] = {"Location": url(path), "Content-Type": HTML}
    if cookies:
        headers["Set-Cookie"] = cookies
    return Response("", status_code=HTTPStatus.SEE_OTHER, headers=headers)


def url(path: str) -> str:
    """Return a path below the public URL's own path, such as a gateway's stage."""
    return f"{urlsplit(settings().public_url).path}{path}"


def asset(name: str) -> str:
    """Return the URL of a static file; it changes with the content, so it can be cached forever."""
    return url(f"/static/{name}?v={_version(static_file(name))}")


def stylesheets() -> list[str]:
    """Return the stylesheets of every page: ours, then the operator's colours."""
    return [name for name in ("app.css", "brand.css") if name in static_files()]


@cache
def _version(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


@cache
def _environment() -> Environment:
    # Imported here because jinja2 adds 50 ms to a cold start, and the API doesn't need it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        asset=asset,
        stylesheets=stylesheets,
        url=url,
        brand=settings().product_name,
        visitor=None,
        notice=None,
    )
    made.filters["exact"] = exact
    made.filters["ago"] = lambda moment: ago(moment, services().clock())
    return made
