"""`/proof`: ask for the password again before a sensitive change, then continue with it."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from chalicelib.bootstrap import services
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.cookies import session_cookie
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.html.return_to import onward
from chalicelib.web.kit.requests import origin_of, query_parameter, read_form
from chalicelib.web.kit.routing.pages import Pages
from chalicelib.web.kit.visitor import PageVisitor, browser_of, signed_in

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.sign_in.visitor import Visitor
    from chalicelib.web.kit.errors import HttpError

proof_pages = Pages(__name__)

# Changes on these pages affect the user in all accounts.
_PERSONAL = ("/profile", "/accounts")


@proof_pages.view("GET /proof", access=Access.SIGNED_IN)
def show_proof() -> Response:
    """Ask for the password."""
    request = proof_pages.current_request
    return _page(query_parameter(request, "next"), query_parameter(request, "account_id"))


def _refused(form: dict[str, str], words: HttpError) -> Response:
    account_id = form.get("account_id", "")
    return _page(form.get("next", ""), account_id, words.message, words.status)


@proof_pages.view("POST /proof", access=Access.SIGNED_IN, refused=_refused)
def prove() -> Response:
    """Renew the session's proof, then continue, or open the account that asked for it."""
    request = proof_pages.current_request
    visitor = signed_in(request)
    form = read_form(request)
    password = form.get("password", "")
    proved = services().profile.prove(visitor.user, visitor.session, password, browser_of(request))
    account_id, path = form.get("account_id", ""), onward(form.get("next", ""))
    if not account_id:
        return see_other(path)
    token, _ = services().sessions.open_account(
        replace(visitor, session=proved), account_id, origin_of(request)
    )
    return see_other(path, cookies=[session_cookie().set(token.value)])


def _page(
    path: str, account_id: str, error: str | None = None, status: int = HTTPStatus.OK
) -> Response:
    visitor = signed_in(proof_pages.current_request)
    asked = urlencode({"next": onward(path)})
    by_provider = _counts_from_provider(visitor, onward(path), account_id)
    return page(
        "sign_in/proof.html",
        status=status,
        visitor=PageVisitor.of(visitor),
        next=onward(path),
        account_id=account_id,
        error=error,
        has_password=visitor.user.password_hash is not None,
        sso_url=f"/proof/single-sign-on?{asked}" if by_provider else None,
    )


def _counts_from_provider(visitor: Visitor, path: str, account_id: str) -> bool:
    """Check whether a proof at the provider would count, which it does for its own account only.

    (conformance E8)
    """
    session = visitor.session
    if account_id or not session.is_by_provider_of(session.account_id):
        return False
    personal = path.startswith(_PERSONAL)
    return not personal or (session.speaks_for(visitor.user) and not session.is_own)
