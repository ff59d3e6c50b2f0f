"""Links from before a domain enforced SSO give no user a password there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.roles import Role
from tests.support.keys import add_member
from tests.support.personas.company import Company, a_company
from tests.support.personas.invitations import invite, mailed_token
from tests.support.personas.journeys import (
    PASSWORD,
    ask_sign_in,
    ask_sign_up,
    become_a_user,
    signed_in_program,
    token_of,
)

if TYPE_CHECKING:
    from tests.support.http import Program, Reply
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service

_KIM = "kim@acme.test"


@pytest.fixture
def environ(dns: DnsServer) -> dict[str, str]:
    return {"DNS_SERVER": dns.setting}


@pytest.fixture
def company(service: Service, dns: DnsServer) -> Company:
    """A company that doesn't enforce SSO yet."""
    return a_company(service, dns)


def _invited(company: Company, address: str, role: str) -> str:
    invite(company.owner, address, role=role)
    return mailed_token(company.service, address)


def _join(program: Program, token: str) -> Reply:
    body = {"token": token, "name": "Kim", "password": PASSWORD}
    return program.post("/auth/invitation", body)


def _change_link(service: Service, email: str, to: str) -> tuple[Program, str]:
    program = signed_in_program(service, email)
    body = {"current_password": PASSWORD, "email": to}
    assert program.post("/auth/profile/email", body).status == 202
    return program, token_of(service.mail_to(to, "Confirm").link)


def test_a_confirmation_link_makes_no_user_under_enforcement(
    service: Service, company: Company
) -> None:
    program = service.program()
    ask_sign_up(program, _KIM)
    link = service.mail_to(_KIM).link
    company.put(enforced=True)
    dead = program.post("/auth/email_confirmation", {"token": "A" * 43})
    reply = program.post("/auth/email_confirmation", {"token": token_of(link)})
    assert (reply.status, reply.body) == (dead.status, dead.body)
    assert reply.status == 410
    assert _KIM not in str(service.rows("emails"))
    company.put(enforced=False)
    assert program.post("/auth/email_confirmation", {"token": token_of(link)}).status == 200


def test_the_page_of_a_refused_confirmation_link_names_sso(
    service: Service, company: Company
) -> None:
    browser = service.browser()
    ask_sign_up(service.program(), _KIM)
    browser.open(service.mail_to(_KIM).link)
    company.put(enforced=True)
    browser.press("Confirm email", Password=PASSWORD)
    assert browser.page.status == 410
    page = browser.page.text
    browser.open("/email-confirmation?token=x")
    assert browser.page.text == page
    assert "single sign-on" in page


def test_an_invitation_allows_no_password_under_enforcement(
    service: Service, company: Company
) -> None:
    token = _invited(company, _KIM, "member")
    company.put(enforced=True)
    reply = _join(service.program(), token)
    assert (reply.status, reply.error["code"]) == (401, "sign_in_required")
    assert "single sign-on" in reply.error["message"]
    browser = service.browser()
    browser.open(f"/invitation?token={token}")
    assert "Sign in as kim@acme.test" in browser.page.text
    assert _KIM not in str(service.rows("emails"))
    company.put(enforced=False)
    assert _join(service.program(), token).status == 200


def test_an_invited_admin_of_the_company_may_have_a_password(
    service: Service, company: Company
) -> None:
    token = _invited(company, _KIM, "admin")
    company.put(enforced=True)
    assert _join(service.program(), token).status == 200
    assert ask_sign_in(service.program(), _KIM).status == 200


def test_no_email_is_changed_into_an_enforced_domain(service: Service, company: Company) -> None:
    become_a_user(service, "kim@elsewhere.test")
    program, token = _change_link(service, "kim@elsewhere.test", _KIM)
    company.put(enforced=True)
    assert program.post("/auth/email_confirmation", {"token": token}).status == 410
    assert ask_sign_in(service.program(), "kim@elsewhere.test").status == 200


def test_an_admin_of_the_company_changes_into_its_enforced_domain(
    service: Service, company: Company
) -> None:
    add_member(service, company.account_id, "ada@elsewhere.test", Role.ADMIN)
    program, token = _change_link(service, "ada@elsewhere.test", "ada@acme.test")
    company.put(enforced=True)
    assert program.post("/auth/email_confirmation", {"token": token}).status == 200
    assert ask_sign_in(service.program(), "ada@acme.test").status == 200


def test_a_member_cannot_confirm_a_change_with_a_refused_password(
    service: Service, company: Company
) -> None:
    add_member(service, company.account_id, _KIM, Role.MEMBER)
    _, token = _change_link(service, _KIM, "kim@elsewhere.test")
    company.put(enforced=True)
    body = {"token": token, "password": PASSWORD}
    reply = service.program().post("/auth/email_confirmation", body)
    assert (reply.status, reply.error["code"]) == (422, "wrong_password")


def test_a_member_whom_the_company_removed_signs_in_to_other_accounts(
    service: Service, company: Company
) -> None:
    """Its provider refuses them, so only their password is left."""
    become_a_user(service, _KIM)
    invite(company.owner, _KIM)
    program = signed_in_program(service, _KIM)
    joined = program.post("/auth/invitation", {"token": mailed_token(service, _KIM)})
    assert joined.status == 200
    company.put(enforced=True)
    assert ask_sign_in(service.program(), _KIM).status == 401
    members = company.owner.get("/api/v1/members").json["items"]
    (kim,) = [item["user_id"] for item in members if item["email"] == _KIM]
    assert company.owner.call("DELETE", f"/api/v1/members/{kim}").status == 204
    assert ask_sign_in(service.program(), _KIM).json["next"] == "app"
    service.program().post("/auth/password_reset/request", {"email": _KIM})
    token = token_of(service.mail_to(_KIM, "password").link)
    body = {"token": token, "password": "another violet kettle marmot"}
    assert service.program().post("/auth/password_reset", body).status == 200
    reply = ask_sign_in(service.program(), _KIM, "another violet kettle marmot")
    assert reply.json["next"] == "app"


def test_a_user_in_no_account_keeps_their_password(service: Service, company: Company) -> None:
    assert _join(service.program(), _invited(company, _KIM, "member")).status == 200
    program = signed_in_program(service, _KIM)
    body = {"account_id": company.account_id}
    assert program.call("POST", "/auth/session/account/leave", body).status == 200
    company.put(enforced=True)
    assert ask_sign_in(service.program(), _KIM).json["next"] == "no_account"
