"""Signing in through a company's identity provider."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib import bootstrap
from chalicelib.domain.roles import Role
from chalicelib.domain.user import Membership
from chalicelib.gateways.saml.face import Saml
from chalicelib.storage.dynamo.rows import membership_map
from chalicelib.storage.dynamo.tables import UserRow
from tests.support.keys import account_of, add_member, an_owner
from tests.support.personas.company import SSO, Company, a_company, read_request
from tests.support.personas.journeys import (
    PASSWORD,
    ask_sign_in,
    become_a_user,
    signed_in_program,
    token_of,
)
from tests.support.personas.users import StoppedClock
from tests.support.races.races import race
from tests.support.saml.corpus.case import signed
from tests.support.saml.keys import rsa_pair
from tests.support.saml.messages import Attribute, at, encoded
from tests.support.service import changed

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.sso.assertion import VerifiedAssertion
    from chalicelib.gateways.saml.assertion import Expected
    from chalicelib.gateways.saml.responses import ReceivedResponse
    from tests.support.http import Reply
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service


@pytest.fixture
def environ(dns: DnsServer) -> dict[str, str]:
    return {"DNS_SERVER": dns.setting}


@pytest.fixture
def clock() -> StoppedClock:
    """Near the real time, which python3-saml compares with."""
    return StoppedClock.near_now()


@pytest.fixture
def company(service: Service, dns: DnsServer) -> Company:
    return a_company(service, dns)


def refused(reply: Reply) -> bool:
    return reply.status == 403 and "didn" in reply.text and not reply.cookies.get("thub_session")


def last_refusal(company: Company) -> str:
    """Return the newest refusal in the account's audit log."""
    found = company.owner.get("/api/v1/audit_events?event=sso_response.refused&limit=1")
    (event,) = found.json["items"]
    # Makes the next one newer.
    company.service.clock.advance(timedelta(seconds=1))
    reason: str = event["details"]["reason"]
    return reason


def test_a_new_user_joins_as_a_member(company: Company) -> None:
    """`E6`, `E8`, `D3`."""
    program, reply = company.sign_in("mo@acme.test", "Mo Field")
    assert (reply.status, reply.header("Location")) == (303, "/")
    session = program.get("/auth/session").json
    assert session["user"]["email"] == "mo@acme.test"
    assert session["user"]["name"] == "Mo Field"
    assert session["account"] == {"id": company.account_id, "name": "Acme", "role": "member"}
    assert session["method"] == "sso"


@pytest.mark.parametrize("mode", ["assertion", "response", "both"])
def test_each_way_of_signing_is_accepted(company: Company, mode: str) -> None:
    """`E1`."""
    program = company.service.program()
    asked = company.start(program)
    reply = company.post(program, company.facts(asked, "mo@acme.test"), mode)
    assert reply.status == 303
    assert program.get("/auth/session").status == 200


def test_the_same_identity_is_the_same_user(company: Company) -> None:
    first, _ = company.sign_in("mo@acme.test")
    second, reply = company.sign_in("mo@acme.test")
    assert reply.status == 303
    ids = {program.get("/auth/session").json["user"]["id"] for program in (first, second)}
    assert len(ids) == 1


def test_an_existing_user_with_a_password_is_linked(service: Service, company: Company) -> None:
    """The provider is trusted for the domain that its account has verified (`E9`)."""
    become_a_user(service, "ann@acme.test")
    program, reply = company.sign_in("ann@acme.test")
    assert reply.status == 303
    assert program.get("/auth/session").json["account"]["id"] == company.account_id
    assert len([row for row in service.rows("emails") if row["email"]["S"] == "ann@acme.test"]) == 1


def test_an_assertion_signs_in_once(company: Company) -> None:
    """`E5`: of eight simultaneous posts of one response one wins."""
    program = company.service.program()
    facts = company.facts(company.start(program), "mo@acme.test")
    text = encoded(signed(facts, company.idp))
    replies = race(lambda _: company.post_text(program, text), callers=8)
    assert sorted(getattr(reply, "status", 0) for reply in replies) == [303] + [403] * 7
    assert len(company.service.rows("sessions")) == 2  # the owner's and this one


