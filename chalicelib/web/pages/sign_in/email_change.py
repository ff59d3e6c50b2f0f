"""`/email-change/stop` and `/email-change/undo`: the old email stops a change, or undoes it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import origin_of, query_parameter, read_form
from chalicelib.web.kit.routing.pages import Pages

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.web.kit.errors import HttpError
    from chalicelib.web.kit.routing.guarded import View

email_change_pages = Pages(__name__)

_STOP, _UNDO = "sign_in/email_change_stop.html", "sign_in/email_change_undo.html"


def _refused(template: str) -> View:
    def refused(form: dict[str, str], words: HttpError) -> Response:
        if words.code == "link_invalid":
            return page("sign_in/email_change_invalid.html", status=words.status)
        token = form.get("token", "")
        return page(template, status=words.status, token=token, error=words.message)

    return refused


@email_change_pages.view("GET /email-change/stop", access=Access.ANYONE, refused=_refused(_STOP))
def show_stop() -> Response:
    """Show the button; a GET never spends the link (conformance B16)."""
    token = _token()
    if not token:
        return page("sign_in/link_missing.html", status=HTTPStatus.GONE)
    services().email_change.check_stop(token)
    return page(_STOP, token=token, error=None)


@email_change_pages.view("POST /email-change/stop", access=Access.ANYONE, refused=_refused(_STOP))
def stop() -> Response:
    """Stop the change, then ask for a new password: the one who asked for it knew the old one."""
    request = email_change_pages.current_request
    services().email_change.stop(read_form(request).get("token", ""), origin_of(request))
    return see_other("/password-reset?done=email-change-stopped")


@email_change_pages.view("GET /email-change/undo", access=Access.ANYONE, refused=_refused(_UNDO))
def show_undo() -> Response:
    """Show the button; a GET never spends the link (conformance B16)."""
    token = _token()
    if not token:
        return page("sign_in/link_missing.html", status=HTTPStatus.GONE)
    services().email_change.check_undo(token)
    return page(_UNDO, token=token, error=None)


@email_change_pages.view("POST /email-change/undo", access=Access.ANYONE, refused=_refused(_UNDO))
def undo() -> Response:
    """Restore the email; the user sets a new password next."""
    request = email_change_pages.current_request
    services().email_change.undo(read_form(request).get("token", ""), origin_of(request))
    return see_other("/password-reset?done=email-taken-back")


def _token() -> str:
    return query_parameter(email_change_pages.current_request, "token")
