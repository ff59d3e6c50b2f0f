"""To the proof page and on from it: back to where a person was, with what they had typed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from chalicelib.domain.names import NAME_MAX_LENGTH
from chalicelib.web.kit.access import INVENTORY
from chalicelib.web.kit.rendering import see_other
from chalicelib.web.kit.requests import read_form

if TYPE_CHECKING:
    from chalice import Response
    from chalice.app import Request

# Pages of ours by their form: never another site, whatever a stranger's link says (`E15`).
_OURS = re.compile(
    r"/(?:settings|profile|accounts)(?:/[A-Za-z0-9_-]+)*(?:\?[A-Za-z0-9_.~%+=&-]*)?\Z"
)
# What a form keeps on the way through the proof. It travels in the address, so nothing secret and
# nobody's address does.
_KEPT = "name"
# Whose forms stand on another page than one above them.
_SHOWN_ON = {
    "/settings/invitations/{invitation_id}": "/settings/members",
    "/settings/handover": "/settings/members",
}


def proof_first(request: Request) -> Response:
    """Send a session whose proof is too old to prove itself, and to come back after it."""
    return see_other(f"/proof?{urlencode({'next': page_with_kept(request)})}")


def page_with_kept(request: Request) -> str:
    """Find the page that a form stands on, with what is kept of the form."""
    path = page_of(request)
    typed = read_form(request).get(_KEPT, "") if request.method == "POST" else ""
    return f"{path}?{urlencode({_KEPT: typed})}" if 0 < len(typed) <= NAME_MAX_LENGTH else path


def onward(path: str) -> str:
    """Return where the proof leads on to: the start page instead of what isn't ours."""
    return path if _OURS.match(path) else "/"


def page_of(request: Request) -> str:
    """Find the page that a form stands on: its own path, or the nearest above that shows one."""
    pattern = str(request.path)
    for above, shown_on in _SHOWN_ON.items():
        if pattern.startswith(above):
            return shown_on
    while pattern and f"GET {pattern}" not in INVENTORY:
        pattern = pattern.rpartition("/")[0]
    for name, value in (request.uri_params or {}).items():
        pattern = pattern.replace(f"{{{name}}}", value)
    return pattern
