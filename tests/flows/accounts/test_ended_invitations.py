"""Invitations whose inviter may no longer invite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.roles import Role
from tests.support.keys import account_of, add_member, an_owner
from tests.support.personas.invitations import (
    INVITATIONS,
    INVITED,
    accept,
    accept_as_new,
    invite,
    mailed_token,
)
from tests.support.personas.journeys import signed_in_program, token_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.http import Program, Reply
    from tests.support.service import Service

_ADA = "ada@acme.test"
_SECOND = "ada.second@borealis.test"
_MEMBERS = "/api/v1/members"


@pytest.fixture
def owner(service: Service) -> Program:
    return an_owner(service)


@pytest.fixture
def ada(service: Service, owner: Program) -> Program:
    return add_member(service, account_of(owner), _ADA, Role.ADMIN)


def _id_of(owner: Program, address: str) -> str:
    members = owner.get(_MEMBERS).json["items"]
    (found,) = [member["user_id"] for member in members if member["email"] == address]
    return str(found)


def _remove(owner: Program, user_id: str) -> Reply:
    return owner.delete(f"{_MEMBERS}/{user_id}")


def _suspend(owner: Program, user_id: str) -> Reply:
    return owner.post(f"{_MEMBERS}/{user_id}/suspend", {})


def _demote(owner: Program, user_id: str) -> Reply:
    return owner.call("PATCH", f"{_MEMBERS}/{user_id}", {"role": "member"})


def _suspend_and_reactivate(owner: Program, user_id: str) -> Reply:
    _suspend(owner, user_id)
    return owner.post(f"{_MEMBERS}/{user_id}/reactivate", {})


_ENDS: list[Any] = [_remove, _suspend, _demote, _suspend_and_reactivate]


def test_a_removed_admin_cannot_return_by_their_own_invitation(
    service: Service, owner: Program, ada: Program
) -> None:
    """`D7`: not with another email of theirs either."""
    an_owner(service, _SECOND)
    invite(ada, _SECOND, role="admin")
    token = mailed_token(service, _SECOND)
    assert _remove(owner, _id_of(owner, _ADA)).status == 204
    second = signed_in_program(service, _SECOND)
    assert accept(second, token).status == 410
    assert [m["email"] for m in owner.get(_MEMBERS).json["items"]] == ["robin@acme.test"]


@pytest.mark.parametrize("end", _ENDS)
def test_an_invitation_ends_when_its_inviter_may_no_longer_invite(
    service: Service, owner: Program, ada: Program, end: Callable[[Program, str], Reply]
) -> None:
    """`D7`: its links end, its page says so, and the list shows it as ended."""
    made = invite(ada)
    token = mailed_token(service)
    assert end(owner, _id_of(owner, _ADA)).status in (200, 204)
    page = service.browser().open(f"/invitation?token={token}")
    assert (page.status, page.heading) == (410, "Invitation no longer valid")
    assert accept_as_new(service.program(), token).status == 410
    assert owner.get(INVITATIONS).json["items"] == [{**made, "status": "ended"}]
    browser = service.browser()
    browser.jar.values |= owner.jar.values
    browser.open("/settings/members")
    assert "Ended, because Robin can no longer invite" in browser.page.text


def test_a_queued_mail_is_not_sent_after_its_inviter_is_removed(
    service: Service, owner: Program, ada: Program
) -> None:
    invite(ada)
    _remove(owner, _id_of(owner, _ADA))
    service.work()
    assert INVITED not in [letter.to for letter in service.outbox]


def test_a_returning_admin_does_not_revive_earlier_invitations(
    service: Service, owner: Program, ada: Program
) -> None:
    """`D7`: an invitation belongs to the grant that it was sent under."""
    invite(ada)
    token = mailed_token(service)
    _remove(owner, _id_of(owner, _ADA))
    invite(owner, _ADA, role="admin")
    again = mailed_token(service, _ADA)
    assert accept(signed_in_program(service, _ADA), again).status == 200
    assert accept_as_new(service.program(), token).status == 410


def test_an_admin_who_resends_an_ended_invitation_becomes_its_inviter(
    service: Service, owner: Program, ada: Program
) -> None:
    """Earlier links work again too, because their inviter may now invite."""
    made = invite(ada)
    first = mailed_token(service)
    _remove(owner, _id_of(owner, _ADA))
    renewed = owner.post(f"{INVITATIONS}/{made['id']}/resend", {}).json
    assert renewed["status"] == "pending"
    assert renewed["invited_by"]["id"] == owner.get("/auth/session").json["user"]["id"]
    assert token_of(service.mail_to(INVITED).link) != first
    assert accept_as_new(service.program(), first).status == 200


def test_an_owner_who_transfers_ownership_leaves_their_invitations_open(
    service: Service, owner: Program, ada: Program
) -> None:
    invite(owner)
    handed = {"user_id": _id_of(owner, _ADA)}
    assert owner.post("/api/v1/account/transfer_ownership", handed).status == 200
    assert accept_as_new(service.program(), mailed_token(service)).status == 200
    assert ada.get(_MEMBERS).json["total_count"] == 3


def test_an_older_invitation_depends_on_its_inviters_role(
    service: Service, owner: Program, ada: Program
) -> None:
    """Rows of earlier versions don't have the grant that sent them."""
    from chalicelib.storage.dynamo.tables import AccountRow

    made = invite(ada)
    place = AccountRow(account_of(owner), f"invitation#{made['id']}")
    place.update(actions=[AccountRow.grant.remove()])
    token = mailed_token(service)
    assert service.browser().open(f"/invitation?token={token}").status == 200
    _demote(owner, _id_of(owner, _ADA))
    assert accept_as_new(service.program(), token).status == 410


def test_an_inviter_who_left_cannot_accept_their_own_invitation(
    service: Service, owner: Program, ada: Program
) -> None:
    """By changing their email to the invited one first."""
    from chalicelib.storage.dynamo.tables import EmailRow, UserRow

    invite(ada)
    token = mailed_token(service)
    user_id = _id_of(owner, _ADA)
    _remove(owner, user_id)
    EmailRow(INVITED, user_id=user_id).save()
    UserRow(user_id).update(actions=[UserRow.email.set(INVITED)])
    changed = signed_in_program(service, INVITED)
    assert accept(changed, token).status == 410
