"""`/auth/sign_up` and the confirmation of its email."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.sign_in.sign_up import SignUpForm
from chalicelib.web.contract.shapes.sign_in import (
    CheckEmailAnswer,
    EmailConfirmationBody,
    EmailConfirmationRequestBody,
    SignInNextAnswer,
    SignUpBody,
)
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.chosen_names import user_name
from chalicelib.web.kit.cookies import confirmed_cookies, sign_up_cookie
from chalicelib.web.kit.requests import read_body
from chalicelib.web.kit.routing.json_api import JsonApi, json_answer
from chalicelib.web.kit.visitor import browser_of, confirmation_evidence, sign_up_ticket

if TYPE_CHECKING:
    from chalice import Response

sign_up_api = JsonApi(__name__)


@sign_up_api.call(
    "POST /auth/sign_up",
    access=Access.ANYONE,
    summary="Sign up; the answer doesn't depend on whether the email is taken",
    outcome="A link is mailed.",
    status=202,
    body=SignUpBody,
    answer=CheckEmailAnswer,
)
def sign_up() -> Response:
    """Store a sign-up; the answer is the same whether or not the email is taken."""
    request = sign_up_api.current_request
    body = read_body(request, SignUpBody)
    form = SignUpForm(
        name=user_name(body.name, "name"),
        email=EmailAddress.parse(body.email),
        account_name=user_name(body.account_name, "account_name"),
        password=body.password,
    )
    ticket = services().sign_up.begin(form, browser_of(request))
    return json_answer(
        CheckEmailAnswer("check_email"), status=202, cookies=[sign_up_cookie().set(ticket.text)]
    )


@sign_up_api.call(
    "POST /auth/email_confirmation/request",
    access=Access.ANYONE,
    summary="Mail one more confirmation link",
    outcome="A link is mailed, if a sign-up waits for it.",
    status=202,
    body=EmailConfirmationRequestBody,
    answer=CheckEmailAnswer,
)
def request_email_confirmation() -> CheckEmailAnswer:
    """Request a new link."""
    request = sign_up_api.current_request
    email = EmailAddress.parse(read_body(request, EmailConfirmationRequestBody).email)
    services().sign_up.resend(email, sign_up_ticket(request), browser_of(request))
    return CheckEmailAnswer("check_email")


@sign_up_api.call(
    "POST /auth/email_confirmation",
    access=Access.ANYONE,
    summary="Use a confirmation link",
    outcome="The email is confirmed. The link stays good after a refusal that asks for a password.",
    body=EmailConfirmationBody,
    answer=SignInNextAnswer,
    refusals=(409, 410, 429),
)
def confirm_email() -> Response:
    """Spend a confirmation link."""
    request = sign_up_api.current_request
    body = read_body(request, EmailConfirmationBody)
    confirmed = services().email_confirmation.complete(
        body.token, confirmation_evidence(request, body.password), browser_of(request)
    )
    return json_answer(SignInNextAnswer("sign_in"), cookies=confirmed_cookies(confirmed))
