"""Shapes of an account's SSO connection and its email domains."""

from typing import Annotated, Literal

import msgspec

from chalicelib.web.contract.shapes.common import Id, Time


class ConfigureSsoBody(msgspec.Struct, forbid_unknown_fields=True):
    """`PUT /api/v1/sso`; what is left out stays as it is."""

    idp_metadata_xml: str | None = None
    idp_metadata_url: str | None = None
    idp_entity_id: str | None = None
    idp_sso_url: str | None = None
    idp_certificates: list[str] | None = None
    email_attribute: str | None = None
    enforced: bool | None = None
    default_role: str | None = None


class AddSsoDomainBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /api/v1/sso/domains`."""

    domain: str


class SsoDomainAnswer(msgspec.Struct):
    """An email domain of the account, and the TXT record that proves it."""

    domain: str
    status: Literal["pending", "verified"]
    txt_name: str
    txt_value: str


class SsoAnswer(msgspec.Struct):
    """The account's link to its identity provider."""

    connection_id: Id
    sp_entity_id: str
    acs_url: str
    metadata_url: str
    idp_entity_id: str
    idp_sso_url: str
    idp_certificates: Annotated[list[str], msgspec.Meta(description="PEM, one or two.")]
    idp_certificates_end_at: Annotated[
        list[Time], msgspec.Meta(description="When each was meant to end, in their order.")
    ]
    email_attribute: str | None
    default_role: Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["member", "admin"]})]
    enforced: bool
    domains: list[SsoDomainAnswer]
