"""The forms under `/settings` that invite, resend and revoke."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.support.keys import account_of, an_owner
from tests.support.personas.invitations import INVITATIONS, INVITED, invite
from tests.support.personas.journeys import ADDRESS

if TYPE_CHECKING:
    from tests.support.http import Program, Reply
    from tests.support.service import Service

_INVITE = "/settings/members/invite"


@pytest.fixture
def owner(service: Service) -> Program:
    return an_owner(service)


def _send(program: Program, path: str, **form: str) -> Reply:
    body = urlencode({"account_id": account_of(program), **form}).encode()
    return program.post(path, body, Content_Type="application/x-www-form-urlencoded")


def test_the_form_invites_and_an_admin_needs_no_workspaces(
    service: Service, owner: Program
) -> None:
    (choice,) = re.findall(r'name="(workspace_\w+)"', owner.get(_INVITE).text)
    for address, role in ((INVITED, "member"), ("ada@acme.test", "admin")):
        reply = _send(owner, _INVITE, email=address, role=role, **{choice: "viewer"})
        assert (reply.status, reply.header("Location")) == (303, "/settings/members?done=invited")
        assert "Join" in service.mail_to(address).html
    admin, member = owner.get(INVITATIONS).json["items"]
    if admin["role"] == "member":
        admin, member = member, admin
    assert admin["workspaces"] == []
    assert member["workspaces"] == [{"id": choice.removeprefix("workspace_"), "role": "viewer"}]


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"email": "kim", "role": "member"}, 422, "Enter an email address"),
        ({"email": INVITED, "role": "owner"}, 422, "Choose member or admin."),
        ({"email": ADDRESS, "role": "member"}, 409, "in the account already"),
        (
            {"email": INVITED, "role": "member", "workspace_none": "viewer"},
            422,
            "no such workspace",
        ),
    ],
    ids=["address", "role", "member", "workspace"],
)
def test_the_form_shows_why_it_is_refused(
    owner: Program, form: dict[str, str], status: int, words: str
) -> None:
    reply = _send(owner, _INVITE, **form)
    assert reply.status == status
    assert words in reply.text
    assert f'value="{form["email"]}"' in reply.text
    assert owner.get(INVITATIONS).json["total_count"] == 0


def test_an_invitation_is_sent_again_and_revoked(service: Service, owner: Program) -> None:
    path = f"/settings/invitations/{invite(owner)['id']}"
    first = service.mail_to(INVITED).link
    reply = _send(owner, f"{path}/resend")
    assert reply.header("Location") == "/settings/members?done=resent"
    second = service.mail_to(INVITED).link
    assert first != second
    assert _send(owner, f"{path}/revoke").header("Location") == "/settings/members?done=revoked"
    assert {service.browser().open(link).status for link in (first, second)} == {410}
    assert _send(owner, f"{path}/revoke").status == 404
