"""`/auth/profile` and `/auth/session/proof`: the signed-in user's name and credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.email_address import EmailAddress
from chalicelib.web.contract.shapes.sign_in import (
    ChangeEmailBody,
    ChangePasswordBody,
    ChangeProfileBody,
    CheckEmailAnswer,
    ProofBody,
    UserAnswer,
)
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.chosen_names import user_name
from chalicelib.web.kit.cookies import device_cookie
from chalicelib.web.kit.requests import origin_of, read_body
from chalicelib.web.kit.routing.json_api import JsonApi, json_answer
from chalicelib.web.kit.visitor import browser_of, signed_in

if TYPE_CHECKING:
    from chalice import Response

profile_api = JsonApi(__name__)


@profile_api.call(
    "POST /auth/session/proof",
    access=Access.SIGNED_IN,
    summary="Give the password again",
    outcome="The proof is fresh.",
    status=204,
    body=ProofBody,
    refusals=(429,),
)
def prove() -> None:
    """Renew the session's proof."""
    request = profile_api.current_request
    visitor = signed_in(request)
    body = read_body(request, ProofBody)
    services().profile.prove(visitor.user, visitor.session, body.password, browser_of(request))


@profile_api.call(
    "PATCH /auth/profile",
    access=Access.SIGNED_IN,
    summary="Change the user's name",
    outcome="The user as they are now.",
    body=ChangeProfileBody,
    answer=UserAnswer,
)
def rename() -> UserAnswer:
    """Change the display name."""
    request = profile_api.current_request
    visitor = signed_in(request)
    user = visitor.user
    name = user_name(read_body(request, ChangeProfileBody).name, "name")
    services().profile.rename(user, visitor.session, name, origin_of(request))
    return UserAnswer(user.id, user.email.value, name)


@profile_api.call(
    "POST /auth/profile/password",
    access=Access.SIGNED_IN,
    summary="Change the password; all other sessions end",
    outcome="The new password is set.",
    status=204,
    body=ChangePasswordBody,
    refusals=(409, 429),
)
def change_password() -> Response:
    """Set a new password; every other session ends."""
    request = profile_api.current_request
    visitor = signed_in(request)
    body = read_body(request, ChangePasswordBody)
    cookie = services().profile.change_password(
        visitor.user, visitor.session, body.current_password, body.password, browser_of(request)
    )
    return json_answer(None, status=204, cookies=[device_cookie().set(cookie)])


@profile_api.call(
    "POST /auth/profile/email",
    access=Access.SIGNED_IN,
    summary="Ask for the link that changes the email",
    outcome="A link is mailed to the new email.",
    status=202,
    body=ChangeEmailBody,
    answer=CheckEmailAnswer,
    refusals=(409, 429),
)
def change_email() -> CheckEmailAnswer:
    """Request the link that changes the email."""
    request = profile_api.current_request
    visitor = signed_in(request)
    body = read_body(request, ChangeEmailBody)
    email = EmailAddress.parse(body.email)
    services().email_change.begin(
        visitor.user, visitor.session, body.current_password, email, browser_of(request)
    )
    return CheckEmailAnswer("check_email")
