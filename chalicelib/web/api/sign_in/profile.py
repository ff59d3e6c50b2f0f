"""`/auth/profile` and `/auth/session/proof`: the signed-in person's own credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.email_address import EmailAddress
from chalicelib.web.contract import bodies
from chalicelib.web.kit.blueprints import JsonApi, json_answer
from chalicelib.web.kit.chosen_names import user_name
from chalicelib.web.kit.cookies import device_cookie
from chalicelib.web.kit.requests import origin_of, read_body
from chalicelib.web.kit.visitor import browser_of, signed_in

if TYPE_CHECKING:
    from chalice import Response

profile_api = JsonApi(__name__)


@profile_api.route("/auth/session/proof", methods=["POST"])
def prove() -> Response:
    """Make the session's proof fresh again."""
    request = profile_api.current_request
    visitor = signed_in(request)
    body = read_body(request, bodies.Proof)
    services().profile.prove(visitor.user, visitor.session, body.password, browser_of(request))
    return json_answer(None, status=204)


@profile_api.route("/auth/profile", methods=["PATCH"])
def rename() -> dict[str, str]:
    """Change the display name."""
    request = profile_api.current_request
    visitor = signed_in(request)
    user = visitor.user
    name = user_name(read_body(request, bodies.ProfileName).name, "name")
    services().profile.rename(user, visitor.session, name, origin_of(request))
    return {"id": user.id, "email": user.email.value, "name": name}


@profile_api.route("/auth/profile/password", methods=["POST"])
def change_password() -> Response:
    """Set a new password; every other session ends."""
    request = profile_api.current_request
    visitor = signed_in(request)
    body = read_body(request, bodies.ProfilePassword)
    cookie = services().profile.change_password(
        visitor.user, visitor.session, body.current_password, body.password, browser_of(request)
    )
    return json_answer(None, status=204, cookies=[device_cookie().set(cookie)])


@profile_api.route("/auth/profile/email", methods=["POST"])
def change_email() -> Response:
    """Ask for the link that changes the address."""
    request = profile_api.current_request
    visitor = signed_in(request)
    body = read_body(request, bodies.ProfileEmail)
    email = EmailAddress.parse(body.email)
    services().email_change.begin(
        visitor.user, visitor.session, body.current_password, email, browser_of(request)
    )
    return json_answer({"next": "check_email"}, status=202)
