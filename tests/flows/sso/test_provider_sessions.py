"""A session from an account's provider opens that account and acts in no other."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from chalicelib.domain.roles import Role
from chalicelib.domain.user import Membership
from chalicelib.storage.dynamo.tables import EmailRow, SessionRow, UserRow
from tests.support.keys import KEYS, account_of, add_member, an_owner
from tests.support.personas.company import SSO, Company, a_company, read_request
from tests.support.personas.invitations import invite, mailed_token
from tests.support.personas.journeys import PASSWORD, become_a_user
from tests.support.personas.users import StoppedClock
from tests.support.races.races import race
from tests.support.saml.keys import rsa_pair

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.http import Program, Reply
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service

BOB = "bob@acme.test"
OPEN = "/auth/session/account"


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


def give_access(address: str, account_id: str, role: Role, name: str = "Borealis") -> None:
    """Add an existing user to another account."""
    from chalicelib import bootstrap
    from tests.support.personas.members import join

    connection = bootstrap.services().sessions.users.connection
    join(connection, EmailRow.get(address).user_id, Membership(account_id, name, role))


def opened(program: Program, account_id: str) -> Reply:
    return program.post(OPEN, {"account_id": account_id})


def prove(program: Program, password: str = PASSWORD) -> None:
    assert program.post("/auth/session/proof", {"password": password}).status == 204


def code_of(reply: Reply) -> tuple[int, str | None]:
    return reply.status, reply.error["code"]


def swap_provider(company: Company, admin: Program) -> None:
    """Replace the account's provider by one of the admin's own."""
    company.owner = admin
    company.issuer, company.idp = "https://evil.test/metadata", rsa_pair("evil idp")
    changed = company.put(
        idp_entity_id=company.issuer,
        idp_sso_url="https://evil.test/sso",
        idp_certificates=[company.idp.certificate.pem],
    )
    assert changed.status == 200


def test_an_admin_who_replaces_the_provider_opens_no_other_account(
    service: Service, dns: DnsServer, company: Company
) -> None:
    """`E8`: from account A through its provider to account B, where the same user is an admin."""
    other = a_company(service, dns, "borealis.test", enforced=True)
    mallory = add_member(service, company.account_id, "mallory@acme.test", Role.ADMIN)
    become_a_user(service, BOB)
    give_access(BOB, other.account_id, Role.ADMIN)
    swap_provider(company, mallory)

    program, reply = company.sign_in(BOB)
    assert reply.status == 303
    assert account_of(program) == company.account_id
    assert code_of(opened(program, other.account_id)) == (403, "proof_required")
    assert account_of(program) == company.account_id
    # The attack's next calls act in A, or are refused.
    assert program.post(KEYS, {"name": "CI"}).status == 403
    assert program.call("PUT", SSO, {"enforced": False}).status == 403
    assert other.owner.get(KEYS).json["items"] == []
    assert other.owner.get(SSO).json["enforced"] is True


@pytest.mark.parametrize("role", [Role.MEMBER, Role.ADMIN])
@pytest.mark.parametrize("enforced", [True, False])
def test_another_account_asks_for_a_password_or_its_own_provider(
    service: Service, dns: DnsServer, company: Company, role: Role, *, enforced: bool
) -> None:
    other = a_company(service, dns, "borealis.test", enforced=enforced)
    become_a_user(service, BOB)
    give_access(BOB, other.account_id, role)
    program, _ = company.sign_in(BOB)
    reply = opened(program, other.account_id)
    if enforced and role is Role.MEMBER:
        assert code_of(reply) == (403, "sso_required")
        assert reply.json["sso_url"].endswith(f"/sso/{other.connection_id}/start")
        prove(program)
        assert code_of(opened(program, other.account_id)) == (403, "sso_required")
    else:
        assert code_of(reply) == (403, "proof_required")
        assert "sso_url" not in reply.json
        prove(program)
        assert opened(program, other.account_id).status == 200
        assert account_of(program) == other.account_id
    # Its own account still opens.
    assert opened(program, company.account_id).status == 200


def test_the_page_asks_for_the_password_and_then_opens_the_account(
    service: Service, company: Company
) -> None:
    home = an_owner(service, BOB)
    borealis = account_of(home)
    program, _ = company.sign_in(BOB)
    browser = service.browser()
    browser.jar.values.update(program.jar.values)
    asked = submit(program, "/accounts", account_id=borealis)
    assert asked.status == 303
    page = browser.open(asked.header("Location") or "")
    assert page.heading == "Confirm it's you"
    assert "another account" in page.text
    browser.press("Continue", Password="not the right password")
    assert browser.page.heading == "Confirm it's you"
    browser.press("Continue", Password=PASSWORD)
    program.jar.values.update(browser.jar.values)
    assert account_of(program) == borealis


def test_an_account_that_such_a_session_has_open_is_closed_to_it(
    service: Service, company: Company
) -> None:
    """As after a deployment: older sessions don't have the time of a password."""
    home = an_owner(service, BOB)
    program, _ = company.sign_in(BOB)
    user = home.get("/auth/session").json
    row = SessionRow.get(current(program), consistent_read=True)
    grant = UserRow.get(user["user"]["id"]).memberships.as_dict()[user["account"]["id"]]["grant"]
    row.update(
        actions=[
            SessionRow.account_id.set(user["account"]["id"]),
            SessionRow.grant.set(grant),
        ]
    )
    assert program.get("/auth/session").status == 401


