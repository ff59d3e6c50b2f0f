"""`/auth/email_change`: what the old email can do about a change."""

from __future__ import annotations

from chalicelib.bootstrap import services
from chalicelib.web.contract import bodies
from chalicelib.web.kit.blueprints import JsonApi
from chalicelib.web.kit.requests import origin_of, read_body

email_change_api = JsonApi(__name__)

_SIGN_IN = {"next": "sign_in"}


@email_change_api.route("/auth/email_change/stop", methods=["POST"])
def stop() -> dict[str, str]:
    """Spend the link that stops a change."""
    request = email_change_api.current_request
    body = read_body(request, bodies.EmailChangeLink)
    services().email_change.stop(body.token, origin_of(request))
    return _SIGN_IN


@email_change_api.route("/auth/email_change/undo", methods=["POST"])
def undo() -> dict[str, str]:
    """Spend the link that takes the old email back."""
    request = email_change_api.current_request
    body = read_body(request, bodies.EmailChangeLink)
    services().email_change.undo(body.token, origin_of(request))
    return _SIGN_IN
