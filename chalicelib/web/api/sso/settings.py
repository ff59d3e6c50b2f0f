"""`/api/v1/sso`: an account's single sign-on, for the sessions of its owner and admins."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.clock import rfc3339
from chalicelib.domain.lists import Slice
from chalicelib.services.sso.settings import SsoForm
from chalicelib.web.api.lists import list_answer, read_query
from chalicelib.web.contract import answers, bodies
from chalicelib.web.kit.blueprints import JsonApi, json_answer
from chalicelib.web.kit.requests import read_body
from chalicelib.web.kit.visitor import managed_account

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.sso.connection import AccountDomain
    from chalicelib.services.sso.settings import SsoState

sso_api = JsonApi(__name__)


@sso_api.route("/api/v1/sso")
def show_sso() -> answers.Sso:
    """Show the connection."""
    _, account = managed_account(sso_api.current_request)
    return sso_view(services().sso_settings.show(account))


@sso_api.route("/api/v1/sso", methods=["PUT"])
def configure_sso() -> answers.Sso:
    """Make the connection, or change what is given of it."""
    request = sso_api.current_request
    who, account = managed_account(request)
    body = read_body(request, bodies.ConfigureSso)
    form = SsoForm(
        metadata_xml=body.idp_metadata_xml,
        metadata_url=body.idp_metadata_url,
        entity_id=body.idp_entity_id,
        sso_url=body.idp_sso_url,
        certificates=body.idp_certificates,
        email_attribute=body.email_attribute,
        enforced=body.enforced,
        default_role=body.default_role,
    )
    return sso_view(services().sso_settings.configure(who, account, form))


@sso_api.route("/api/v1/sso", methods=["DELETE"])
def delete_sso() -> Response:
    """Delete the connection."""
    who, account = managed_account(sso_api.current_request)
    services().sso_settings.remove(who, account)
    return json_answer(None, status=HTTPStatus.NO_CONTENT)


@sso_api.route("/api/v1/sso/domains")
def list_sso_domains() -> Response:
    """List the domains, by name."""
    request = sso_api.current_request
    who, _ = managed_account(request)
    asked, _ = read_query(request)
    found = Slice.cut(tuple(services().sso_domains.of(who)), asked)
    return list_answer(found, domain_view)


@sso_api.route("/api/v1/sso/domains", methods=["POST"])
def add_sso_domain() -> Response:
    """List a domain, and say which record proves it."""
    request = sso_api.current_request
    who, _ = managed_account(request)
    made = services().sso_domains.add(who, read_body(request, bodies.AddSsoDomain).domain)
    return json_answer(domain_view(made), status=HTTPStatus.CREATED)


@sso_api.route("/api/v1/sso/domains/{domain}/verify", methods=["POST"])
def verify_sso_domain(domain: str) -> answers.SsoDomain:
    """Look for a domain's record."""
    who, account = managed_account(sso_api.current_request)
    return domain_view(services().sso_domains.verify(who, account, domain))


@sso_api.route("/api/v1/sso/domains/{domain}", methods=["DELETE"])
def delete_sso_domain(domain: str) -> Response:
    """Take a domain off the list."""
    who, account = managed_account(sso_api.current_request)
    services().sso_domains.remove(who, account, domain)
    return json_answer(None, status=HTTPStatus.NO_CONTENT)


def sso_view(state: SsoState) -> answers.Sso:
    """Show a connection with what its provider needs of us."""
    connection, provider = state.connection, state.connection.identity_provider
    return answers.Sso(
        connection_id=connection.id,
        sp_entity_id=state.ours.entity_id,
        acs_url=state.ours.acs_url,
        metadata_url=state.ours.entity_id,
        idp_entity_id=provider.entity_id,
        idp_sso_url=provider.sso_url,
        idp_certificates=[certificate.pem for certificate in provider.certificates],
        idp_certificates_end_at=[rfc3339(c.not_after) for c in provider.certificates],
        email_attribute=provider.email_attribute,
        default_role=connection.default_role.value,
        enforced=connection.enforced,
        domains=[domain_view(domain) for domain in state.domains],
    )


def domain_view(domain: AccountDomain) -> answers.SsoDomain:
    """Show a domain, and the record that proves it."""
    return answers.SsoDomain(
        domain=domain.domain,
        status="verified" if domain.is_verified else "pending",
        txt_name=domain.proof.txt_name,
        txt_value=domain.proof.txt_value,
    )
