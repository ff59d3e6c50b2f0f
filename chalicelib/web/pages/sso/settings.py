"""`/settings/single-sign-on`: the connection, its domains, trying it, enforcing it."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import services
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.sso.assertion import refusal_words
from chalicelib.domain.sso.connection import RequestPurpose
from chalicelib.services.sso.settings import SsoForm
from chalicelib.web.kit.cookies import sso_cookie
from chalicelib.web.kit.rendering import page, see_other
from chalicelib.web.kit.requests import query_parameter, read_form
from chalicelib.web.kit.settings_pages import SettingsPages
from chalicelib.web.kit.visitor import PageVisitor, managed_account, manager
from chalicelib.web.pages.sso.sign_in import to_provider

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.services.sso.settings import SsoState
    from chalicelib.web.kit.errors import HttpError

single_sign_on_pages = SettingsPages(__name__)

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


@single_sign_on_pages.route(_PATH)
def show_single_sign_on() -> Response:
    """Show how the account's single sign-on stands."""
    done = query_parameter(single_sign_on_pages.current_request, "done")
    return _page(notice=_NOTICES.get(done))


def _refused(form: dict[str, str], words: HttpError) -> Response:
    # Of a domain that is listed already: its form holds nothing else.
    param = words.param or ("domains" if "listed" in form else "connection")
    place = "idp_certificate" if param == "idp_certificates" else param
    return _page(words.status, values=form, errors={place: words.message})


@single_sign_on_pages.route(_PATH, methods=["POST"], refused=_refused)
def save_single_sign_on() -> Response:
    """Make the connection, or change it."""
    request = single_sign_on_pages.current_request
    who, account = managed_account(request)
    form = read_form(request)
    state = services().sso_settings.configure(who, account, _asked(form))
    left_out = state.connection.identity_provider.left_out
    return see_other(f"{_PATH}?done={'saved-two' if left_out else 'saved'}")


@single_sign_on_pages.route(f"{_PATH}/enforce", methods=["POST"], refused=_refused)
def enforce_single_sign_on() -> Response:
    """Let members in through the provider only."""
    who, account = managed_account(single_sign_on_pages.current_request)
    services().sso_settings.configure(who, account, SsoForm(enforced=True))
    return see_other(f"{_PATH}?done=enforced")


@single_sign_on_pages.route(f"{_PATH}/relax", methods=["POST"], refused=_refused)
def relax_single_sign_on() -> Response:
    """Let passwords work again."""
    who, account = managed_account(single_sign_on_pages.current_request)
    services().sso_settings.configure(who, account, SsoForm(enforced=False))
    return see_other(f"{_PATH}?done=relaxed")


@single_sign_on_pages.route(f"{_PATH}/test", head=False)
def test_single_sign_on() -> Response:
    """Try the connection: a sign-in that signs nobody in, whose outcome the page then shows.

    A link and no form: our policy keeps a form's answer from leading to another site.
    """
    request = single_sign_on_pages.current_request
    who, account = managed_account(request)
    if account.sso.connection_id is None:
        raise NotFoundError
    begun = services().single_sign_on.begin(
        account.sso.connection_id,
        sso_cookie().read(request.headers),
        None,
        RequestPurpose.TEST,
        _PATH,
        who.user_id,
    )
    return to_provider(begun)


@single_sign_on_pages.route(f"{_PATH}/delete")
def show_deletion() -> Response:
    """Ask before the connection is deleted."""
    request = single_sign_on_pages.current_request
    visitor, _ = manager(request)
    _, account = managed_account(request)
    state = services().sso_settings.show(account)
    return page("sso/single_sign_on_delete.html", visitor=PageVisitor.of(visitor), state=state)


@single_sign_on_pages.route(f"{_PATH}/delete", methods=["POST"])
def delete_single_sign_on() -> Response:
    """Delete the connection."""
    who, account = managed_account(single_sign_on_pages.current_request)
    services().sso_settings.remove(who, account)
    return see_other(f"{_PATH}?done=deleted")


@single_sign_on_pages.route(f"{_PATH}/domains", methods=["POST"], refused=_refused)
def add_domain() -> Response:
    """List a domain."""
    request = single_sign_on_pages.current_request
    who, _ = managed_account(request)
    services().sso_domains.add(who, read_form(request).get("domain", ""))
    return see_other(f"{_PATH}?done=domain-added")


@single_sign_on_pages.route(f"{_PATH}/domains/verify", methods=["POST"], refused=_refused)
def verify_domain() -> Response:
    """Look for a domain's record."""
    request = single_sign_on_pages.current_request
    who, account = managed_account(request)
    services().sso_domains.verify(who, account, read_form(request).get("listed", ""))
    return see_other(f"{_PATH}?done=domain-verified")


@single_sign_on_pages.route(f"{_PATH}/domains/remove", methods=["POST"], refused=_refused)
def remove_domain() -> Response:
    """Take a domain off the list."""
    request = single_sign_on_pages.current_request
    who, account = managed_account(request)
    services().sso_domains.remove(who, account, read_form(request).get("listed", ""))
    return see_other(f"{_PATH}?done=domain-removed")


def _page(status: int = HTTPStatus.OK, **shown: Any) -> Response:
    request = single_sign_on_pages.current_request
    visitor, who = manager(request)
    _, account = managed_account(request)
    state = _state(account)
    given = {"errors": {}, "notice": None, **shown}
    return page(
        "sso/single_sign_on.html",
        status=status,
        visitor=PageVisitor.of(visitor),
        state=state,
        ours=services().sso_settings.ours(account),
        domains=state.domains if state else services().sso_domains.of(who),
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
    """Fill the form with what is set up, and metadata fields with nothing."""
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
    """Read the form: metadata that is given goes before the fields, which were filled in for it."""
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