def test_a_sign_in_at_the_provider_is_no_proof_in_another_account(
    service: Service, company: Company
) -> None:
    """`D9`: a new sign-in at A's provider doesn't renew an old proof in B."""
    home = an_owner(service, BOB)
    program, _ = company.sign_in(BOB)
    prove(program)
    assert opened(program, account_of(home)).status == 200
    assert program.post(KEYS, {"name": "first"}).status == 201
    stale = service.clock() - timedelta(minutes=16)
    set_proofs(program, stale)
    asked = read_request(program.get("/proof/single-sign-on?next=/profile"), company.sp)
    assert company.post(program, company.facts(asked, BOB)).status == 303
    assert code_of(program.post(KEYS, {"name": "second"})) == (403, "proof_required")
    assert code_of(program.delete("/auth/sessions")) == (403, "proof_required")
    assert program.get("/proof?next=/settings/api-keys").text.count("single sign-on") == 0
    prove(program)
    assert program.post(KEYS, {"name": "second"}).status == 201


def test_in_its_own_account_a_sign_in_at_the_provider_is_a_proof(
    service: Service, company: Company
) -> None:
    company.put(default_role="admin")
    become_a_user(service, BOB)
    program, _ = company.sign_in(BOB)
    assert program.post(KEYS, {"name": "CI"}).status == 201
    company.put(enforced=True)
    prove(program)
    assert program.get("/auth/session").status == 200
    assert program.post(KEYS, {"name": "CI 2"}).status == 201


def test_every_call_beyond_the_account_requires_the_users_own_proof(
    service: Service, company: Company
) -> None:
    """All calls that change the user themselves."""
    home = an_owner(service, BOB)
    elsewhere = current(home)
    link = invited(service, BOB)
    program, _ = company.sign_in(BOB)
    other, _ = company.sign_in(BOB)
    asked: list[tuple[str, str, object]] = [
        ("POST", OPEN, {"account_id": account_of(home)}),
        ("POST", "/auth/accounts", {"account_name": "Mine"}),
        ("POST", "/auth/invitation", {"token": link}),
        ("PATCH", "/auth/profile", {"name": "Mallory"}),
        ("DELETE", "/auth/sessions", None),
        ("DELETE", f"/auth/sessions/{elsewhere}", None),
    ]
    before = service.rows("users")
    for method, path, body in asked:
        assert code_of(program.call(method, path, body)) == (403, "proof_required"), path
    wrong = {"current_password": "not the right password"}
    changes = {
        "/auth/profile/email": {**wrong, "email": "mallory@evil.test"},
        "/auth/profile/password": {**wrong, "password": "a good long new password"},
    }
    for path, changed in changes.items():
        assert code_of(program.post(path, changed)) == (422, "wrong_password"), path
    assert service.rows("users") == before
    # It lists and ends only sessions of its own provider.
    seen = {item["id"] for item in program.get("/auth/sessions").json["items"]}
    assert seen == {current(program), current(other)}
    assert program.delete(f"/auth/sessions/{current(other)}").status == 204
    assert home.get("/auth/session").status == 200
    # With the password all of it works.
    prove(program)
    for method, path, body in reversed(asked):
        assert program.call(method, path, body).status < 300, path