def test_a_response_is_accepted_only_in_the_browser_that_asked(company: Company) -> None:
    """`E6`: another user's response can't be planted in a browser (login CSRF)."""
    asked = company.start(company.service.program())
    other = company.service.program()
    company.start(other)
    assert refused(company.post(other, company.facts(asked, "mo@acme.test")))
    assert last_refusal(company) == "other_browser"
    assert refused(company.post(company.service.program(), company.facts(asked, "mo@acme.test")))


def test_two_tabs_can_sign_in(company: Company) -> None:
    program = company.service.program()
    first, second = company.start(program), company.start(program)
    assert company.post(program, company.facts(first, "mo@acme.test")).status == 303
    assert company.post(program, company.facts(second, "mo@acme.test")).status == 303


def test_a_valid_unsolicited_response_starts_a_request_of_ours(company: Company) -> None:
    """`D12`, `E7`: as from a link on the provider's own page; it signs nobody in."""
    program = company.service.program()
    facts = company.facts(company.start(program), "mo@acme.test")
    unasked = facts.but(in_response_to=None).confirmed(in_response_to=None)
    reply = company.post(program, unasked)
    assert (reply.status, reply.header("Location")) == (
        303,
        f"/sso/{company.connection_id}/start",
    )
    assert program.get("/auth/session").status == 401
    # A response with only part of a request's id isn't unsolicited, nor is a forged one.
    assert refused(company.post(program, facts.but(in_response_to=None)))
    assert refused(company.post_text(program, encoded(signed(unasked, company.idp, "none"))))


def test_a_provider_is_trusted_only_for_its_accounts_domains(
    service: Service, dns: DnsServer, company: Company
) -> None:
    """`E8`, `E9`, `H15`: not for another company's domain, and not for gmail.com."""
    a_company(service, dns, "borealis.test")
    for address in ("owner@borealis.test", "mo@gmail.com", "mo@sub.acme.test"):
        _, reply = company.sign_in(address)
        assert refused(reply), address
        assert last_refusal(company) == "domain_unproven"


def test_one_connections_response_is_refused_at_another(
    service: Service, dns: DnsServer, company: Company
) -> None:
    """`E3`, `E6`."""
    other = a_company(service, dns, "borealis.test")
    program = service.program()
    asked = company.start(program)
    text = encoded(signed(company.facts(asked, "mo@acme.test"), company.idp))
    assert refused(other.post_text(program, text))
    assert last_refusal(other) == "other_connection"


def test_a_suspended_or_removed_user_stays_out(company: Company) -> None:
    """`D7`: signing in again at the provider doesn't restore access."""
    program, _ = company.sign_in("mo@acme.test")
    row = UserRow(program.get("/auth/session").json["user"]["id"])
    place = UserRow.memberships[company.account_id]
    row.update(actions=[place["status"].set("suspended")])
    assert refused(company.sign_in("mo@acme.test")[1])
    assert last_refusal(company) == "suspended"
    row.update(actions=[place["status"].set("active")])
    assert company.sign_in("mo@acme.test")[1].status == 303
    row.update(actions=[place.remove()])
    assert refused(company.sign_in("mo@acme.test")[1])
    assert last_refusal(company) == "not_a_member"


def test_a_known_identity_stays_the_same_user_with_any_email(
    service: Service, dns: DnsServer
) -> None:
    """`E8`: identified by the provider's name; a new name is linked to the email's user."""
    company = a_company(service, dns, email_attribute="mail")

    def user_after(name_id: str, address: str) -> str:
        program = service.program()
        facts = company.facts(company.start(program), name_id)
        mail = (Attribute("mail", (address,)),)
        persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
        reply = company.post(program, facts.but(attributes=mail, name_id_format=persistent))
        assert reply.status == 303, reply.text
        user_id: str = program.get("/auth/session").json["user"]["id"]
        return user_id

    mo = user_after("employee-1", "mo@acme.test")
    assert user_after("employee-1", "mo.married@acme.test") == mo
    assert user_after("another-name", "mo@acme.test") == mo
    assert user_after("employee-2", "kim@acme.test") != mo


