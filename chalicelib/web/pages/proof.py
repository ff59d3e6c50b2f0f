"""`/proof`: the password once more before something that matters, then on to where it was asked."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.web.blueprints import Pages
from chalicelib.web.rendering import page, see_other
from chalicelib.web.requests import query_parameter, read_form
from chalicelib.web.visitor import PageVisitor, browser_of, signed_in

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.web.errors import HttpError

proof_pages = Pages(__name__)

# Where the page may lead on to: our own settings, never what a stranger's link says (`E15`).
_ONWARD = re.compile(r"/settings/[a-z-]+\Z")


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
    return see_other(_onward(form.get("next", "")))


def _onward(path: str) -> str:
    return path if _ONWARD.match(path) else "/"


def _page(path: str, error: str | None = None, status: int = HTTPStatus.OK) -> Response:
    visitor = PageVisitor.of(signed_in(proof_pages.current_request))
    return page("proof.html", status=status, visitor=visitor, next=_onward(path), error=error)
