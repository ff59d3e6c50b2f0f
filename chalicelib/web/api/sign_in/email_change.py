"""`/auth/email_change`: the old email stops a change, or undoes it."""

from __future__ import annotations

from chalicelib.bootstrap import services
from chalicelib.web.contract.shapes.sign_in import EmailChangeLinkBody, SignInNextAnswer
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.requests import origin_of, read_body
from chalicelib.web.kit.routing.json_api import JsonApi

email_change_api = JsonApi(__name__)


@email_change_api.call(
    "POST /auth/email_change/stop",
    access=Access.ANYONE,
    summary="Use the link that stops a change of email",
    outcome="The change is stopped, and every session has ended.",
    body=EmailChangeLinkBody,
    answer=SignInNextAnswer,
    refusals=(410,),
)
def stop_email_change() -> SignInNextAnswer:
    """Spend the link that stops a change."""
    request = email_change_api.current_request
    body = read_body(request, EmailChangeLinkBody)
    services().email_change.stop(body.token, origin_of(request))
    return SignInNextAnswer("sign_in")


@email_change_api.call(
    "POST /auth/email_change/undo",
    access=Access.ANYONE,
    summary="Use the link that takes the old email back",
    outcome="The old email is back, and every session has ended.",
    body=EmailChangeLinkBody,
    answer=SignInNextAnswer,
    refusals=(409, 410),
)
def undo_email_change() -> SignInNextAnswer:
    """Spend the link that takes the old email back."""
    request = email_change_api.current_request
    body = read_body(request, EmailChangeLinkBody)
    services().email_change.undo(body.token, origin_of(request))
    return SignInNextAnswer("sign_in")
