"""A company with an identity provider, set up through the API as its owner would."""

from __future__ import annotations

import zlib
from base64 import b64decode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from lxml import etree

from chalicelib.domain.sso.provider import ServiceProvider
from tests.support.keys import an_owner
from tests.support.saml.corpus.case import signed
from tests.support.saml.keys import rsa_pair
from tests.support.saml.messages import Attribute, encoded, honest

if TYPE_CHECKING:
    from tests.support.http import Program, Reply
    from tests.support.saml.keys import KeyPair
    from tests.support.saml.messages import Facts
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service

SSO = "/api/v1/sso"


@dataclass(frozen=True)
class Asked:
    """A sign-in request as the provider received it."""

    sp: ServiceProvider
    request_id: str
    request: Any
    url: str


@dataclass
class Company:
    """An account with SSO: its owner, its provider's key, its domain."""

    service: Service
    owner: Program
    idp: KeyPair
    issuer: str
    domain: str
    connection: dict[str, Any]

    @property
    def connection_id(self) -> str:
        """Return the connection's id."""
        connection_id: str = self.connection["connection_id"]
        return connection_id

    @property
    def account_id(self) -> str:
        """Return the account's id."""
        account_id: str = self.owner.get("/auth/session").json["account"]["id"]
        return account_id

    @property
    def sp(self) -> ServiceProvider:
        """Return our side of the connection."""
        return ServiceProvider(self.connection["sp_entity_id"], self.connection["acs_url"])

    def start(self, program: Program, query: str = "") -> Asked:
        """Start a sign-in, up to the redirect to the provider."""
        reply = program.get(f"/sso/{self.connection_id}/start{query}")
        assert reply.status == 302, reply.text
        return read_request(reply, self.sp)

    def facts(self, asked: Asked, address: str, name: str | None = None) -> Facts:
        """Return what an honest provider says about a user."""
        facts = honest(self.issuer, self.sp, asked.request_id, address, self.service.clock())
        attributes = (Attribute("displayName", (name,)),) if name else ()
        return replace(facts, attributes=attributes)

    def post(self, program: Program, facts: Facts, mode: str = "assertion") -> Reply:
        """Send us what the provider signed."""
        return self.post_text(program, encoded(signed(facts, self.idp, mode)))

    def post_text(self, program: Program, text: str) -> Reply:
        """Send the form that a provider's page sends, from the provider's site."""
        body = urlencode({"SAMLResponse": text, "RelayState": "x"}).encode()
        return program.call(
            "POST",
            f"/sso/{self.connection_id}/acs",
            body,
            Content_Type="application/x-www-form-urlencoded",
            Origin="https://idp.test",
            Sec_Fetch_Site="cross-site",
        )

    def sign_in(self, address: str, name: str | None = None) -> tuple[Program, Reply]:
        """Sign in through the provider; returns the browser and the last answer."""
        program = self.service.program()
        asked = self.start(program)
        return program, self.post(program, self.facts(asked, address, name))

    def put(self, **changes: Any) -> Reply:
        """Change the connection."""
        reply = self.owner.call("PUT", SSO, changes)
        if reply.status == 200:
            self.connection = reply.json
        return reply


def read_request(reply: Reply, sp: ServiceProvider) -> Asked:
    """Read a redirect to the provider."""
    url = reply.header("Location") or ""
    packed = parse_qs(urlsplit(url).query)["SAMLRequest"][0]
    request = etree.fromstring(zlib.decompress(b64decode(packed), -zlib.MAX_WBITS))
    return Asked(sp, request.get("ID") or "", request, url)


def a_company(
    service: Service,
    dns: DnsServer,
    domain: str = "acme.test",
    owner: Program | None = None,
    *,
    enforced: bool = False,
    **settings: Any,
) -> Company:
    """Set up a company: connection, verified domain, enforced or not."""
    idp, issuer = rsa_pair(f"idp-{domain}"), f"https://idp.{domain}/metadata"
    admin = owner or an_owner(service, f"owner@{domain}")
    body = {
        "idp_entity_id": issuer,
        "idp_sso_url": f"https://idp.{domain}/sso",
        "idp_certificates": [idp.certificate.pem],
        **settings,
    }
    reply = admin.call("PUT", SSO, body)
    assert reply.status == 200, reply.text
    company = Company(service, admin, idp, issuer, domain, reply.json)
    prove(company.owner, dns, domain)
    if enforced:
        assert company.put(enforced=True).status == 200
    return company


def prove(owner: Program, dns: DnsServer, domain: str) -> None:
    """Verify a domain for an account."""
    listed = owner.post(f"{SSO}/domains", {"domain": domain})
    assert listed.status == 201, listed.text
    dns.records[listed.json["txt_name"]] = [listed.json["txt_value"]]
    reply = owner.post(f"{SSO}/domains/{domain}/verify", {})
    assert reply.status == 200, reply.text
