"""`/proof`: the password once more before something that matters, then on to where it was asked."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from chalicelib.bootstrap import services
from chalicelib.web.blueprints import Pages
from chalicelib.web.onward import onward
from chalicelib.web.rendering import page, see_other
from chalicelib.web.requests import query_parameter, read_form
from chalicelib.web.visitor import PageVisitor, browser_of, signed_in

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.web.errors import HttpError

proof_pages = Pages(__name__)


@proof_pages.route("/proof")
def show_proof() -> Response:
    """Ask for the password."""
    return _page(query_parameter(proof_pages.current_request, "next"))


def _refused(form: dict[str, str], words: HttpError) -> Response:
    return _page(form.get("next", ""), words.message, words.status)


@proof_pages.route("/proof", methods=["POST"], refused=_refused)
def prove() -> Response:
    """Make the session's proof fresh, and go on."""
    request = proof_pages.current_request
    visitor = signed_in(request)
    form = read_form(request)
    password = form.get("password", "")
    services().profile.prove(visitor.user, visitor.session, password, browser_of(request))
    return see_other(onward(form.get("next", "")))


def _page(path: str, error: str | None = None, status: int = HTTPStatus.OK) -> Response:
    visitor = signed_in(proof_pages.current_request)
    asked = urlencode({"next": onward(path)})
    return page(
        "proof.html",
        status=status,
        visitor=PageVisitor.of(visitor),
        next=onward(path),
        error=error,
        has_password=visitor.user.password_hash is not None,
        sso_url=f"/proof/single-sign-on?{asked}" if visitor.session.connection_id else None,
    )
