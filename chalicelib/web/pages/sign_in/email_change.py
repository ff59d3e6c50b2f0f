"""`/email-change/stop` and `/email-change/undo`: what the old email can do about a change."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.web.kit.blueprints import Pages
from chalicelib.web.kit.rendering import page, see_other
from chalicelib.web.kit.requests import origin_of, query_parameter, read_form

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.web.kit.blueprints import View
    from chalicelib.web.kit.errors import HttpError

email_change_pages = Pages(__name__)

_STOP, _UNDO = "sign_in/email_change_stop.html", "sign_in/email_change_undo.html"


def _refused(template: str) -> View:
    def refused(form: dict[str, str], words: HttpError) -> Response:
        if words.code == "link_invalid":
            return page("sign_in/email_change_invalid.html", status=words.status)
        token = form.get("token", "")
        return page(template, status=words.status, token=token, error=words.message)

    return refused


@email_change_pages.route("/email-change/stop", refused=_refused(_STOP))
def show_stop() -> Response:
    """Show the button; a GET never spends the link (`B16`)."""
    token = _token()
    if not token:
        return page("sign_in/link_missing.html", status=HTTPStatus.GONE)
    services().email_change.check_stop(token)
    return page(_STOP, token=token, error=None)


@email_change_pages.route("/email-change/stop", methods=["POST"], refused=_refused(_STOP))
def stop() -> Response:
    """Stop the change; whoever asked for it knew the password, so a new one comes next."""
    request = email_change_pages.current_request
    services().email_change.stop(read_form(request).get("token", ""), origin_of(request))
    return see_other("/password-reset?done=email-change-stopped")


@email_change_pages.route("/email-change/undo", refused=_refused(_UNDO))
def show_undo() -> Response:
    """Show the button; a GET never spends the link (`B16`)."""
    token = _token()
    if not token:
        return page("sign_in/link_missing.html", status=HTTPStatus.GONE)
    services().email_change.check_undo(token)
    return page(_UNDO, token=token, error=None)


@email_change_pages.route("/email-change/undo", methods=["POST"], refused=_refused(_UNDO))
def undo() -> Response:
    """Take the email back; the user sets a new password next."""
    request = email_change_pages.current_request
    services().email_change.undo(read_form(request).get("token", ""), origin_of(request))
    return see_other("/password-reset?done=email-taken-back")


def _token() -> str:
    return query_parameter(email_change_pages.current_request, "token")