def test_a_company_that_changes_its_provider_keeps_its_users(company: Company) -> None:
    """The new provider's names are unrelated to the old one's."""
    first, _ = company.sign_in("mo@acme.test")
    company.issuer, company.idp = "https://new.acme.test/metadata", rsa_pair("new idp")
    changed = company.put(
        idp_entity_id=company.issuer,
        idp_sso_url="https://new.acme.test/sso",
        idp_certificates=[company.idp.certificate.pem],
    )
    assert changed.status == 200
    second, reply = company.sign_in("mo@acme.test")
    assert reply.status == 303
    ids = {program.get("/auth/session").json["user"]["id"] for program in (first, second)}
    assert len(ids) == 1


def test_under_enforcement_a_members_password_session_ends_on_the_next_request(
    service: Service, company: Company
) -> None:
    member = add_member(service, company.account_id, "kim@acme.test", Role.MEMBER)
    admin = add_member(service, company.account_id, "ada@acme.test", Role.ADMIN)
    assert member.get("/auth/session").status == 200
    assert company.put(enforced=True).status == 200
    assert member.get("/auth/session").status == 401
    assert admin.get("/auth/session").status == 200
    assert company.owner.get("/auth/session").status == 200


def test_under_enforcement_a_members_right_password_gets_the_common_answer(
    service: Service, company: Company
) -> None:
    """`B2`; owners and admins keep theirs, so a broken provider can't lock an account out."""
    add_member(service, company.account_id, "kim@acme.test", Role.MEMBER)
    add_member(service, company.account_id, "ada@acme.test", Role.ADMIN)
    company.put(enforced=True)
    wrong = ask_sign_in(service.program(), "kim@acme.test", "not the right password")
    right = ask_sign_in(service.program(), "kim@acme.test")
    assert (right.status, right.body) == (wrong.status, wrong.body)
    assert right.status == 401
    assert ask_sign_in(service.program(), "ada@acme.test").status == 200
    assert ask_sign_in(service.program(), "owner@acme.test").status == 200


def test_a_user_suspended_in_the_enforcing_account_keeps_their_password(
    service: Service, company: Company
) -> None:
    """`D7`: its provider refuses them, and an account can't keep a user out of the product."""
    add_member(service, company.account_id, "kim@acme.test", Role.MEMBER)
    company.put(enforced=True)
    members = company.owner.get("/api/v1/members").json["items"]
    (kim,) = [item["user_id"] for item in members if item["email"] == "kim@acme.test"]
    assert ask_sign_in(service.program(), "kim@acme.test").status == 401
    assert company.owner.post(f"/api/v1/members/{kim}/suspend", {}).status == 200
    program = service.program()
    assert ask_sign_in(program, "kim@acme.test").status == 200
    refused = program.post("/auth/session/account", {"account_id": company.account_id})
    assert refused.status == 404


def test_a_member_with_another_domain_is_redirected_to_the_provider(
    service: Service, company: Company
) -> None:
    """Their domain has no SSO, so a password signs them in, but opens no such account."""
    program = service.program()
    add_member(service, company.account_id, "guest@other.test", Role.MEMBER, open_now=False)
    company.put(enforced=True)
    assert ask_sign_in(program, "guest@other.test").json["next"] == "choose_account"
    reply = program.post("/auth/session/account", {"account_id": company.account_id})
    assert reply.status == 403
    assert reply.error["code"] == "sso_required"
    assert reply.json["sso_url"].endswith(f"/sso/{company.connection_id}/start")
    assert list(reply.json) == ["error", "sso_url"]


