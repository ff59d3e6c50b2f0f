"""`/auth/sign_up` and the confirmation of its address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.sign_in.sign_up import SignUpForm
from chalicelib.web.contract import bodies
from chalicelib.web.kit.blueprints import JsonApi, json_answer
from chalicelib.web.kit.chosen_names import user_name
from chalicelib.web.kit.cookies import confirmed_cookies, sign_up_cookie
from chalicelib.web.kit.requests import read_body
from chalicelib.web.kit.visitor import browser_of, confirmation_evidence, sign_up_ticket

if TYPE_CHECKING:
    from chalice import Response

sign_up_api = JsonApi(__name__)

_CHECK_EMAIL = {"next": "check_email"}


@sign_up_api.route("/auth/sign_up", methods=["POST"])
def sign_up() -> Response:
    """Keep a sign-up; the same answer whether or not the address is taken."""
    request = sign_up_api.current_request
    body = read_body(request, bodies.SignUpBody)
    form = SignUpForm(
        name=user_name(body.name, "name"),
        email=EmailAddress.parse(body.email),
        account_name=user_name(body.account_name, "account_name"),
        password=body.password,
    )
    ticket = services().sign_up.begin(form, browser_of(request))
    return json_answer(_CHECK_EMAIL, status=202, cookies=[sign_up_cookie().set(ticket.text)])


@sign_up_api.route("/auth/email_confirmation/request", methods=["POST"])
def request_email_confirmation() -> Response:
    """Ask for a fresh link."""
    request = sign_up_api.current_request
    email = EmailAddress.parse(read_body(request, bodies.EmailConfirmationRequest).email)
    services().sign_up.resend(email, sign_up_ticket(request), browser_of(request))
    return json_answer(_CHECK_EMAIL, status=202)


@sign_up_api.route("/auth/email_confirmation", methods=["POST"])
def confirm_email() -> Response:
    """Spend a confirmation link."""
    request = sign_up_api.current_request
    body = read_body(request, bodies.EmailConfirmationBody)
    confirmed = services().email_confirmation.complete(
        body.token, confirmation_evidence(request, body.password), browser_of(request)
    )
    return json_answer({"next": "sign_in"}, cookies=confirmed_cookies(confirmed))
