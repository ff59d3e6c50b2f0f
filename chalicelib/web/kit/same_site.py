"""Refusing what other sites send: no tokens, the browser says where a request comes from (`B15`).

Every browser of the last years sends `Sec-Fetch-Site` or `Origin` with a POST, and pages can't
forge them. With neither header the caller isn't a browser and rides on nobody's cookies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.bootstrap import settings
from chalicelib.web.kit.errors import CrossSiteError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAFE_METHODS = frozenset(("GET", "HEAD"))
# `none` is a person's own doing, such as a bookmark; `same-site` is another host's page.
_OWN = frozenset(("same-origin", "none"))


def refuse_cross_site(method: str, headers: Mapping[str, str]) -> None:
    """Let safe methods and our own pages pass; raises CrossSiteError."""
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
    """Let a GET that leaves something behind come from our own pages and from programs alone.

    A link in a mail program arrives as `none`, like a typed address, so that isn't enough here.
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