def test_a_sign_in_at_one_provider_opens_no_account_that_enforces_another(
    service: Service, dns: DnsServer, company: Company
) -> None:
    """`H15`."""
    other = a_company(service, dns, "borealis.test", enforced=True)
    program, _ = company.sign_in("mo@acme.test")
    user_id = program.get("/auth/session").json["user"]["id"]
    joined = membership_map(Membership(other.account_id, "Borealis", Role.MEMBER))
    UserRow(user_id).update(actions=[UserRow.memberships[other.account_id].set(joined)])
    reply = program.post("/auth/session/account", {"account_id": other.account_id})
    assert (reply.status, reply.error["code"]) == (403, "sso_required")


def test_only_the_domain_decides_the_first_step(service: Service, company: Company) -> None:
    """`B1`: for known and unknown emails."""
    program = service.program()

    def identify(address: str) -> object:
        return program.post("/auth/identify", {"email": address}).json

    start = f"http://localhost:8000/sso/{company.connection_id}/start"
    for address in ("owner@acme.test", "nobody@acme.test"):
        assert identify(address) == {"next": "password", "sso_url": start}
    company.put(enforced=True)
    for address in ("owner@acme.test", "nobody@acme.test"):
        assert identify(address) == {"next": "sso", "sso_url": start}
    assert identify("robin@elsewhere.test") == {"next": "password"}
    assert company.owner.delete("/api/v1/sso").status == 204
    assert identify("owner@acme.test") == {"next": "password"}


def test_a_deleted_connection_accepts_no_response(company: Company) -> None:
    program = company.service.program()
    facts = company.facts(company.start(program), "mo@acme.test")
    company.owner.delete("/api/v1/sso")
    assert refused(company.post(program, facts))
    assert program.get(f"/sso/{company.connection_id}/start").status == 404


def test_a_proof_by_the_provider_is_fresh(company: Company) -> None:
    """`D9`: requested with ForceAuthn, for the same user."""
    program, _ = company.sign_in("mo@acme.test")
    asked = read_request(program.get("/proof/single-sign-on?next=/profile"), company.sp)
    assert asked.request.get("ForceAuthn") == "true"
    assert refused(company.post(program, company.facts(asked, "someone@acme.test")))
    assert last_refusal(company) == "other_person"
    asked = read_request(program.get("/proof/single-sign-on?next=/profile"), company.sp)
    reply = company.post(program, company.facts(asked, "mo@acme.test"))
    assert (reply.status, reply.header("Location")) == (303, "/profile")


def test_an_old_sign_in_at_the_provider_is_refused_as_a_proof(company: Company) -> None:
    """`D9`: as from a provider that ignores ForceAuthn."""
    program, _ = company.sign_in("mo@acme.test")
    company.service.clock.advance(timedelta(minutes=4))
    asked = read_request(program.get("/proof/single-sign-on?next=/profile"), company.sp)
    facts = company.facts(asked, "mo@acme.test")
    earlier = at(company.service.clock(), minutes=-4)
    assert refused(company.post(program, facts.but(issued_at=earlier)))
    assert last_refusal(company) == "not_fresh"


def test_an_old_sign_in_at_the_provider_is_no_fresh_proof_here(company: Company) -> None:
    """`D9`, `E14`: a user who signed in hours ago must prove themselves again."""
    company.put(default_role="admin")
    program = company.service.program()
    facts = company.facts(company.start(program), "ada@acme.test")
    earlier = at(company.service.clock() - timedelta(hours=1))
    assert company.post(program, facts.but(authenticated_at=earlier)).status == 303
    reply = program.post("/api/v1/api_keys", {"name": "CI"})
    assert (reply.status, reply.error["code"]) == (403, "proof_required")


