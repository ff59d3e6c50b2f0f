"""Responses of a provider besides plain sign-ins: links, returns, errors and refusals."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.roles import Role
from chalicelib.domain.tokens import digest
from chalicelib.storage.dynamo.tables import SsoIdentityRow
from tests.support.keys import account_of, add_member
from tests.support.personas.company import Company, a_company, read_request
from tests.support.personas.invitations import invite
from tests.support.personas.journeys import (
    PASSWORD,
    become_a_user,
    signed_in_program,
    token_of,
)
from tests.support.personas.users import StoppedClock
from tests.support.races.races import race
from tests.support.saml.keys import rsa_pair
from tests.support.saml.messages import Attribute

if TYPE_CHECKING:
    from tests.support.http import Program, Reply
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service

BOB = "bob@acme.test"
_FORMAT = "urn:oasis:names:tc:SAML:{}:nameid-format:{}"
EMAIL = _FORMAT.format("1.1", "emailAddress")
UNSPECIFIED = _FORMAT.format("1.1", "unspecified")
PERSISTENT = _FORMAT.format("2.0", "persistent")
TRANSIENT = _FORMAT.format("2.0", "transient")


@pytest.fixture
def environ(dns: DnsServer) -> dict[str, str]:
    return {"DNS_SERVER": dns.setting, "EMAIL_CHANGE_UNDO_SECONDS": "60"}


@pytest.fixture
def clock() -> StoppedClock:
    """Near the real time, which python3-saml compares with."""
    return StoppedClock.near_now()


@pytest.fixture
def company(service: Service, dns: DnsServer) -> Company:
    return a_company(service, dns, email_attribute="mail")


def events(company: Company, name: str, limit: int = 500) -> list[dict[str, Any]]:
    found = company.owner.get(f"/api/v1/audit_events?event={name}&limit={limit}")
    items: list[dict[str, Any]] = found.json["items"]
    return items


def sign_in_as(
    company: Company, name_id: str, name_format: str, mail: str
) -> tuple[Program, Reply]:
    """Sign in with a NameID in a format, and an email in the attribute."""
    program = company.service.program()
    facts = company.facts(company.start(program), name_id)
    attributes = (Attribute("mail", (mail,)),)
    changed = facts.but(name_id_format=name_format, attributes=attributes)
    return program, company.post(program, changed)


def user_of(program: Program) -> str:
    user_id: str = program.get("/auth/session").json["user"]["id"]
    return user_id


# Linking


@pytest.mark.parametrize("is_member", [True, False])
def test_an_existing_user_who_is_linked_gets_a_mail_once(
    service: Service, company: Company, *, is_member: bool
) -> None:
    if is_member:
        add_member(service, company.account_id, BOB, Role.MEMBER)
    else:
        become_a_user(service, BOB)
    for _ in range(2):
        assert company.sign_in(BOB)[1].status == 303
    service.work()
    letters = [
        letter for letter in service.outbox if letter.to == BOB and "sign you in" in letter.subject
    ]
    assert len(letters) == 1
    assert "no other account of yours" in letters[0].text
    assert "192.0.2.7" in letters[0].text
    (linked,) = events(company, "user.sso_linked")
    assert linked["details"] == {"method": "sso", "email": BOB, "name_id_format": EMAIL}


def test_a_new_user_from_the_provider_gets_no_such_mail(service: Service, company: Company) -> None:
    company.sign_in("new@acme.test")
    service.work()
    assert not [letter for letter in service.outbox if letter.to == "new@acme.test"]
    assert events(company, "user.sso_linked") == []


# The format is part of the identity


@pytest.mark.parametrize("name_format", [UNSPECIFIED, PERSISTENT, "urn:example:own"])
def test_a_victims_email_in_another_format_is_another_identity(
    company: Company, name_format: str
) -> None:
    """`E8`: with the attacker's own email in the attribute, the attacker is signed in."""
    victim, _ = sign_in_as(company, BOB, EMAIL, BOB)
    attacker, reply = sign_in_as(company, BOB, name_format, "mallory@acme.test")
    assert reply.status == 303
    assert user_of(attacker) != user_of(victim)
    assert attacker.get("/auth/session").json["user"]["email"] == "mallory@acme.test"


def keep_as_before(company: Company, program: Program, subject: str) -> None:
    """Store a user's identity as older versions did, without its format."""
    for row in SsoIdentityRow.scan():
        row.delete()
    former = f"{company.connection_id}#{digest(company.issuer)}#{digest(subject)}"
    SsoIdentityRow(former, user_id=user_of(program), created_at=company.service.clock()).save()


