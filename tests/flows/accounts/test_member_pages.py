"""The pages that change an account's members, without JavaScript."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.roles import Role
from tests.support.keys import account_of, add_member, an_owner
from tests.support.personas.invitations import INVITED, invite
from tests.support.personas.journeys import ADDRESS, PASSWORD, signed_in_program

if TYPE_CHECKING:
    from tests.support.http import Browser, Program
    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service

_ADA, _MO = "ada@acme.test", "mo@acme.test"


def _people(owner: Program) -> dict[str, dict[str, Any]]:
    return {item["email"]: item for item in owner.get("/api/v1/members").json["items"]}


def _id_of(owner: Program, address: str) -> str:
    found: str = _people(owner)[address]["user_id"]
    return found


def _join(service: Service, owner: Program, address: str, role: Role = Role.MEMBER) -> Program:
    return add_member(service, account_of(owner), address, role)


def _browser_in(service: Service, owner: Program, address: str = ADDRESS) -> Browser:
    """Return a user's browser with the owner's account open."""
    program = signed_in_program(service, address)
    opened = program.post("/auth/session/account", {"account_id": account_of(owner)})
    assert opened.status == 200
    browser = service.browser()
    browser.jar.values |= program.jar.values
    return browser


def _buttons(browser: Browser) -> set[str]:
    return {caption for form in browser.page.forms for caption in form.buttons}


def test_the_pages_lead_from_the_list_to_a_change_and_back(service: Service) -> None:
    owner = an_owner(service)
    _join(service, owner, _MO)
    browser = _browser_in(service, owner)
    browser.open("/settings/members")
    browser.follow("Manage Robin")
    browser.press("Save changes", Role="admin")
    assert browser.page.url.endswith("/settings/members?done=saved")
    assert "The changes are saved." in browser.page.text
    assert _people(owner)[_MO]["role"] == "admin"


def test_of_two_admins_who_edit_one_member_neither_loses_a_change(service: Service) -> None:
    """The second sees the conflict, keeps their input, and can save it again."""
    owner = an_owner(service)
    _join(service, owner, _MO)
    mo = _id_of(owner, _MO)
    first, second = _browser_in(service, owner), _browser_in(service, owner)
    for browser in (first, second):
        browser.open(f"/settings/members/{mo}")
    first.press("Save changes", Role="admin")
    page = second.press("Save changes", Main="viewer")
    assert page.status == 409
    assert "Somebody changed Robin" in page.text
    assert _people(owner)[_MO]["role"] == "admin"
    second.press("Save changes")
    (given,) = _people(owner)[_MO]["workspaces"]
    assert given["role"] == "viewer"


def test_a_page_suspends_reactivates_and_removes(service: Service) -> None:
    owner = an_owner(service)
    _join(service, owner, _MO)
    browser = _browser_in(service, owner)
    browser.open(f"/settings/members/{_id_of(owner, _MO)}")
    browser.press("Suspend")
    assert _people(owner)[_MO]["status"] == "suspended"
    browser.press("Reactivate")
    assert _people(owner)[_MO]["status"] == "active"
    browser.follow("Remove …")
    browser.press("Remove member")
    assert "The member is removed." in browser.page.text
    assert _MO not in _people(owner)


def test_ownership_is_transferred_on_a_page_after_a_proof(
    service: Service, clock: StoppedClock
) -> None:
    """`D9`: and returns to the same page."""
    owner = an_owner(service)
    ada = _join(service, owner, _ADA, Role.ADMIN)
    browser = _browser_in(service, owner)
    browser.open(f"/settings/members/{_id_of(owner, _ADA)}")
    browser.follow("Hand over …")
    clock.advance(timedelta(minutes=16))
    browser.press("Hand over ownership")
    browser.press("Continue", Password=PASSWORD)
    browser.press("Hand over ownership")
    assert "Ownership is handed over." in browser.page.text
    assert _people(ada)[_ADA]["role"] == "owner"


def test_an_old_proof_is_renewed_before_a_page_changes_a_member(
    service: Service, clock: StoppedClock
) -> None:
    """`D9`: the proof leads back to the member, or to the list for an invitation."""
    owner = an_owner(service)
    mo = _join(service, owner, _MO, Role.MEMBER)
    invite(owner)
    browser = _browser_in(service, owner)
    browser.open(f"/settings/members/{_id_of(owner, _MO)}")
    clock.advance(timedelta(minutes=16))
    browser.press("Suspend")
    assert browser.page.heading == "Confirm it's you"
    assert mo.get("/auth/session").status == 200
    browser.press("Continue", Password=PASSWORD)
    browser.press("Suspend")
    assert mo.get("/auth/session").status == 401
    browser.open("/settings/members")
    clock.advance(timedelta(minutes=16))
    browser.press(f"Revoke for {INVITED}")
    browser.press("Continue", Password=PASSWORD)
    assert browser.page.heading == "Members"


def test_the_invitation_page_asks_for_a_proof_first(service: Service, clock: StoppedClock) -> None:
    """`D9`."""
    owner = an_owner(service)
    browser = _browser_in(service, owner)
    clock.advance(timedelta(minutes=16))
    browser.open("/settings/members")
    browser.follow("Invite someone")
    assert browser.page.heading == "Confirm it's you"
    browser.press("Continue", Password=PASSWORD)
    assert browser.page.heading == "Invite someone"


def test_an_admin_who_demotes_themselves_is_redirected_to_a_members_page(service: Service) -> None:
    owner = an_owner(service)
    _join(service, owner, _ADA, Role.ADMIN)
    browser = _browser_in(service, owner, _ADA)
    browser.open(f"/settings/members/{_id_of(owner, _ADA)}")
    assert "Suspend" not in _buttons(browser)
    browser.press("Save changes", Role="member")
    assert "no longer an admin" in browser.page.text


def test_the_owners_page_has_no_buttons(service: Service) -> None:
    owner = an_owner(service)
    browser = _browser_in(service, owner)
    browser.open(f"/settings/members/{_id_of(owner, ADDRESS)}")
    assert "exactly one owner" in browser.page.text
    assert "Save changes" not in _buttons(browser)
    browser.open("/profile/leave")
    assert "Leave account" not in _buttons(browser)


def test_leaving_on_a_page_leads_to_the_list_of_accounts(service: Service) -> None:
    owner = an_owner(service)
    _join(service, owner, _ADA, Role.ADMIN)
    browser = _browser_in(service, owner, _ADA)
    browser.open("/profile/leave")
    browser.press("Leave account")
    assert browser.page.url.endswith("/accounts?done=left")
    assert "You've left the account." in browser.page.text
    assert _ADA not in _people(owner)
