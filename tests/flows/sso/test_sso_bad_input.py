"""SSO settings with invalid input, and with an unreliable DNS server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import dns.flags
import dns.message
import dns.rcode
import pytest

from chalicelib.gateways import dns as gateway
from chalicelib.gateways.saml.names import DS, HTTP_REDIRECT, METADATA, SAMLP
from tests.support.keys import account_of, an_owner
from tests.support.personas.company import SSO
from tests.support.saml.keys import rsa_pair

if TYPE_CHECKING:
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service

_IDP = rsa_pair("idp").certificate


@pytest.fixture
def environ(dns: DnsServer) -> dict[str, str]:
    return {"DNS_SERVER": dns.setting}


def _entity(url: str = "https://idp.test/sso", until: str = "") -> str:
    return (
        f'<md:EntityDescriptor xmlns:md="{METADATA}" xmlns:ds="{DS}" entityID="{url}"{until}>'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP}"><md:KeyDescriptor><ds:KeyInfo>'
        f"<ds:X509Data><ds:X509Certificate>{_IDP.base64}</ds:X509Certificate></ds:X509Data>"
        "</ds:KeyInfo></md:KeyDescriptor>"
        f'<md:SingleSignOnService Binding="{HTTP_REDIRECT}" Location="{url}"/>'
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


_METADATA = {
    "html": "<!DOCTYPE html><html><body>Sign in</body></html>",
    "empty": "",
    "garbage": "\x00\x01 garbage",
    "two-entities": f'<md:EntitiesDescriptor xmlns:md="{METADATA}">{_entity()}'
    f"{_entity('https://b.test/')}</md:EntitiesDescriptor>",
    "expired": _entity(until=' validUntil="2001-01-01T00:00:00Z"'),
    "javascript": _entity("javascript:alert(1)"),
    "entity": f"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>{_entity()}",
    "utf-16": f'<?xml version="1.0" encoding="UTF-16"?>{_entity()}',
    "half-a-character": _entity("https://\ud800.test/"),
}


@pytest.mark.requirement("E11")
def test_invalid_metadata_is_refused_with_the_reason_and_nothing_is_saved(
    service: Service,
) -> None:
    owner = an_owner(service)
    for name, xml in _METADATA.items():
        reply = owner.call("PUT", SSO, {"idp_metadata_xml": xml})
        assert reply.status in (400, 422), (name, reply.text)
        assert owner.get(SSO).status == 404
    form = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
    for name in ("html", "two-entities", "expired", "javascript"):
        filled = {"account_id": account_of(owner), "idp_metadata_xml": _METADATA[name]}
        body = urlencode(filled).encode()
        reply = owner.call("POST", "/settings/single-sign-on", body, **form)
        assert reply.status == 422, name
        assert 'aria-invalid="true"' in reply.text, name
    assert owner.get(SSO).status == 404


_FIELDS: dict[str, Any] = {
    "idp_entity_id": "https://idp.test/",
    "idp_sso_url": "https://idp.test/sso",
    "idp_certificates": [_IDP.base64],
}


_BODIES: tuple[Any, ...] = (
    [],
    {},
    {"idp_metadata_xml": 1},
    {"idp_metadata_url": "file:///etc/passwd"},
    {"idp_metadata_url": "https://127.0.0.1/metadata"},
    {"idp_metadata_url": "https://169.254.169.254/latest"},
    {"idp_metadata_url": "https://idp.test/\r\nX: y"},
    {"idp_metadata_url": "x" * 100_000},
    {**_FIELDS, "idp_metadata_xml": _entity()},
    {**_FIELDS, "idp_entity_id": "a\nb"},
    {**_FIELDS, "idp_entity_id": "\ud800"},
    {**_FIELDS, "idp_entity_id": "x" * 100_000},
    {**_FIELDS, "idp_sso_url": "javascript:alert(1)"},
    {**_FIELDS, "idp_sso_url": "https://idp.test/\r\nSet-Cookie: a=b"},
    {**_FIELDS, "idp_sso_url": "https://\ud800.test/"},
    {**_FIELDS, "idp_sso_url": "https://["},
    {**_FIELDS, "idp_certificates": []},
    {**_FIELDS, "idp_certificates": [""]},
    {**_FIELDS, "idp_certificates": ["AAAA"]},
    {**_FIELDS, "idp_certificates": [_IDP.base64] * 3_000},
    {**_FIELDS, "idp_certificates": [{"pem": _IDP.base64}]},
    {**_FIELDS, "email_attribute": "a\nb"},
    {**_FIELDS, "email_attribute": "\ud800"},
    {**_FIELDS, "default_role": "owner"},
    {**_FIELDS, "enforced": "yes"},
    {**_FIELDS, "enforced": True},
    {**_FIELDS, "connection_id": "sso_x"},
)


def test_an_invalid_connection_is_refused(service: Service) -> None:
    owner = an_owner(service)
    for body in _BODIES:
        reply = owner.call("PUT", SSO, body)
        assert reply.status in (400, 413, 422), (str(body)[-80:], reply.text)
        assert reply.error["type"] == "invalid_request_error"
    assert owner.get(SSO).status == 404


def _cut(_: DnsServer, question: dns.message.Message) -> dns.message.Message:
    reply = dns.message.make_response(question)
    reply.flags |= dns.flags.TC
    return reply


def _failure(_: DnsServer, question: dns.message.Message) -> dns.message.Message:
    reply = dns.message.make_response(question)
    reply.set_rcode(dns.rcode.SERVFAIL)
    return reply


def _another_id(server: DnsServer, question: dns.message.Message) -> dns.message.Message:
    reply = server.honest(question)
    reply.id ^= 1
    return reply


_BEHAVIOURS: dict[str, Any] = {
    "silence": lambda _, __: None,
    "garbage": lambda _, __: b"garbage",
    "empty": lambda _, __: b"",
    "half": lambda server, question: server.honest(question).to_wire()[:20],
    "cut-short-for-ever": _cut,
    "failure": _failure,
    "another-id": _another_id,
}


@pytest.mark.requirement("E9")
@pytest.mark.parametrize("behaviour", _BEHAVIOURS)
def test_an_unreliable_dns_server_verifies_nothing(
    service: Service, dns: DnsServer, behaviour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "_TRY_SECONDS", 0.2)
    monkeypatch.setattr(gateway, "_ALL_SECONDS", 0.5)
    owner = an_owner(service)
    listed = owner.post(f"{SSO}/domains", {"domain": "acme.test"}).json
    dns.records[listed["txt_name"]] = [listed["txt_value"]]
    dns.behave = lambda question, _: _BEHAVIOURS[behaviour](dns, question)
    reply = owner.post(f"{SSO}/domains/acme.test/verify", {})
    assert (reply.status, reply.error["code"]) == (422, "domain_unproven")
    assert owner.get(f"{SSO}/domains").json["items"][0]["status"] == "pending"
