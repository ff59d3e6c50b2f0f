"""`/auth/session` and `/auth/sessions`: the current session, and all sessions of the user."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.errors import NotFoundError
from chalicelib.web.api.lists import list_answer, read_query
from chalicelib.web.api.views import account_view, listed_session_view, session_view
from chalicelib.web.contract.shapes.accounts import (
    CreateAccountBody,
    OpenAccountBody,
    OpenedAccountAnswer,
)
from chalicelib.web.contract.shapes.common import Page
from chalicelib.web.contract.shapes.sign_in import ListedSessionAnswer, SessionAnswer
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.chosen_names import user_name
from chalicelib.web.kit.cookies import device_cookie, session_cookie
from chalicelib.web.kit.requests import is_id, origin_of, read_body
from chalicelib.web.kit.routing.json_api import JsonApi, json_answer
from chalicelib.web.kit.visitor import CLEAR_SITE_DATA, browser_of, signed_in

if TYPE_CHECKING:
    from chalice import Response


session_api = JsonApi(__name__)


@session_api.call(
    "GET /auth/session",
    access=Access.SIGNED_IN,
    summary="Who is signed in, and in which account",
    outcome="The session.",
    answer=SessionAnswer,
)
def show_session() -> SessionAnswer:
    """Show the user and the open account."""
    return session_view(signed_in(session_api.current_request))


@session_api.call(
    "POST /auth/session/account",
    access=Access.SIGNED_IN,
    summary="Open one of the user's accounts",
    outcome="The account, and a new cookie. Where the account enforces single sign-on, the 403 has"
    " `sso_url` beside `error`.",
    body=OpenAccountBody,
    answer=OpenedAccountAnswer,
    refusals=(404, 409),
)
def open_account() -> Response:
    """Open one of the user's accounts under a new token."""
    request = session_api.current_request
    visitor = signed_in(request)
    body = read_body(request, OpenAccountBody)
    token, membership = services().sessions.open_account(
        visitor, body.account_id, origin_of(request)
    )
    answer = OpenedAccountAnswer("app", account_view(membership))
    return json_answer(answer, cookies=[session_cookie().set(token.value)])


@session_api.call(
    "POST /auth/accounts",
    access=Access.SIGNED_IN,
    summary="Create an account",
    outcome="The account, and a new cookie with it open.",
    status=201,
    body=CreateAccountBody,
    answer=OpenedAccountAnswer,
    refusals=(409,),
)
def create_account() -> Response:
    """Create an account of the user's own, and open it under a new token."""
    request = session_api.current_request
    visitor = signed_in(request)
    name = user_name(read_body(request, CreateAccountBody).account_name, "account_name")
    token, membership = services().accounts.create(
        visitor.user, visitor.session, name, origin_of(request)
    )
    answer = OpenedAccountAnswer("app", account_view(membership))
    cookies = [session_cookie().set(token.value)]
    return json_answer(answer, status=HTTPStatus.CREATED, cookies=cookies)


@session_api.call(
    "DELETE /auth/session",
    access=Access.ANYONE,
    summary="Sign out",
    outcome="The session has ended. The same where there was none.",
    status=204,
    refusals=(503,),
)
def sign_out() -> Response:
    """End the session; the answer is the same if it has already ended."""
    request = session_api.current_request
    token = session_cookie().read(request.headers)
    if token is not None:
        services().sessions.end(token, origin_of(request))
    return _signed_out()


@session_api.call(
    "GET /auth/sessions",
    access=Access.SIGNED_IN,
    summary="The user's sessions, the one used last first",
    outcome="A page of sessions.",
    answer=Page[ListedSessionAnswer],
    refusals=(422,),
)
def list_sessions() -> Response:
    """List the user's sessions, the one used last first."""
    request = session_api.current_request
    visitor = signed_in(request)
    page, _ = read_query(request)
    return list_answer(services().sessions.page(visitor, page), listed_session_view)


@session_api.call(
    "DELETE /auth/sessions",
    access=Access.SIGNED_IN,
    summary="End all other sessions",
    outcome="They have ended.",
    status=204,
)
def end_other_sessions() -> Response:
    """End all sessions but this one."""
    request = session_api.current_request
    cookie = services().sessions.end_others(signed_in(request), browser_of(request))
    cookies = [device_cookie().set(cookie)] if cookie else None
    return json_answer(None, status=204, cookies=cookies)


@session_api.call(
    "DELETE /auth/sessions/{session_id}",
    access=Access.SIGNED_IN,
    summary="End one of the user's sessions",
    outcome="It has ended.",
    status=204,
    refusals=(404,),
)
def end_session(session_id: str) -> Response:
    """End one session; for the current one this is a sign-out."""
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
