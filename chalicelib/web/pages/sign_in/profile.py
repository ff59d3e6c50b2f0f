"""`/profile`: the user's name, email, password and sessions."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import services, settings
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.lists import PageRequest
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.chosen_names import user_name
from chalicelib.web.kit.cookies import device_cookie
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import is_id, origin_of, query_parameter, read_form
from chalicelib.web.kit.routing.pages import Pages
from chalicelib.web.kit.visitor import PageVisitor, browser_of, signed_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalice import Response

    from chalicelib.web.kit.errors import HttpError
    from chalicelib.web.kit.routing.guarded import View

profile_pages = Pages(__name__)

_PATH = "/profile"
_SESSIONS_SHOWN = 100
_NOTICES = {
    "renamed": "Your name is saved.",
    "email-asked": "We've mailed a link to the new address. It counts once you've pressed it.",
    "email-changed": "Your email is changed, and your other sessions have ended.",
    "password-changed": "Your password is changed, and your other sessions have ended.",
    "session-ended": "The session is ended.",
    "others-ended": "All your other sessions are ended.",
}


@profile_pages.view("GET /profile", access=Access.SIGNED_IN)
def show_profile() -> Response:
    """Show the user's details and sessions."""
    notice = _NOTICES.get(query_parameter(profile_pages.current_request, "done"))
    return _page(notice=notice)


def _refused(places: Mapping[str, str]) -> View:
    """Return a function that shows the page again; `places` maps parameters to fields."""

    def refused(form: dict[str, str], words: HttpError) -> Response:
        place = places.get(words.param or "")
        errors = {place: words.message} if place else {}
        error = None if place else words.message
        values = {name: form[name] for name in ("name", "email") if name in form}
        return _page(words.status, errors=errors, error=error, values=values)

    return refused


@profile_pages.view("POST /profile", access=Access.SIGNED_IN, refused=_refused({"name": "name"}))
def rename() -> Response:
    """Change the display name."""
    request = profile_pages.current_request
    name = user_name(read_form(request).get("name", ""), "name")
    visitor = signed_in(request)
    services().profile.rename(visitor.user, visitor.session, name, origin_of(request))
    return see_other(f"{_PATH}?done=renamed")


@profile_pages.view(
    "POST /profile/email",
    access=Access.SIGNED_IN,
    refused=_refused({"email": "email", "current_password": "email_password"}),
)
def change_email() -> Response:
    """Request the link that changes the email."""
    request = profile_pages.current_request
    form = read_form(request)
    email = EmailAddress.parse(form.get("email", ""))
    password = form.get("current_password", "")
    visitor = signed_in(request)
    services().email_change.begin(
        visitor.user, visitor.session, password, email, browser_of(request)
    )
    return see_other(f"{_PATH}?done=email-asked")


@profile_pages.view(
    "POST /profile/password",
    access=Access.SIGNED_IN,
    refused=_refused({"current_password": "current_password", "password": "password"}),
)
def change_password() -> Response:
    """Set a new password; every other session ends."""
    request = profile_pages.current_request
    visitor, form = signed_in(request), read_form(request)
    current, new = form.get("current_password", ""), form.get("password", "")
    cookie = services().profile.change_password(
        visitor.user, visitor.session, current, new, browser_of(request)
    )
    return see_other(f"{_PATH}?done=password-changed", cookies=[device_cookie().set(cookie)])


def _gone(form: dict[str, str], words: HttpError) -> Response:
    del form
    return _page(words.status, error="That session has ended already.")


@profile_pages.view(
    "POST /profile/sessions/{session_id}/end", access=Access.SIGNED_IN, refused=_gone
)
def end_session(session_id: str) -> Response:
    """End one of the user's sessions."""
    request = profile_pages.current_request
    visitor = signed_in(request)
    if not is_id(session_id):
        raise NotFoundError
    services().sessions.end_one(visitor, session_id, origin_of(request))
    return see_other(f"{_PATH}?done=session-ended")


@profile_pages.view("POST /profile/sessions/end-others", access=Access.SIGNED_IN)
def end_other_sessions() -> Response:
    """End all sessions but this one."""
    request = profile_pages.current_request
    cookie = services().sessions.end_others(signed_in(request), browser_of(request))
    cookies = [device_cookie().set(cookie)] if cookie else None
    return see_other(f"{_PATH}?done=others-ended", cookies=cookies)


@profile_pages.view("GET /.well-known/change-password", access=Access.ANYONE)
def find_password_form() -> Response:
    """Redirect a password manager to the form that changes the password."""
    return see_other(f"{_PATH}#password-title")


def _page(status: int = HTTPStatus.OK, **shown: Any) -> Response:
    visitor = signed_in(profile_pages.current_request)
    sessions = services().sessions.page(visitor, PageRequest(limit=_SESSIONS_SHOWN))
    context = {"errors": {}, "error": None, "notice": None, **shown}
    context["values"] = {"name": visitor.user.name, "email": "", **shown.get("values", {})}
    return page(
        "sign_in/profile.html",
        status=status,
        visitor=PageVisitor.of(visitor),
        has_password=visitor.user.password_hash is not None,
        password_min=settings().password_min_length,
        sessions=sessions.items,
        more_sessions=sessions.has_more,
        can_leave=visitor.membership is not None,
        speaks_for_user=visitor.session.speaks_for(visitor.user),
        **context,
    )