def test_an_older_identity_is_moved_once_to_a_key_with_its_format(company: Company) -> None:
    first, _ = sign_in_as(company, "employee-1", PERSISTENT, BOB)
    keep_as_before(company, first, "employee-1")
    # The email changed meanwhile: the name decides, not the email.
    second, reply = sign_in_as(company, "employee-1", PERSISTENT, "bob.field@acme.test")
    assert reply.status == 303
    assert user_of(second) == user_of(first)
    (row,) = SsoIdentityRow.scan()
    assert row.identity.count("#") == 3
    # From then on it is valid only with that format.
    other, _ = sign_in_as(company, "employee-1", UNSPECIFIED, "mallory@acme.test")
    assert user_of(other) != user_of(first)


@pytest.mark.parametrize("name_format", [UNSPECIFIED, PERSISTENT, "urn:example:own"])
def test_an_older_identity_signs_nobody_in_with_another_format(
    company: Company, name_format: str
) -> None:
    victim, _ = sign_in_as(company, BOB, EMAIL, BOB)
    keep_as_before(company, victim, BOB)
    attacker, _ = sign_in_as(company, BOB, name_format, "mallory@acme.test")
    assert user_of(attacker) != user_of(victim)
    # The victim can still sign in.
    again, _ = sign_in_as(company, BOB, EMAIL, "other@acme.test")
    assert user_of(again) == user_of(victim)


def test_an_email_of_a_current_user_is_not_an_older_identity(company: Company) -> None:
    """Stored for a user name that only looked like the email, whose user came later."""
    early, _ = sign_in_as(company, BOB, UNSPECIFIED, "early@acme.test")
    bob, _ = sign_in_as(company, "employee-2", PERSISTENT, BOB)
    keep_as_before(company, early, BOB)
    found, _ = sign_in_as(company, BOB, EMAIL, BOB)
    assert user_of(found) == user_of(bob)


def test_the_email_is_read_from_only_one_place(company: Company) -> None:
    """`E9`: the NameID if its format is emailAddress, else the attribute; never one of both."""
    program, _ = sign_in_as(company, BOB, EMAIL, "mallory@acme.test")
    assert program.get("/auth/session").json["user"]["email"] == BOB
    program = company.service.program()
    facts = company.facts(company.start(program), "kim@acme.test")
    assert company.post(program, facts.but(name_id_format=UNSPECIFIED)).status == 403


# Returning


def remove(company: Company, user_id: str) -> None:
    assert company.owner.delete(f"/api/v1/members/{user_id}").status == 204


def test_a_removed_user_who_is_invited_again_returns_through_the_provider(
    company: Company,
) -> None:
    program, _ = company.sign_in(BOB)
    user_id = user_of(program)
    company.put(enforced=True)
    remove(company, user_id)
    assert company.sign_in(BOB)[1].status == 403
    workspace = company.owner.get("/auth/session").json
    assert workspace["account"]["id"] == company.account_id
    invite(company.owner, BOB, role="admin", workspaces=[])
    back, reply = company.sign_in(BOB)
    assert reply.status == 303
    session = back.get("/auth/session").json
    assert session["user"]["id"] == user_id
    assert session["account"] == {"id": company.account_id, "name": "Acme", "role": "admin"}
    assert company.owner.get("/api/v1/invitations").json["items"] == []
    assert len(events(company, "invitation.accepted")) == 1
    # The invitation is used: removed again, they stay out again.
    remove(company, user_id)
    assert company.sign_in(BOB)[1].status == 403


def test_another_identity_does_not_bypass_a_removal(service: Service, company: Company) -> None:
    """Nor does a first identity, for a member who had only a password."""
    program, _ = sign_in_as(company, "employee-1", PERSISTENT, BOB)
    remove(company, user_of(program))
    assert sign_in_as(company, "employee-2", PERSISTENT, BOB)[1].status == 403
    assert sign_in_as(company, "employee-1", UNSPECIFIED, BOB)[1].status == 403
    kim = user_of(add_member(service, company.account_id, "kim@acme.test", Role.MEMBER))
    remove(company, kim)
    assert company.sign_in("kim@acme.test")[1].status == 403
    invite(company.owner, "kim@acme.test", role="member", workspaces=[])
    assert company.sign_in("kim@acme.test")[1].status == 303


def test_of_eight_returns_at_once_one_accepts(company: Company) -> None:
    """`H13`."""
    program, _ = company.sign_in(BOB)
    remove(company, user_of(program))
    invite(company.owner, BOB, role="member", workspaces=[])
    replies = race(lambda _: company.sign_in(BOB)[1], callers=8)
    assert 303 in [getattr(reply, "status", 0) for reply in replies]
    assert len(events(company, "invitation.accepted")) == 1
    assert (
        len([m for m in company.owner.get("/api/v1/members").json["items"] if m["email"] == BOB])
        == 1
    )


