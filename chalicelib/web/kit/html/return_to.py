"""To the proof page and back: to the page where the user was, with what they had typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from chalicelib.domain.names import NAME_MAX_LENGTH
from chalicelib.web.kit.declarations import declared_view
from chalicelib.web.kit.html.rendering import see_other
from chalicelib.web.kit.requests import read_form

if TYPE_CHECKING:
    from chalice import Chalice, Response
    from chalice.app import Request

# Paths of our pages. A link from elsewhere can name any target, so nothing else is followed
# (conformance E15).
_OURS = re.compile(
    r"/(?:settings|profile|accounts)(?:/[A-Za-z0-9_-]+)*(?:\?[A-Za-z0-9_.~%+=&-]*)?\Z"
)
# The one field that is kept on the way through the proof. It travels in the URL, so no secret and
# no email may.
_KEPT = "name"
# Forms that are on another page than one above them.
_SHOWN_ON = {
    "/settings/invitations/{invitation_id}": "/settings/members",
    "/settings/handover": "/settings/members",
}


def proof_first(app: Chalice, request: Request) -> Response:
    """Send a session whose proof is too old to the proof page, which leads back here."""
    return see_other(f"/proof?{urlencode({'next': page_with_kept(app, request)})}")


def page_with_kept(app: Chalice, request: Request) -> str:
    """Return the page that a form is on, with the form's field that is kept."""
    path = page_of(app, request)
    typed = read_form(request).get(_KEPT, "") if request.method == "POST" else ""
    return f"{path}?{urlencode({_KEPT: typed})}" if 0 < len(typed) <= NAME_MAX_LENGTH else path


def onward(path: str) -> str:
    """Return where the proof leads to: the start page if the path isn't one of ours."""
    return path if _OURS.match(path) else "/"


def page_of(app: Chalice, request: Request) -> str:
    """Return the page that a form is on: its own path, or the nearest page above it."""
    pattern = str(request.path)
    for above, shown_on in _SHOWN_ON.items():
        if pattern.startswith(above):
            return shown_on
    while pattern and declared_view(app, "GET", pattern) is None:
        pattern = pattern.rpartition("/")[0]
    for name, value in (request.uri_params or {}).items():
        pattern = pattern.replace(f"{{{name}}}", value)
    return pattern
