"""`/auth/identify` and `/auth/sign_in`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import services, settings
from chalicelib.domain.email_address import EmailAddress
from chalicelib.web.api.views import account_view
from chalicelib.web.contract.bodies import Identify, SignInBody
from chalicelib.web.kit.blueprints import JsonApi, json_answer
from chalicelib.web.kit.cookies import signed_in_cookies
from chalicelib.web.kit.requests import read_body
from chalicelib.web.kit.visitor import browser_of, sign_up_ticket

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.services.sign_in.new_session import SignedIn

sign_in_api = JsonApi(__name__)


@sign_in_api.route("/auth/identify", methods=["POST"])
def identify() -> dict[str, str]:
    """Say how the people of an address's domain sign in."""
    body = read_body(sign_in_api.current_request, Identify)
    sso = services().sign_in.identify(EmailAddress.parse(body.email))
    if sso is None:
        return {"next": "password"}
    sso_url = f"{settings().public_url}/sso/{sso.connection_id}/start"
    return {"next": "sso" if sso.enforced else "password", "sso_url": sso_url}


@sign_in_api.route("/auth/sign_in", methods=["POST"])
def sign_in() -> Response:
    """Check a password and begin a session."""
    request = sign_in_api.current_request
    body = read_body(request, SignInBody)
    email = EmailAddress.parse(body.email)
    signed_in = services().sign_in.with_password(
        email, body.password, browser_of(request), sign_up_ticket(request)
    )
    return json_answer(_next_step(signed_in), cookies=signed_in_cookies(signed_in))


def _next_step(signed_in: SignedIn) -> dict[str, Any]:
    accounts = [account_view(membership) for membership in signed_in.accounts]
    if not accounts:
        return {"next": "no_account"}
    if signed_in.session.account_id:
        return {"next": "app", "account": accounts[0]}
    return {"next": "choose_account", "accounts": accounts}
