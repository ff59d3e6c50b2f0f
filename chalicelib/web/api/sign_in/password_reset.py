"""`/auth/password_reset` and `/auth/account_unlock`: mailed links that help back in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.email_address import EmailAddress
from chalicelib.web.contract import bodies
from chalicelib.web.kit.blueprints import JsonApi, json_answer
from chalicelib.web.kit.requests import origin_of, read_body
from chalicelib.web.kit.visitor import browser_of

if TYPE_CHECKING:
    from chalice import Response

password_reset_api = JsonApi(__name__)

_CHECK_EMAIL = {"next": "check_email"}
_SIGN_IN = {"next": "sign_in"}


@password_reset_api.route("/auth/password_reset/request", methods=["POST"])
def request_password_reset() -> Response:
    """Ask for a link; the same answer for any address."""
    request = password_reset_api.current_request
    email = EmailAddress.parse(read_body(request, bodies.PasswordResetRequest).email)
    services().password_reset.request(email, browser_of(request))
    return json_answer(_CHECK_EMAIL, status=202)


@password_reset_api.route("/auth/password_reset", methods=["POST"])
def reset_password() -> dict[str, str]:
    """Spend a link and set the new password."""
    request = password_reset_api.current_request
    body = read_body(request, bodies.PasswordResetBody)
    services().password_reset.complete(body.token, body.password, origin_of(request))
    return _SIGN_IN


@password_reset_api.route("/auth/account_unlock/request", methods=["POST"])
def request_account_unlock() -> Response:
    """Ask for a link; the same answer for any address."""
    request = password_reset_api.current_request
    email = EmailAddress.parse(read_body(request, bodies.AccountUnlockRequest).email)
    services().account_unlock.request(email, browser_of(request))
    return json_answer(_CHECK_EMAIL, status=202)


@password_reset_api.route("/auth/account_unlock", methods=["POST"])
def unlock_account() -> dict[str, str]:
    """Spend a link and end the lock."""
    request = password_reset_api.current_request
    body = read_body(request, bodies.AccountUnlockBody)
    services().account_unlock.complete(body.token, origin_of(request))
    return _SIGN_IN
