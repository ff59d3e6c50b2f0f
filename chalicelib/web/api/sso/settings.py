"""`/api/v1/sso`: an account's SSO connection and domains, managed by its owner and admins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.clock import rfc3339
from chalicelib.domain.lists import Slice
from chalicelib.services.sso.settings import SsoForm
from chalicelib.web.api.lists import list_answer, read_query
from chalicelib.web.contract.shapes.common import Page
from chalicelib.web.contract.shapes.sso import (
    AddSsoDomainBody,
    ConfigureSsoBody,
    SsoAnswer,
    SsoDomainAnswer,
)
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.requests import read_body
from chalicelib.web.kit.routing.json_api import JsonApi
from chalicelib.web.kit.visitor import admin_and_account

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.sso.connection import AccountDomain
    from chalicelib.services.sso.settings import SsoState

sso_api = JsonApi(__name__)


@sso_api.call(
    "GET /api/v1/sso",
    access=Access.ADMIN,
    summary="The account's single sign-on",
    outcome="The connection, with what its identity provider needs of us.",
    answer=SsoAnswer,
    refusals=(404,),
)
def show_sso() -> SsoAnswer:
    """Show the connection."""
    _, account = admin_and_account(sso_api.current_request)
    return sso_view(services().sso_settings.show(account))


@sso_api.call(
    "PUT /api/v1/sso",
    access=Access.ADMIN,
    summary="Set up single sign-on, or change it",
    outcome="The connection. Enforced without a proved domain it is a 422, `domain_unproven`.",
    body=ConfigureSsoBody,
    answer=SsoAnswer,
    refusals=(409,),
)
def configure_sso() -> SsoAnswer:
    """Create the connection, or change the given fields."""
    request = sso_api.current_request
    admin, account = admin_and_account(request)
    body = read_body(request, ConfigureSsoBody)
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
    return sso_view(services().sso_settings.configure(admin, account, form))


@sso_api.call(
    "DELETE /api/v1/sso",
    access=Access.ADMIN,
    summary="Take single sign-on away",
    outcome="It is gone; everyone signs in with a password again.",
    status=204,
    refusals=(404, 409),
)
def delete_sso() -> None:
    """Delete the connection."""
    admin, account = admin_and_account(sso_api.current_request)
    services().sso_settings.remove(admin, account)


@sso_api.call(
    "GET /api/v1/sso/domains",
    access=Access.ADMIN,
    summary="The account's email domains, by name",
    outcome="A page of domains.",
    answer=Page[SsoDomainAnswer],
    refusals=(422,),
)
def list_sso_domains() -> Response:
    """List the domains, by name."""
    request = sso_api.current_request
    admin, _ = admin_and_account(request)
    asked, _ = read_query(request)
    found = Slice.cut(tuple(services().sso_domains.of(admin)), asked)
    return list_answer(found, domain_view)


@sso_api.call(
    "POST /api/v1/sso/domains",
    access=Access.ADMIN,
    summary="Say that the account owns an email domain",
    outcome="The domain, and the TXT record that proves it.",
    status=201,
    body=AddSsoDomainBody,
    answer=SsoDomainAnswer,
    refusals=(409,),
)
def add_sso_domain() -> SsoDomainAnswer:
    """Add a domain, and show the record that proves it."""
    request = sso_api.current_request
    admin, _ = admin_and_account(request)
    made = services().sso_domains.add(admin, read_body(request, AddSsoDomainBody).domain)
    return domain_view(made)


@sso_api.call(
    "POST /api/v1/sso/domains/{domain}/verify",
    access=Access.ADMIN,
    summary="Look for a domain's TXT record",
    outcome="The domain, which counts from now on. No record is a 422, `domain_unproven`.",
    answer=SsoDomainAnswer,
    refusals=(404, 409, 422),
)
def verify_sso_domain(domain: str) -> SsoDomainAnswer:
    """Look up a domain's record."""
    admin, account = admin_and_account(sso_api.current_request)
    return domain_view(services().sso_domains.verify(admin, account, domain))


@sso_api.call(
    "DELETE /api/v1/sso/domains/{domain}",
    access=Access.ADMIN,
    summary="Take a domain off the list",
    outcome="It is off the list.",
    status=204,
    refusals=(404, 409),
)
def delete_sso_domain(domain: str) -> None:
    """Remove a domain."""
    admin, account = admin_and_account(sso_api.current_request)
    services().sso_domains.remove(admin, account, domain)


def sso_view(state: SsoState) -> SsoAnswer:
    """Convert a connection to its answer, with what the provider needs from us."""
    connection, provider = state.connection, state.connection.identity_provider
    return SsoAnswer(
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


def domain_view(domain: AccountDomain) -> SsoDomainAnswer:
    """Convert a domain to its answer, with the record that proves it."""
    return SsoDomainAnswer(
        domain=domain.domain,
        status="verified" if domain.is_verified else "pending",
        txt_name=domain.proof.txt_name,
        txt_value=domain.proof.txt_value,
    )