@dataclass(frozen=True)
class _Meanwhile(Saml):
    """Verifies as usual; then something changes before the sign-in is finished."""

    happens: Callable[[], object] = lambda: None

    def verify(self, received: ReceivedResponse, expected: Expected) -> VerifiedAssertion:
        found = super().verify(received, expected)
        self.happens()
        return found


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (lambda company: company.owner.delete(SSO), "domain_unproven"),
        (lambda company: company.owner.delete(f"{SSO}/domains/acme.test"), "domain_unproven"),
        (
            lambda company: company.put(
                idp_entity_id=company.issuer,
                idp_sso_url="https://idp.acme.test/sso",
                idp_certificates=[rsa_pair("another").certificate.pem],
            ),
            "connection_changed",
        ),
    ],
    ids=["deleted", "a domain less", "another certificate"],
)
def test_trust_that_ends_during_a_sign_in_refuses_it(
    company: Company, happens: Callable[[Company], object], reason: str
) -> None:
    """`E13`, `H13`: the write checks again what the sign-in relies on."""
    usual = bootstrap.services()
    meanwhile = _Meanwhile(usual.sso_sign_in.saml.keys, lambda: happens(company))
    bootstrap.use(changed(usual, sso_sign_in=replace(usual.sso_sign_in, saml=meanwhile)))
    program, reply = company.sign_in("mo@acme.test")
    assert refused(reply)
    assert program.get("/auth/session").status == 401
    assert last_refusal(company) == reason


def test_a_connection_test_signs_nobody_in_and_shows_the_response(company: Company) -> None:
    program = company.owner
    before = len(company.service.rows("users"))
    asked = read_request(program.get("/settings/single-sign-on/test"), company.sp)
    reply = company.post(program, company.facts(asked, "mo@acme.test", "Mo Field"))
    assert (reply.status, reply.header("Location")) == (303, "/settings/single-sign-on")
    assert len(company.service.rows("users")) == before
    shown = program.get("/settings/single-sign-on").text
    assert "It worked" in shown
    assert "mo@acme.test" in shown
    asked = read_request(program.get("/settings/single-sign-on/test"), company.sp)
    wrong = company.facts(asked, "mo@acme.test").but(audiences=(("https://other.test",),))
    assert company.post(program, wrong).status == 303
    assert "Copy our entity id" in program.get("/settings/single-sign-on").text


@pytest.mark.parametrize("onward", ["//evil.test", "https://evil.test", "/\\evil.test", "/x"])
def test_a_sign_in_leads_only_to_our_own_pages(company: Company, onward: str) -> None:
    """`E15`."""
    program = company.service.program()
    asked = company.start(program, f"?next={onward}")
    reply = company.post(program, company.facts(asked, "mo@acme.test"))
    assert reply.header("Location") == "/"


def test_an_invalid_response_is_one_plain_403(company: Company) -> None:
    program = company.service.program()
    company.start(program)
    shown = company.post_text(program, "garbage").text
    assert "Signing in didn" in shown
    assert "not_base64" not in shown
    for text in ("", "garbage", "PGE+", "A" * 300_000):
        assert refused(company.post_text(program, text)), text[:10]
    path = f"/sso/{company.connection_id}/acs"
    form = {"Content_Type": "application/x-www-form-urlencoded"}
    assert program.call("POST", path, b"SAMLResponse=a&SAMLResponse=b", **form).status == 403
    assert program.call("POST", path, b"x" * 5_000_000, **form).status == 403
    assert program.post(path, {"SAMLResponse": "x"}).status == 403


def test_each_response_is_in_the_audit_log(company: Company) -> None:
    """`H4`."""
    company.sign_in("mo@acme.test")
    found = company.owner.get("/api/v1/audit_events?event=sso_response.accepted").json["items"]
    details = found[0]["details"]
    assert details["certificate"] == company.idp.certificate.fingerprint
    assert {"response_id", "assertion_id", "in_response_to", "issuer"} <= set(details)
    joined = company.owner.get("/api/v1/audit_events?event=member.joined").json["items"]
    assert joined[0]["actor"]["name"]


