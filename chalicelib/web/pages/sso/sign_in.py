"""`/sso/…`: to an identity provider and back (SAML 2.0)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalice import Response

from chalicelib.bootstrap import services
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.sso.assertion import SamlRefusedError
from chalicelib.domain.sso.connection import RequestPurpose
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.cookies import session_cookie, sso_cookie
from chalicelib.web.kit.errors import RequestError, http_error
from chalicelib.web.kit.html.rendering import see_other
from chalicelib.web.kit.html.return_to import onward
from chalicelib.web.kit.requests import is_id, origin_of, query_parameter, read_form
from chalicelib.web.kit.routing.pages import Pages
from chalicelib.web.kit.visitor import replaced_session, signed_in

if TYPE_CHECKING:
    from chalicelib.domain.errors import DomainError
    from chalicelib.services.sso.sign_in.service import SsoRedirect
    from chalicelib.web.kit.errors import HttpError
    from chalicelib.web.kit.routing.guarded import View


class SsoPages(Pages):
    """Pages between us and a provider; any fault in its response is the same plain 403."""

    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Show only that the sign-in failed; the audit log has the reason."""
        unsaid = isinstance(error, RequestError | NotFoundError)
        if unsaid and self.current_request.method == "POST":
            return self.failure(http_error(SamlRefusedError.unsaid()))
        return super().refusal(error, words, refused)

    def title_of(self, words: HttpError) -> str:
        """Return a title about the failed sign-in, not about permission."""
        refused = words.code == SamlRefusedError.reason
        return "Signing in didn't work" if refused else super().title_of(words)


sso_sign_in_pages = SsoPages(__name__)


@sso_sign_in_pages.view("GET /sso/{connection_id}/start", access=Access.ANYONE, head=False)
def start_sign_in(connection_id: str) -> Response:
    """Redirect the browser to its provider, with a request that only this browser can complete."""
    request = sso_sign_in_pages.current_request
    if not is_id(connection_id):
        raise NotFoundError
    begun = services().sso_sign_in.begin(
        connection_id,
        sso_cookie().read(request.headers),
        replaced_session(request),
        path=onward(query_parameter(request, "next")),
    )
    return to_provider(begun)


@sso_sign_in_pages.view("GET /proof/single-sign-on", access=Access.SIGNED_IN, head=False)
def prove_at_provider() -> Response:
    """Have the provider authenticate the user again, then continue."""
    request = sso_sign_in_pages.current_request
    session = signed_in(request).session
    if session.connection_id is None:
        raise NotFoundError
    begun = services().sso_sign_in.begin(
        session.connection_id,
        sso_cookie().read(request.headers),
        session.id,
        RequestPurpose.PROOF,
        onward(query_parameter(request, "next")),
        session.user_id,
    )
    return to_provider(begun)


# The provider's site posts this form. Instead of the same-site check, the browser's secret and the
# stored request show that we asked for it.
@sso_sign_in_pages.view("POST /sso/{connection_id}/acs", access=Access.ANYONE, same_site=False)
def consume_assertion(connection_id: str) -> Response:
    """Accept the provider's response: start a session, renew a proof, or ask the provider anew."""
    request = sso_sign_in_pages.current_request
    if not is_id(connection_id):
        raise NotFoundError
    text = read_form(request).get("SAMLResponse", "")
    secret = sso_cookie().read(request.headers)
    arrived = services().sso_sign_in.complete(connection_id, text, secret, origin_of(request))
    if arrived is None:
        return see_other(f"/sso/{connection_id}/start")
    token = arrived.token
    cookies = [session_cookie().set(token.value)] if token else None
    return see_other(arrived.onward, cookies=cookies)


@sso_sign_in_pages.view("GET /sso/{connection_id}/metadata", access=Access.ANYONE)
def show_metadata(connection_id: str) -> Response:
    """Return our SAML metadata for the provider."""
    if not is_id(connection_id):
        raise NotFoundError
    xml = services().sso_sign_in.metadata(connection_id)
    return Response(xml, headers={"Content-Type": "application/samlmetadata+xml; charset=utf-8"})


def to_provider(begun: SsoRedirect) -> Response:
    """Redirect a browser to its provider, with the cookie that binds the response to it."""
    headers: dict[str, Any] = {
        "Location": begun.url,
        "Set-Cookie": [sso_cookie().set(begun.secret.value)],
    }
    return Response("", status_code=HTTPStatus.FOUND, headers=headers)
