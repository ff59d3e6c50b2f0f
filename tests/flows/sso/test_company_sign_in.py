"""Emails of a domain with SSO: only the domain decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    ask_sign_in,
    become_a_user,
    sign_up,
    signed_in_program,
)
from tests.support.service import ORIGIN

if TYPE_CHECKING:
    from tests.support.service import Service

_CONNECTION = "sso_1"
_START = f"{ORIGIN}/sso/{_CONNECTION}/start"
UNKNOWN = "nobody@acme.test"


def _prove_domain(service: Service, *, enforced: bool, account_id: str | None = None) -> None:
    """Store the domain acme.test as the SSO settings do."""
    service.engine.client("dynamodb").put_item(
        TableName=f"{service.settings.table_prefix}domains",
        Item={
            "domain": {"S": "acme.test"},
            "account_id": {"S": account_id or "acc_somebody"},
            "connection_id": {"S": _CONNECTION},
            "enforced": {"N": str(int(enforced))},
        },
    )


def _account_of_robin(service: Service) -> str:
    account: str = signed_in_program(service).get("/auth/session").json["account"]["id"]
    return account


@pytest.mark.parametrize("address", [ADDRESS, UNKNOWN])
def test_an_enforced_domain_leads_to_its_provider(service: Service, address: str) -> None:
    """`B1`: whether the user exists isn't read."""
    become_a_user(service)
    _prove_domain(service, enforced=True)
    reply = service.program().post("/auth/identify", {"email": address})
    assert reply.json == {"next": "sso", "sso_url": _START}


def test_optional_sso_is_offered_beside_the_password(service: Service) -> None:
    _prove_domain(service, enforced=False)
    reply = service.program().post("/auth/identify", {"email": ADDRESS})
    assert reply.json == {"next": "password", "sso_url": _START}
    browser = service.browser()
    browser.open("/sign-in")
    browser.press("Continue", Email=ADDRESS)
    assert browser.page.link("Continue with single sign-on") == _START
    assert "Password" in browser.page.form_of("Sign in").fields


def test_everyone_of_an_enforced_domain_sees_the_same_password_link(
    service: Service,
) -> None:
    """`B1`: so the page doesn't reveal who is an owner."""
    become_a_user(service)
    _prove_domain(service, enforced=True)
    pages = []
    for address in (ADDRESS, UNKNOWN):
        browser = service.browser()
        browser.open("/sign-in")
        pages.append(browser.press("Continue", Email=address).html.replace(address, "…"))
    assert pages[0] == pages[1]
    assert "Sign in with a password instead" in pages[0]


def test_the_owner_of_the_account_may_use_a_password(service: Service) -> None:
    become_a_user(service)
    _prove_domain(service, enforced=True, account_id=_account_of_robin(service))
    signed_in_program(service)


def test_no_other_user_of_the_domain_may_use_a_password(service: Service) -> None:
    """`B2`: the right password gets the answer of a wrong one."""
    become_a_user(service)
    _prove_domain(service, enforced=True)
    right = ask_sign_in(service.program())
    wrong = ask_sign_in(service.program(), password=OTHER_PASSWORD)
    assert (right.status, right.body) == (wrong.status, wrong.body)
    assert right.status == 401


def test_a_sign_up_at_the_domain_gets_a_mail_about_its_sso(service: Service) -> None:
    _prove_domain(service, enforced=True)
    browser = service.browser()
    sign_up(browser)
    assert browser.page.heading == "Check your email"
    letter = service.mail_to(ADDRESS)
    assert "token=" not in letter.text
    assert f"{ORIGIN}/sign-in" in letter.text


def test_a_sign_up_that_waited_when_sso_was_enforced_can_no_longer_sign_in(
    service: Service,
) -> None:
    sign_up(service.browser())
    _prove_domain(service, enforced=True)
    assert ask_sign_in(service.program()).json["error"]["code"] == "invalid_credentials"
