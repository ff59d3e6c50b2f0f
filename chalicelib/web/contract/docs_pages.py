"""`/docs`: how to call the API; `/docs/reference`: every call; `/docs/console`: try them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.bootstrap import settings
from chalicelib.domain.keys.api_key import KEYS_MAX
from chalicelib.domain.lists import LIMIT_DEFAULT, LIMIT_MAX
from chalicelib.web.contract.reference import groups, shapes
from chalicelib.web.contract.refusals import WORDS
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.headers import CONSOLE_POLICY
from chalicelib.web.kit.html.rendering import page
from chalicelib.web.kit.routing.pages import Pages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalice import Response

docs_pages = Pages(__name__)

_QUICKSTARTS = Path(__file__).parents[1] / "quickstarts"


@docs_pages.view("GET /docs", access=Access.ANYONE)
def show_docs() -> Response:
    """Show how to start, and what to expect."""
    api_url = f"{settings().public_url}/api/v1"
    code = {name: text.replace("API_URL", api_url) for name, text in _quickstarts().items()}
    return page(
        "docs/docs.html",
        api_url=api_url,
        code=code,
        words=WORDS,
        per_minute=settings().api_key_requests_per_minute,
        keys_max=KEYS_MAX,
        limit_default=LIMIT_DEFAULT,
        limit_max=LIMIT_MAX,
    )


@docs_pages.view("GET /docs/reference", access=Access.ANYONE)
def show_reference() -> Response:
    """Show every call and every shape."""
    app = docs_pages.current_app
    return page("docs/docs_reference.html", groups=list(groups(app)), shapes=shapes(app))


@docs_pages.view("GET /docs/console", access=Access.ANYONE)
def show_console() -> Response:
    """Show every call with a form to try it, which needs JavaScript."""
    answer = page("docs/docs_console.html")
    answer.headers["Content-Security-Policy"] = CONSOLE_POLICY
    return answer


@cache
def _quickstarts() -> Mapping[str, str]:
    return {path.stem: path.read_text("utf-8") for path in _QUICKSTARTS.glob("*.txt")}