def test_our_metadata_is_at_the_url_of_our_entity_id(company: Company) -> None:
    reply = company.service.program().get(f"/sso/{company.connection_id}/metadata")
    assert reply.status == 200
    assert f'entityID="{company.sp.entity_id}"' in reply.text
    assert f'Location="{company.sp.acs_url}"' in reply.text


def test_setting_it_up_needs_a_fresh_proof(service: Service, company: Company) -> None:
    """`D9`."""
    service.clock.advance(timedelta(minutes=16))
    for reply in (
        company.put(enforced=True),
        company.owner.delete("/api/v1/sso"),
        company.owner.post("/api/v1/sso/domains", {"domain": "new.test"}),
    ):
        assert (reply.status, reply.error["code"]) == (403, "proof_required")


def test_two_accounts_claim_one_domain_and_one_gets_it(service: Service, dns: DnsServer) -> None:
    """`E9`: both have published their record; one of them gets it."""
    owners = [an_owner(service, f"o{n}@x{n}.test") for n in range(2)]
    records = [o.post("/api/v1/sso/domains", {"domain": "both.test"}).json for o in owners]
    dns.records[records[0]["txt_name"]] = [record["txt_value"] for record in records]
    replies = race(lambda n: owners[n].post("/api/v1/sso/domains/both.test/verify", {}), callers=2)
    assert sorted(getattr(reply, "status", 0) for reply in replies) == [200, 409]
    assert account_of(owners[0]) != account_of(owners[1])


def test_a_new_certificate_does_not_change_identities(company: Company) -> None:
    """So that a rotation doesn't lock users out."""
    assert company.put(email_attribute="mail").json["email_attribute"] == "mail"
    fields = {"idp_entity_id": company.issuer, "idp_sso_url": "https://idp.acme.test/sso"}
    pairs = (company.idp, rsa_pair("next"))
    certificates = [pair.certificate.pem for pair in pairs]
    assert company.put(**fields, idp_certificates=certificates).json["email_attribute"] == "mail"
    cleared = company.put(**fields, idp_certificates=certificates, email_attribute="")
    assert cleared.json["email_attribute"] is None


def test_no_reset_bypasses_enforcement(service: Service, company: Company) -> None:
    """Neither a link from before, nor one for a user without a password (`B7`)."""
    company.sign_in("mo@acme.test")
    program = service.program()
    program.post("/auth/password_reset/request", {"email": "mo@acme.test"})
    link = service.mail_to("mo@acme.test").link
    company.put(enforced=True)
    reset = {"token": token_of(link), "password": PASSWORD}
    reply = program.post("/auth/password_reset", reset)
    assert (reply.status, reply.error["code"]) == (410, "link_invalid")
    assert ask_sign_in(program, "mo@acme.test").error["code"] == "invalid_credentials"
    program.post("/auth/password_reset/request", {"email": "mo@acme.test"})
    assert "token=" not in service.mail_to("mo@acme.test").text


def test_a_sign_in_replaces_another_users_session(service: Service, company: Company) -> None:
    """`D3`: the browser's earlier session ends, and nothing of it remains."""
    become_a_user(service, "robin@elsewhere.test")
    program = signed_in_program(service, "robin@elsewhere.test")
    before = dict(program.jar.values)
    reply = company.post(program, company.facts(company.start(program), "mo@acme.test"))
    assert reply.status == 303
    assert program.get("/auth/session").json["user"]["email"] == "mo@acme.test"
    assert program.jar.values["thub_session"] != before["thub_session"]
    program.jar.values = before
    assert program.get("/auth/session").status == 401


def test_a_planted_cookie_is_replaced(company: Company) -> None:
    """`E6`: a cookie of another form is replaced."""
    program = company.service.program()
    program.jar.values["thub_sso"] = "planted"
    asked = company.start(program)
    assert program.jar.values["thub_sso"] != "planted"
    planted = company.service.program()
    planted.jar.values["thub_sso"] = "planted"
    assert refused(company.post(planted, company.facts(asked, "mo@acme.test")))
