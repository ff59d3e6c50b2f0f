"""`/invitation`: accept a mailed invitation."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services, settings
from chalicelib.domain.accounts.invitations import Guest, may_accept
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.chosen_names import user_name
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import origin_of, query_parameter, read_form
from chalicelib.web.kit.routing.pages import Pages
from chalicelib.web.kit.visitor import visitor_if_signed_in

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.accounts.invitations import OpenInvitation
    from chalicelib.domain.sign_in.visitor import Visitor
    from chalicelib.web.kit.errors import HttpError

joining_pages = Pages(__name__)


def _refused(form: dict[str, str], words: HttpError) -> Response:
    if words.code == "link_invalid":
        return page("accounts/invitation_invalid.html", status=words.status)
    return _page(form.get("token", ""), form.get("name", ""), words)


@joining_pages.view("GET /invitation", access=Access.ANYONE, refused=_refused)
def show_invitation() -> Response:
    """Show who invites to which account, and the next step; a GET changes nothing."""
    token = query_parameter(joining_pages.current_request, "token")
    if not token:
        return page("sign_in/link_missing.html", status=HTTPStatus.GONE)
    return _page(token)


@joining_pages.view("POST /invitation", access=Access.ANYONE, refused=_refused)
def join() -> Response:
    """Spend the link; a new user signs in next."""
    request = joining_pages.current_request
    form, visitor = read_form(request), visitor_if_signed_in(request)
    user, session = (visitor.user, visitor.session) if visitor else (None, None)
    name = user_name(form["name"], "name") if "name" in form else None
    guest = Guest(user, session, name, form.get("password"))
    joined = services().joining.accept(form.get("token", ""), guest, origin_of(request))
    is_here = user is not None and user.id == joined.id
    return see_other("/accounts?done=joined" if is_here else "/sign-in?done=joined")


def _page(token: str, name: str = "", refusal: HttpError | None = None) -> Response:
    opened = services().joining.look(token)
    visitor = visitor_if_signed_in(joining_pages.current_request)
    user = visitor.user if visitor else None
    at_field = refusal is not None and refusal.param is not None
    return page(
        "accounts/invitation.html",
        status=refusal.status if refusal else HTTPStatus.OK,
        step=_step(opened, visitor),
        token=token,
        email=opened.invitation.email.value,
        account_name=opened.account.name,
        inviter_name=opened.invitation.inviter_name,
        signed_in_as=user.email.value if user else None,
        values={"name": name},
        errors={refusal.param: refusal.message} if refusal and at_field else {},
        error=refusal.message if refusal and not at_field else None,
        password_min=settings().password_min_length,
    )


def _step(opened: OpenInvitation, visitor: Visitor | None) -> str:
    if opened.user_id is None:
        return "sign_in" if services().joining.needs_sso(opened) else "new"
    if visitor is None or visitor.user.id != opened.user_id:
        return "sign_in"
    if opened.account.id in visitor.user.memberships:
        return "member"
    return "join" if may_accept(opened, visitor.user, visitor.session) else "prove"
