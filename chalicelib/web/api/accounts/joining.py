"""`/auth/invitation`: joining an account through a mailed link."""

from __future__ import annotations

from chalicelib.bootstrap import services
from chalicelib.domain.accounts.invitations import Guest
from chalicelib.web.contract.shapes.accounts import AcceptInvitationBody
from chalicelib.web.contract.shapes.sign_in import SignInNextAnswer
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.chosen_names import user_name
from chalicelib.web.kit.requests import origin_of, read_body
from chalicelib.web.kit.routing.json_api import JsonApi
from chalicelib.web.kit.visitor import visitor_if_signed_in

joining_api = JsonApi(__name__)


@joining_api.call(
    "POST /auth/invitation",
    access=Access.ANYONE,
    summary="Accept an invitation",
    outcome="The user is a member. A new user gives a name and a password; an existing one needs"
    " a session, else it is a 401, `sign_in_required`.",
    body=AcceptInvitationBody,
    answer=SignInNextAnswer,
    refusals=(401, 409, 410),
)
def accept_invitation() -> SignInNextAnswer:
    """Spend a link; it doesn't sign the user in."""
    request = joining_api.current_request
    body = read_body(request, AcceptInvitationBody)
    visitor = visitor_if_signed_in(request)
    guest = Guest(
        user=visitor.user if visitor else None,
        session=visitor.session if visitor else None,
        name=user_name(body.name, "name") if body.name is not None else None,
        password=body.password,
    )
    services().joining.accept(body.token, guest, origin_of(request))
    return SignInNextAnswer("sign_in")
