"""`/auth/invitation`: joining an account through a mailed link."""

from __future__ import annotations

from chalicelib.bootstrap import services
from chalicelib.domain.accounts.invitations import Guest
from chalicelib.web.contract import bodies
from chalicelib.web.kit.blueprints import JsonApi
from chalicelib.web.kit.chosen_names import user_name
from chalicelib.web.kit.requests import origin_of, read_body
from chalicelib.web.kit.visitor import visitor_if_signed_in

joining_api = JsonApi(__name__)


@joining_api.route("/auth/invitation", methods=["POST"])
def accept_invitation() -> dict[str, str]:
    """Spend a link; nobody is signed in by it."""
    request = joining_api.current_request
    body = read_body(request, bodies.InvitationBody)
    visitor = visitor_if_signed_in(request)
    guest = Guest(
        user=visitor.user if visitor else None,
        session=visitor.session if visitor else None,
        name=user_name(body.name, "name") if body.name is not None else None,
        password=body.password,
    )
    services().joining.accept(body.token, guest, origin_of(request))
    return {"next": "sign_in"}
