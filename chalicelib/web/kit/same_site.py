"""Refuses requests from other sites by the browser's own headers, without tokens (conformance B15).

Every current browser sends `Sec-Fetch-Site` or `Origin` with a POST, and pages can't forge them.
With neither header the caller isn't a browser, so it can't misuse a user's cookies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.bootstrap import settings
from chalicelib.web.kit.errors import CrossSiteError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAFE_METHODS = frozenset(("GET", "HEAD"))
# `none` is the user's own action, such as a bookmark; `same-site` is a page of another host.
_OWN = frozenset(("same-origin", "none"))


def refuse_cross_site(method: str, headers: Mapping[str, str]) -> None:
    """Allow safe methods and requests of our own pages; raises CrossSiteError."""
    if method in _SAFE_METHODS:
        return
    site = headers.get("sec-fetch-site")
    if site is not None and site not in _OWN:
        raise CrossSiteError
    origin = headers.get("origin")
    if origin == "null" and site == "same-origin":
        # Our Referrer-Policy makes browsers hide the origin of our own forms.
        return
    if origin is not None and origin != own_origin():
        raise CrossSiteError


def refuse_foreign_visit(headers: Mapping[str, str]) -> None:
    """Allow a GET that has an effect only from our own pages and from programs.

    A link in a mail program arrives as `none`, as a typed URL does, so `none` is refused here.
    Raises CrossSiteError.
    """
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise CrossSiteError
    refuse_cross_site("POST", headers)


def own_origin() -> str:
    """Return the origin of the public URL, as browsers write it."""
    parts = urlsplit(settings().public_url)
    host = parts.netloc.removesuffix(":443") if parts.scheme == "https" else parts.netloc
    return f"{parts.scheme}://{host}".lower()
