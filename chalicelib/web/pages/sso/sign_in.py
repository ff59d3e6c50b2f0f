"""`/sso/…`: to a company's identity provider and back (SAML 2.0)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalice import Response

from chalicelib.bootstrap import services
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.sso.assertion import SamlRefusedError
from chalicelib.domain.sso.connection import RequestPurpose
from chalicelib.web.kit.blueprints import Pages
from chalicelib.web.kit.cookies import session_cookie, sso_cookie
from chalicelib.web.kit.errors import RequestError, http_error
from chalicelib.web.kit.rendering import see_other
from chalicelib.web.kit.requests import is_id, origin_of, query_parameter, read_form
from chalicelib.web.kit.return_to import onward
from chalicelib.web.kit.visitor import replaced_session, signed_in

if TYPE_CHECKING:
    from chalicelib.domain.errors import DomainError
    from chalicelib.services.sso.sign_in.service import SsoRedirect
    from chalicelib.web.kit.blueprints import View
    from chalicelib.web.kit.errors import HttpError


class SsoPages(Pages):
    """Pages between us and a provider: whatever is wrong with what it sends is one plain 403."""

    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Say no more to the person than that it didn't work; the trail has the reason."""
        unsaid = isinstance(error, RequestError | NotFoundError)
        if unsaid and self.current_request.method == "POST":
            return self.failure(http_error(SamlRefusedError.unsaid()))
        return super().refusal(error, words, refused)

    def title_of(self, words: HttpError) -> str:
        """Say what didn't work, instead of what isn't allowed."""
        refused = words.code == SamlRefusedError.reason
        return "Signing in didn't work" if refused else super().title_of(words)


sso_pages = SsoPages(__name__)


@sso_pages.route("/sso/{connection_id}/start", head=False)
def start_single_sign_on(connection_id: str) -> Response:
    """Send the browser to its provider with a request that it alone can bring an answer to."""
    request = sso_pages.current_request
    if not is_id(connection_id):
        raise NotFoundError
    begun = services().single_sign_on.begin(
        connection_id,
        sso_cookie().read(request.headers),
        replaced_session(request),
        path=onward(query_parameter(request, "next")),
    )
    return to_provider(begun)


@sso_pages.route("/proof/single-sign-on", head=False)
def prove_by_single_sign_on() -> Response:
    """Have the provider ask again who sits there, then go on to where that was needed."""
    request = sso_pages.current_request
    session = signed_in(request).session
    if session.connection_id is None:
        raise NotFoundError
    begun = services().single_sign_on.begin(
        session.connection_id,
        sso_cookie().read(request.headers),
        session.id,
        RequestPurpose.PROOF,
        onward(query_parameter(request, "next")),
        session.user_id,
    )
    return to_provider(begun)


# From the provider's site, by its form: the browser's own secret and the request stand for the
# check of where it comes from.
@sso_pages.route("/sso/{connection_id}/acs", methods=["POST"], same_site=False)
def consume_assertion(connection_id: str) -> Response:
    """Take the provider's answer: a session, a fresh proof, or a request of ours."""
    request = sso_pages.current_request
    if not is_id(connection_id):
        raise NotFoundError
    text = read_form(request).get("SAMLResponse", "")
    secret = sso_cookie().read(request.headers)
    arrived = services().single_sign_on.complete(connection_id, text, secret, origin_of(request))
    if arrived is None:
        return see_other(f"/sso/{connection_id}/start")
    token = arrived.token
    cookies = [session_cookie().set(token.value)] if token else None
    return see_other(arrived.onward, cookies=cookies)


@sso_pages.route("/sso/{connection_id}/metadata")
def show_metadata(connection_id: str) -> Response:
    """Describe our end to the provider."""
    if not is_id(connection_id):
        raise NotFoundError
    xml = services().single_sign_on.metadata(connection_id)
    return Response(xml, headers={"Content-Type": "application/samlmetadata+xml; charset=utf-8"})


def to_provider(begun: SsoRedirect) -> Response:
    """Send a browser to its provider, with what binds the answer to it."""
    headers: dict[str, Any] = {
        "Location": begun.url,
        "Set-Cookie": [sso_cookie().set(begun.secret.value)],
    }
    return Response("", status_code=HTTPStatus.FOUND, headers=headers)
