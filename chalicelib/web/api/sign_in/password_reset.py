"""`/auth/password_reset` and `/auth/account_unlock`: mailed links."""

from __future__ import annotations

from chalicelib.bootstrap import services
from chalicelib.domain.email_address import EmailAddress
from chalicelib.web.contract.shapes.sign_in import (
    AccountUnlockBody,
    AccountUnlockRequestBody,
    CheckEmailAnswer,
    PasswordResetBody,
    PasswordResetRequestBody,
    SignInNextAnswer,
)
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.requests import origin_of, read_body
from chalicelib.web.kit.routing.json_api import JsonApi
from chalicelib.web.kit.visitor import browser_of

password_reset_api = JsonApi(__name__)


@password_reset_api.call(
    "POST /auth/password_reset/request",
    access=Access.ANYONE,
    summary="Mail a link that resets the password",
    outcome="A link is mailed, if the email has a password.",
    status=202,
    body=PasswordResetRequestBody,
    answer=CheckEmailAnswer,
)
def request_password_reset() -> CheckEmailAnswer:
    """Request a link; the answer is the same for any email."""
    request = password_reset_api.current_request
    email = EmailAddress.parse(read_body(request, PasswordResetRequestBody).email)
    services().password_reset.request(email, browser_of(request))
    return CheckEmailAnswer("check_email")


@password_reset_api.call(
    "POST /auth/password_reset",
    access=Access.ANYONE,
    summary="Use a reset link and set a new password",
    outcome="The new password is set.",
    body=PasswordResetBody,
    answer=SignInNextAnswer,
    refusals=(410,),
)
def reset_password() -> SignInNextAnswer:
    """Spend a link and set the new password."""
    request = password_reset_api.current_request
    body = read_body(request, PasswordResetBody)
    services().password_reset.complete(body.token, body.password, origin_of(request))
    return SignInNextAnswer("sign_in")


@password_reset_api.call(
    "POST /auth/account_unlock/request",
    access=Access.ANYONE,
    summary="Mail a link that ends a lockout",
    outcome="A link is mailed, if the email is locked.",
    status=202,
    body=AccountUnlockRequestBody,
    answer=CheckEmailAnswer,
)
def request_account_unlock() -> CheckEmailAnswer:
    """Request a link; the answer is the same for any email."""
    request = password_reset_api.current_request
    email = EmailAddress.parse(read_body(request, AccountUnlockRequestBody).email)
    services().account_unlock.request(email, browser_of(request))
    return CheckEmailAnswer("check_email")


@password_reset_api.call(
    "POST /auth/account_unlock",
    access=Access.ANYONE,
    summary="Use an unlock link",
    outcome="The lockout has ended.",
    body=AccountUnlockBody,
    answer=SignInNextAnswer,
    refusals=(410,),
)
def unlock_account() -> SignInNextAnswer:
    """Spend a link and end the lockout."""
    request = password_reset_api.current_request
    body = read_body(request, AccountUnlockBody)
    services().account_unlock.complete(body.token, origin_of(request))
    return SignInNextAnswer("sign_in")
