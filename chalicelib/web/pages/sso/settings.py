"""`/settings/single-sign-on`: the connection, its test, its enforcement, the domains."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import services
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.sso.assertion import refusal_words
from chalicelib.domain.sso.connection import RequestPurpose
from chalicelib.services.sso.settings import SsoForm
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.cookies import sso_cookie
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import query_parameter, read_form
from chalicelib.web.kit.routing.pages import SettingsPages
from chalicelib.web.kit.visitor import PageVisitor, account_admin, admin_and_account
from chalicelib.web.pages.sso.sign_in import to_provider

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.services.sso.settings import SsoState
    from chalicelib.web.kit.errors import HttpError

sso_settings_pages = SettingsPages(__name__)

_PATH = "/settings/single-sign-on"
_NOTICES = {
    "saved": "The connection is saved. Try it before you enforce it.",
    "saved-two": (
        "The connection is saved. The metadata names more than two signing certificates; the two"
        " that are valid longest were taken. They are listed under Certificates."
    ),
    "enforced": "Single sign-on is enforced. Members come in through your identity provider only.",
    "relaxed": "Single sign-on is offered, and passwords work again.",
    "deleted": "The connection is gone. Everyone signs in with a password again.",
    "domain-added": "The domain is listed. Add its record to the DNS, then verify it.",
    "domain-verified": "The domain is proved.",
    "domain-removed": "The domain is off the list.",
}
_FIELDS = ("idp_metadata_xml", "idp_metadata_url", "idp_entity_id", "idp_sso_url")
_CERTIFICATES = ("idp_certificate", "idp_certificate_next")


@sso_settings_pages.view("GET /settings/single-sign-on", access=Access.ADMIN)
def show_sso_settings() -> Response:
    """Show the account's SSO settings."""
    done = query_parameter(sso_settings_pages.current_request, "done")
    return _page(notice=_NOTICES.get(done))


def _refused(form: dict[str, str], words: HttpError) -> Response:
    # The forms of listed domains have only this field.
    param = words.param or ("domains" if "listed" in form else "connection")
    place = "idp_certificate" if param == "idp_certificates" else param
    return _page(words.status, values=form, errors={place: words.message})


@sso_settings_pages.view("POST /settings/single-sign-on", access=Access.ADMIN, refused=_refused)
def save_sso_settings() -> Response:
    """Create the connection, or change it."""
    request = sso_settings_pages.current_request
    admin, account = admin_and_account(request)
    form = read_form(request)
    state = services().sso_settings.configure(admin, account, _asked(form))
    left_out = state.connection.identity_provider.left_out
    return see_other(f"{_PATH}?done={'saved-two' if left_out else 'saved'}")


@sso_settings_pages.view(
    "POST /settings/single-sign-on/enforce", access=Access.ADMIN, refused=_refused
)
def enforce_sso() -> Response:
    """Require members to sign in at the provider."""
    admin, account = admin_and_account(sso_settings_pages.current_request)
    services().sso_settings.configure(admin, account, SsoForm(enforced=True))
    return see_other(f"{_PATH}?done=enforced")


@sso_settings_pages.view(
    "POST /settings/single-sign-on/relax", access=Access.ADMIN, refused=_refused
)
def relax_sso() -> Response:
    """Allow passwords again."""
    admin, account = admin_and_account(sso_settings_pages.current_request)
    services().sso_settings.configure(admin, account, SsoForm(enforced=False))
    return see_other(f"{_PATH}?done=relaxed")


@sso_settings_pages.view("GET /settings/single-sign-on/test", access=Access.ADMIN, head=False)
def try_connection() -> Response:
    """Test the connection with a sign-in that starts no session; the page then shows the result.

    A GET, because our content policy doesn't let a form redirect to another site.
    """
    request = sso_settings_pages.current_request
    admin, account = admin_and_account(request)
    if account.sso.connection_id is None:
        raise NotFoundError
    begun = services().sso_sign_in.begin(
        account.sso.connection_id,
        sso_cookie().read(request.headers),
        None,
        RequestPurpose.TEST,
        _PATH,
        admin.user_id,
    )
    return to_provider(begun)