@pytest.mark.parametrize(
    "gone", ["expired", "revoked", "inviter suspended", "inviter back", "another address"]
)
def test_an_invalid_invitation_does_not_let_a_removed_user_return(
    service: Service, company: Company, gone: str
) -> None:
    admin = add_member(service, company.account_id, "ada@acme.test", Role.ADMIN)
    ada = user_of(admin)
    program, _ = company.sign_in(BOB)
    remove(company, user_of(program))
    address = "other@acme.test" if gone == "another address" else BOB
    made = invite(admin, address, role="member", workspaces=[])
    if gone == "expired":
        expire(company, made["id"])
    elif gone == "revoked":
        assert company.owner.delete(f"/api/v1/invitations/{made['id']}").status == 204
    elif gone.startswith("inviter"):
        assert company.owner.post(f"/api/v1/members/{ada}/suspend", {}).status == 200
    if gone == "inviter back":
        # Reactivated, the inviter has another grant than the one that the invitation names.
        assert company.owner.post(f"/api/v1/members/{ada}/reactivate", {}).status == 200
    assert company.sign_in(BOB)[1].status == 403
    (event, *_) = events(company, "sso_response.refused")
    assert event["details"]["reason"] == "not_a_member"


def expire(company: Company, invitation_id: str) -> None:
    from chalicelib.storage.dynamo.tables import AccountRow

    row = AccountRow(company.account_id, f"invitation#{invitation_id}")
    row.update(actions=[AccountRow.expires_at.set(company.service.clock())])


# A provider's error


def an_error(
    company: Company,
    request_id: str | None,
    status: str = "Responder",
    second: str | None = "RequestDenied",
    message: str = "Bob isn't assigned to this app.",
) -> str:
    """Write an unsigned error response, as providers send it."""
    base = "urn:oasis:names:tc:SAML:2.0:status:"
    inner = f'<p:StatusCode Value="{base}{second}"/>' if second else ""
    answers = f' InResponseTo="{request_id}"' if request_id else ""
    xml = (
        '<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_e1" Version="2.0"'
        f' IssueInstant="2026-11-24T09:30:00Z"{answers}>'
        f'<a:Issuer xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">{company.issuer}</a:Issuer>'
        f'<p:Status><p:StatusCode Value="{base}{status}">{inner}</p:StatusCode>'
        f"<p:StatusMessage>{message}</p:StatusMessage></p:Status></p:Response>"
    )
    return b64encode(xml.encode()).decode()


def test_a_providers_error_is_reported_as_its_own(company: Company) -> None:
    program = company.service.program()
    asked = company.start(program)
    reply = company.post_text(program, an_error(company, asked.request_id))
    assert reply.status == 403
    assert "reported an error" in reply.text
    assert "RequestDenied" not in reply.text
    (event,) = events(company, "sso_response.refused")
    details = event["details"]
    assert isinstance(details, dict)
    assert details["reason"] == "provider_error"
    assert details["provider_status"] == "Responder/RequestDenied"
    assert details["provider_message"] == "Bob isn't assigned to this app."
    # It proved nothing, so the request is still valid for the provider's real response.
    assert company.post(program, company.facts(asked, BOB)).status == 303


def test_a_providers_error_is_bound_to_a_request_of_this_browser(company: Company) -> None:
    program = company.service.program()
    asked = company.start(program)
    other = company.service.program()
    company.start(other)
    cases = {
        "other_browser": (other, an_error(company, asked.request_id)),
        "request_unknown": (program, an_error(company, "_never_made")),
        "provider_error": (program, an_error(company, None)),
    }
    for reason, (browser, text) in cases.items():
        company.service.clock.advance(timedelta(seconds=1))
        assert company.post_text(browser, text).status == 403
        details = events(company, "sso_response.refused")[0]["details"]
        assert details["reason"] == reason


def test_a_providers_message_is_cut_and_cleaned(company: Company) -> None:
    program = company.service.program()
    asked = company.start(program)
    text = an_error(company, asked.request_id, "S" * 500, "é", "\u202eevil\n\t " + "x" * 5_000)
    assert company.post_text(program, text).status == 403
    (event,) = events(company, "sso_response.refused")
    details = event["details"]
    assert isinstance(details, dict)
    assert len(str(details["provider_status"])) < 150
    assert str(details["provider_message"]).startswith("evil x")
    assert len(str(details["provider_message"])) == 200


def test_a_stranger_cannot_write_a_link_into_the_audit_log(company: Company) -> None:
    """Anyone can send an unsigned error, and admins read it."""
    program = company.service.program()
    asked = company.start(program)
    words = "Your account is locked. Sign in at https://evil.com/login"
    text = an_error(company, asked.request_id, "https://evil.com/status", None, words)
    assert company.post_text(program, text).status == 403
    (event,) = events(company, "sso_response.refused")
    assert event["details"]["provider_status"] == "?"
    assert "evil.com" not in str(event["details"])


