"""`/auth/identify` and `/auth/sign_in`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services, settings
from chalicelib.domain.email_address import EmailAddress
from chalicelib.web.api.views import account_view
from chalicelib.web.contract.shapes.sign_in import (
    IdentifiedAnswer,
    IdentifyBody,
    SignedInAnswer,
    SignInBody,
)
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.cookies import signed_in_cookies
from chalicelib.web.kit.requests import read_body
from chalicelib.web.kit.routing.json_api import JsonApi, json_answer
from chalicelib.web.kit.visitor import browser_of, sign_up_ticket

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.services.sign_in.new_session import SignedIn

sign_in_api = JsonApi(__name__)


@sign_in_api.call(
    "POST /auth/identify",
    access=Access.ANYONE,
    summary="How the users of an email's domain sign in",
    outcome="The next step. Nothing tells whether the email is known.",
    body=IdentifyBody,
    answer=IdentifiedAnswer,
)
def identify() -> IdentifiedAnswer:
    """Show how the users of an email's domain sign in."""
    body = read_body(sign_in_api.current_request, IdentifyBody)
    sso = services().sign_in.identify(EmailAddress.parse(body.email))
    if sso is None:
        return IdentifiedAnswer("password")
    sso_url = f"{settings().public_url}/sso/{sso.connection_id}/start"
    return IdentifiedAnswer("sso" if sso.enforced else "password", sso_url)


@sign_in_api.call(
    "POST /auth/sign_in",
    access=Access.ANYONE,
    summary="Sign in with a password",
    outcome="The session's cookie, and where to go next.",
    body=SignInBody,
    answer=SignedInAnswer,
    refusals=(401, 429),
)
def sign_in() -> Response:
    """Check a password and start a session."""
    request = sign_in_api.current_request
    body = read_body(request, SignInBody)
    email = EmailAddress.parse(body.email)
    signed_in = services().sign_in.with_password(
        email, body.password, browser_of(request), sign_up_ticket(request)
    )
    return json_answer(_next_step(signed_in), cookies=signed_in_cookies(signed_in))


def _next_step(signed_in: SignedIn) -> SignedInAnswer:
    accounts = [account_view(membership) for membership in signed_in.accounts]
    if not accounts:
        return SignedInAnswer("no_account")
    if signed_in.session.account_id:
        return SignedInAnswer("app", account=accounts[0])
    return SignedInAnswer("choose_account", accounts=accounts)