@sso_settings_pages.view("GET /settings/single-sign-on/delete", access=Access.ADMIN)
def show_deletion() -> Response:
    """Ask for confirmation before the connection is deleted."""
    request = sso_settings_pages.current_request
    visitor, _ = account_admin(request)
    _, account = admin_and_account(request)
    state = services().sso_settings.show(account)
    return page("sso/sso_delete.html", visitor=PageVisitor.of(visitor), state=state)


@sso_settings_pages.view("POST /settings/single-sign-on/delete", access=Access.ADMIN)
def delete_sso() -> Response:
    """Delete the connection."""
    admin, account = admin_and_account(sso_settings_pages.current_request)
    services().sso_settings.remove(admin, account)
    return see_other(f"{_PATH}?done=deleted")


@sso_settings_pages.view(
    "POST /settings/single-sign-on/domains", access=Access.ADMIN, refused=_refused
)
def add_domain() -> Response:
    """Add a domain."""
    request = sso_settings_pages.current_request
    admin, _ = admin_and_account(request)
    services().sso_domains.add(admin, read_form(request).get("domain", ""))
    return see_other(f"{_PATH}?done=domain-added")


@sso_settings_pages.view(
    "POST /settings/single-sign-on/domains/verify", access=Access.ADMIN, refused=_refused
)
def verify_domain() -> Response:
    """Look up a domain's record."""
    request = sso_settings_pages.current_request
    admin, account = admin_and_account(request)
    services().sso_domains.verify(admin, account, read_form(request).get("listed", ""))
    return see_other(f"{_PATH}?done=domain-verified")


@sso_settings_pages.view(
    "POST /settings/single-sign-on/domains/remove", access=Access.ADMIN, refused=_refused
)
def remove_domain() -> Response:
    """Remove a domain."""
    request = sso_settings_pages.current_request
    admin, account = admin_and_account(request)
    services().sso_domains.remove(admin, account, read_form(request).get("listed", ""))
    return see_other(f"{_PATH}?done=domain-removed")


def _page(status: int = HTTPStatus.OK, **shown: Any) -> Response:
    request = sso_settings_pages.current_request
    visitor, admin = account_admin(request)
    _, account = admin_and_account(request)
    state = _state(account)
    given = {"errors": {}, "notice": None, **shown}
    return page(
        "sso/sso_settings.html",
        status=status,
        visitor=PageVisitor.of(visitor),
        state=state,
        ours=services().sso_settings.ours(account),
        domains=state.domains if state else services().sso_domains.of(admin),
        now=services().clock(),
        test_words=refusal_words,
        values={**_values(state), **given.pop("values", {})},
        **given,
    )


def _state(account: Any) -> SsoState | None:
    try:
        return services().sso_settings.show(account)
    except NotFoundError:
        return None


def _values(state: SsoState | None) -> dict[str, str]:
    """Return the form's values from the connection; the metadata fields stay empty."""
    values = dict.fromkeys((*_FIELDS, *_CERTIFICATES, "email_attribute", "domain"), "")
    values["default_role"] = "member"
    if state is not None:
        provider = state.connection.identity_provider
        values["idp_entity_id"] = provider.entity_id
        values["idp_sso_url"] = provider.sso_url
        values["email_attribute"] = provider.email_attribute or ""
        values["default_role"] = state.connection.default_role.value
        for name, certificate in zip(_CERTIFICATES, provider.certificates, strict=False):
            values[name] = certificate.pem
    return values


def _asked(form: dict[str, str]) -> SsoForm:
    """Read the form; metadata takes precedence over the single fields, which were prefilled."""
    asked = SsoForm(
        metadata_xml=_given(form, "idp_metadata_xml"),
        metadata_url=_given(form, "idp_metadata_url"),
        email_attribute=form.get("email_attribute"),
        default_role=form.get("default_role"),
    )
    if asked.metadata_xml or asked.metadata_url:
        return asked
    return replace(
        asked,
        entity_id=_given(form, "idp_entity_id"),
        sso_url=_given(form, "idp_sso_url"),
        certificates=[form[name] for name in _CERTIFICATES if _given(form, name)] or None,
    )


def _given(form: dict[str, str], name: str) -> str | None:
    return form.get(name, "").strip() or None