def test_the_connection_test_shows_a_providers_error(company: Company) -> None:
    asked = read_request(company.owner.get("/settings/single-sign-on/test"), company.sp)
    reply = company.post_text(company.owner, an_error(company, asked.request_id))
    assert (reply.status, reply.header("Location")) == (303, "/settings/single-sign-on")
    shown = company.owner.get("/settings/single-sign-on").text
    assert "answered with an error" in shown
    assert "Responder/RequestDenied" in shown
    assert "Bob isn&#39;t assigned to this app." in shown


def test_success_without_an_assertion_is_not_a_providers_error(company: Company) -> None:
    program = company.service.program()
    asked = company.start(program)
    company.post_text(program, an_error(company, asked.request_id, "Success", None))
    assert events(company, "sso_response.refused")[0]["details"]["reason"] == "shape"


# A flood of refusals


def test_a_flood_of_refused_responses_is_listed_sixty_times_and_counted(
    service: Service, company: Company
) -> None:
    program = service.program()
    replies = race(
        lambda _: [company.post_text(program, "garbage").status for _ in range(12)], callers=8
    )
    assert [status for reply in replies if isinstance(reply, list) for status in reply] == [
        403
    ] * 96
    listed = events(company, "sso_response.refused")
    assert len(listed) <= 60
    for _ in range(60):
        company.post_text(program, "garbage")
    assert len(events(company, "sso_response.refused")) == 60
    service.clock.advance(timedelta(minutes=61))
    owner = signed_in_program(service, "owner@acme.test")
    company.owner = owner
    assert account_of(owner) == company.account_id
    company.post_text(program, "garbage")
    listed = events(company, "sso_response.refused")
    # Each one that isn't listed is counted once, in whichever event has the number.
    counted = [event["details"].get("unlisted", 0) for event in listed]
    assert len(listed) + sum(counted) == 96 + 60 + 1


def test_counted_refusals_are_recorded_once_a_day(service: Service, company: Company) -> None:
    program = service.program()
    for _ in range(63):
        company.post_text(program, "garbage")
    assert events(company, "sso_response.counted") == []
    for _ in range(2):
        service.watch()
    (event,) = events(company, "sso_response.counted")
    assert event["details"] == {"unlisted": 3}
    assert event["actor"]["type"] == "system"


# More certificates than two


def test_the_page_shows_which_of_many_certificates_were_stored(company: Company) -> None:
    own = [rsa_pair(name).certificate for name in ("one", "two", "three")]
    keys = "".join(
        '<m:KeyDescriptor use="signing"><d:KeyInfo><d:X509Data><d:X509Certificate>'
        f"{certificate.base64}</d:X509Certificate></d:X509Data></d:KeyInfo></m:KeyDescriptor>"
        for certificate in own
    )
    xml = (
        '<m:EntityDescriptor xmlns:m="urn:oasis:names:tc:SAML:2.0:metadata"'
        f' xmlns:d="http://www.w3.org/2000/09/xmldsig#" entityID="{company.issuer}">'
        '<m:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f"{keys}"
        '<m:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
        ' Location="https://idp.acme.test/sso"/></m:IDPSSODescriptor></m:EntityDescriptor>'
    )
    browser = company.service.browser()
    browser.jar.values.update(company.owner.jar.values)
    browser.open("/settings/single-sign-on")
    page = browser.press("Save connection", **{"Metadata (XML)": xml})
    assert "more than two signing certificates" in page.text
    taken = [c for c in own if c.fingerprint in page.text]
    assert len(taken) == 2
    longest = sorted(own, key=lambda c: c.not_after)[-2:]
    assert {c.not_after for c in taken} == {c.not_after for c in longest}
    # The call's answer shows them too.
    saved = company.put(idp_metadata_xml=xml)
    assert (saved.status, len(saved.json["idp_certificates"])) == (200, 2)


def test_a_reserved_email_creates_no_other_user(service: Service, company: Company) -> None:
    """Its earlier user can undo the change for a while; until then the provider's is refused."""
    become_a_user(service, "kim@acme.test")
    program = signed_in_program(service, "kim@acme.test")
    change = {"current_password": PASSWORD, "email": "kim@elsewhere.test"}
    assert program.post("/auth/profile/email", change).status == 202
    token = token_of(service.mail_to("kim@elsewhere.test", "Confirm").link)
    assert program.post("/auth/email_confirmation", {"token": token}).status == 200
    _, refused = company.sign_in("kim@acme.test")
    assert refused.status == 403
    reasons = [item["details"]["reason"] for item in events(company, "sso_response.refused")]
    assert reasons == ["email_kept"]
    service.clock.advance(timedelta(seconds=61))
    _, accepted = company.sign_in("kim@acme.test")
    assert accepted.status == 303
