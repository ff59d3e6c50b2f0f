"""`/auth/session` and `/auth/sessions`: the visitor's own session, and all that they have."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import services
from chalicelib.domain.errors import NotFoundError
from chalicelib.web.api.lists import list_answer, read_query
from chalicelib.web.api.views import account_view, listed_session_view, session_view
from chalicelib.web.contract import bodies
from chalicelib.web.kit.blueprints import JsonApi, json_answer
from chalicelib.web.kit.chosen_names import user_name
from chalicelib.web.kit.cookies import device_cookie, session_cookie
from chalicelib.web.kit.requests import is_id, origin_of, read_body
from chalicelib.web.kit.visitor import CLEAR_SITE_DATA, browser_of, signed_in

if TYPE_CHECKING:
    from chalice import Response


session_api = JsonApi(__name__)


@session_api.route("/auth/session")
def show_session() -> dict[str, Any]:
    """Say who is signed in, and where."""
    return session_view(signed_in(session_api.current_request))


@session_api.route("/auth/session/account", methods=["POST"])
def open_account() -> Response:
    """Enter one of the person's accounts under a new token."""
    request = session_api.current_request
    visitor = signed_in(request)
    body = read_body(request, bodies.OpenAccount)
    token, membership = services().sessions.open_account(
        visitor, body.account_id, origin_of(request)
    )
    answer = {"next": "app", "account": account_view(membership)}
    return json_answer(answer, cookies=[session_cookie().set(token.value)])


@session_api.route("/auth/accounts", methods=["POST"])
def create_account() -> Response:
    """Make an account of the person's own, and enter it under a new token."""
    request = session_api.current_request
    visitor = signed_in(request)
    name = user_name(read_body(request, bodies.CreateAccount).account_name, "account_name")
    token, membership = services().accounts.create(
        visitor.user, visitor.session, name, origin_of(request)
    )
    answer = {"next": "app", "account": account_view(membership)}
    cookies = [session_cookie().set(token.value)]
    return json_answer(answer, status=HTTPStatus.CREATED, cookies=cookies)


@session_api.route("/auth/session", methods=["DELETE"])
def sign_out() -> Response:
    """End the session; one that has ended already gets the same answer."""
    request = session_api.current_request
    token = session_cookie().read(request.headers)
    if token is not None:
        services().sessions.end(token, origin_of(request))
    return _signed_out()


@session_api.route("/auth/sessions")
def list_sessions() -> Response:
    """List the sessions that let this person in, the one used last first."""
    request = session_api.current_request
    visitor = signed_in(request)
    page, _ = read_query(request)
    return list_answer(services().sessions.page(visitor, page), listed_session_view)


@session_api.route("/auth/sessions", methods=["DELETE"])
def end_other_sessions() -> Response:
    """End all of them but this one."""
    request = session_api.current_request
    cookie = services().sessions.end_others(signed_in(request), browser_of(request))
    cookies = [device_cookie().set(cookie)] if cookie else None
    return json_answer(None, status=204, cookies=cookies)


@session_api.route("/auth/sessions/{session_id}", methods=["DELETE"])
def end_session(session_id: str) -> Response:
    """End one of them; this one's end is a sign-out."""
    request = session_api.current_request
    visitor = signed_in(request)
    if not is_id(session_id):
        raise NotFoundError
    services().sessions.end_one(visitor, session_id, origin_of(request))
    return _signed_out() if session_id == visitor.session.id else json_answer(None, status=204)


def _signed_out() -> Response:
    return json_answer(
        None,
        status=204,
        cookies=[session_cookie().clear()],
        Clear_Site_Data=CLEAR_SITE_DATA,
    )