def test_each_such_form_leads_to_the_proof_page(service: Service, company: Company) -> None:
    home = an_owner(service, BOB)
    program, _ = company.sign_in(BOB)
    forms = {
        "/accounts": {"account_id": account_of(home)},
        "/accounts/new": {"account_name": "Mine"},
        "/profile": {"name": "Mallory"},
        "/profile/sessions/end-others": {},
        f"/profile/sessions/{current(home)}/end": {},
    }
    for path, form in forms.items():
        reply = submit(program, path, **form)
        assert (reply.status, (reply.header("Location") or "")[:6]) == (303, "/proof"), path
    token = invited(service, BOB)
    assert "Confirm with your password" in program.get(f"/invitation?token={token}").text
    refused = submit(program, "/invitation", token=token)
    assert (refused.header("Location") or "").startswith("/proof")


def test_a_user_without_a_password_in_one_account_can_change_themselves(
    service: Service, company: Company
) -> None:
    """Their provider is their only way to prove who they are."""
    program, _ = company.sign_in("mo@acme.test")
    other, _ = company.sign_in("mo@acme.test")
    assert program.call("PATCH", "/auth/profile", {"name": "Mo"}).status == 200
    assert program.delete("/auth/sessions").status == 204
    assert other.get("/auth/session").status == 401
    token = invited(service, "mo@acme.test")
    assert program.post("/auth/invitation", {"token": token}).status == 200
    # From then on they have another account, for which this provider isn't trusted.
    assert program.call("PATCH", "/auth/profile", {"name": "Kim"}).status == 403
    assert "Set a password" in program.get("/proof?next=/profile").text


def test_after_leaving_the_providers_account_its_session_can_do_nothing(
    service: Service, company: Company
) -> None:
    program, _ = company.sign_in("mo@acme.test")
    left = program.post("/auth/session/account/leave", {"account_id": company.account_id})
    assert left.status == 200
    assert program.call("PATCH", "/auth/profile", {"name": "Mo"}).status == 403
    assert program.post("/auth/accounts", {"account_name": "Mine"}).status == 403
    assert service.rows("accounts")


def test_eight_switches_at_once_open_nothing_without_the_password(
    service: Service, company: Company
) -> None:
    """`H13`."""
    home = an_owner(service, BOB)
    borealis = account_of(home)
    program, _ = company.sign_in(BOB)
    replies = race(lambda _: opened(program, borealis), callers=8)
    assert [getattr(reply, "status", 0) for reply in replies] == [403] * 8
    assert account_of(program) == company.account_id


def current(program: Program) -> str:
    """Return the id of a program's session from its list."""
    (found,) = [s["id"] for s in program.get("/auth/sessions").json["items"] if s["current"]]
    return str(found)


def set_proofs(program: Program, at: datetime) -> None:
    """Set the time of a session's last proofs."""
    SessionRow(current(program)).update(
        actions=[SessionRow.proved_at.set(at), SessionRow.password_proved_at.set(at)]
    )


def submit(program: Program, path: str, **form: str) -> Reply:
    """Submit a page's form."""
    kind = "application/x-www-form-urlencoded"
    return program.call("POST", path, urlencode(form).encode(), Content_Type=kind)


def invited(service: Service, address: str) -> str:
    """Invite a user to a third user's account, and return the mailed token."""
    invite(an_owner(service, "carol@corp.test"), address)
    return mailed_token(service, address)
