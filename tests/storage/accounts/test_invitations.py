"""Invitations, on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.accounts.invitations import (
    INVITATIONS_MAX,
    Acceptance,
    AlreadyInvitedError,
    AlreadyMemberError,
    Invitation,
    TooManyInvitationsError,
)
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import (
    ConflictError,
    LinkInvalidError,
    NotAllowedError,
    NotFoundError,
    SignInRequiredError,
)
from chalicelib.domain.lists import PageRequest
from chalicelib.domain.origin import RequestOrigin
from chalicelib.domain.roles import MembershipStatus, Role
from chalicelib.domain.sign_in.link import LinkPurpose
from chalicelib.domain.tokens import new_id
from chalicelib.domain.user import Membership, User
from chalicelib.storage.accounts.invitations import Invitations
from chalicelib.storage.accounts.members import Members
from chalicelib.storage.dynamo.tables import AccountRow, EmailRow, UserRow
from chalicelib.storage.joining.invitation_acceptance import Joins
from chalicelib.storage.users.links import Links
from chalicelib.storage.users.users import Users
from tests.support.personas.members import a_colleague, as_manager, join
from tests.support.personas.owners import TRAIL, an_owner_in
from tests.support.personas.users import BROWSER, NOON
from tests.support.races.races import race, winners

if TYPE_CHECKING:
    from chalicelib.domain.accounts.members import Member
    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.dynamo.connection import StoreConnection

_ALL = PageRequest(limit=INVITATIONS_MAX)
_WEEK = timedelta(days=7)
_KIM = EmailAddress("kim@acme.test")


@pytest.fixture
def invitations(connection: StoreConnection) -> Invitations:
    return Invitations(connection, TRAIL)


@pytest.fixture
def joins(connection: StoreConnection) -> Joins:
    return Joins(connection, TRAIL)


@pytest.fixture
def owner(connection: StoreConnection) -> AccountAdmin:
    return an_owner_in(connection)


def _an_invitation(
    manager: AccountAdmin, email: EmailAddress = _KIM, minutes: int = 0
) -> Invitation:
    return Invitation(
        id=new_id("inv"),
        account_id=manager.account_id,
        email=email,
        role=Role.MEMBER,
        inviter_id=manager.user_id,
        inviter_name=manager.name,
        created_at=NOON + timedelta(minutes=minutes),
        expires_at=NOON + _WEEK,
    )


def _add(
    invitations: Invitations,
    invitation: Invitation,
    manager: AccountAdmin,
    user_id: str | None = None,
) -> None:
    event = manager.event(EventName.INVITATION_CREATED, NOON, invitation.party)
    invitations.add(invitation, user_id, manager, event)


def _renew(invitations: Invitations, invitation: Invitation, manager: AccountAdmin) -> None:
    event = manager.event(EventName.INVITATION_RESENT, NOON, invitation.party)
    invitations.renew(invitation, manager, event)


def _revoke(invitations: Invitations, invitation: Invitation, manager: AccountAdmin) -> None:
    event = manager.event(EventName.INVITATION_REVOKED, NOON, invitation.party)
    invitations.revoke(invitation, manager, event)


def _mailed(invitation: Invitation) -> Link:
    token = Links().issue_for(invitation, invitation.expires_at)
    return Links().find(token, NOON, LinkPurpose.INVITATION)


def _accepting(invitation: Invitation, link: Link, user: User) -> Acceptance:
    membership = Membership(invitation.account_id, "Acme", invitation.role)
    return Acceptance(link, invitation, user, membership, RequestOrigin(BROWSER, "req-1"), NOON)


def _a_new_person(email: EmailAddress = _KIM) -> User:
    return User(new_id("usr"), email, "Kim", NOON, password_hash="$argon2id$made-up")


def _the_user_of(address: str, connection: StoreConnection) -> User:
    users = Users(connection)
    user = users.get(users.look_up(EmailAddress(address)).user_id)
    assert user is not None
    return user


def _count(account_id: str, part: str = "invitations") -> int:
    row = AccountRow.get(account_id, part)
    return int(row.invitation_count if part == "invitations" else row.member_count)


def test_invitations_are_listed_newest_first_and_read_by_id(
    invitations: Invitations, owner: AccountAdmin
) -> None:
    made = [_an_invitation(owner, EmailAddress(f"p{n}@acme.test"), n) for n in range(5)]
    for invitation in made:
        _add(invitations, invitation, owner)
    assert list(invitations.page(owner.account_id, _ALL).items) == made[::-1]
    second = invitations.page(owner.account_id, PageRequest(2, 2))
    assert (list(second.items), second.has_more, second.total_count) == (made[2:0:-1], True, 5)
    found, account = invitations.get(owner.account_id, made[0].id)
    assert (found, account.name) == (made[0], "Acme")


def test_of_twenty_invitations_of_one_email_one_is_stored(
    invitations: Invitations, owner: AccountAdmin
) -> None:
    """`H13`: and it is counted once."""
    outcomes = race(
        lambda _: _add(invitations, _an_invitation(owner), owner), (AlreadyInvitedError,)
    )
    assert len(winners(outcomes)) == 1
    assert invitations.page(owner.account_id, _ALL).total_count == 1
    assert _count(owner.account_id) == 1


def test_a_member_is_not_invited(
    invitations: Invitations, owner: AccountAdmin, connection: StoreConnection
) -> None:
    """`H13`: checked in the write; a member of another account is invited like a stranger."""
    other = an_owner_in(connection, _KIM.value)
    with pytest.raises(AlreadyMemberError):
        _add(invitations, _an_invitation(owner), owner, owner.user_id)
    assert invitations.page(owner.account_id, _ALL).total_count == 0
    _add(invitations, _an_invitation(owner), owner, other.user_id)


def test_two_accounts_can_invite_the_same_address(
    invitations: Invitations, owner: AccountAdmin, connection: StoreConnection
) -> None:
    other = an_owner_in(connection, "sam@other.test")
    for manager in (owner, other):
        _add(invitations, _an_invitation(manager), manager)
        assert invitations.page(manager.account_id, _ALL).total_count == 1


def test_an_account_has_a_thousand_open_invitations_and_no_more(
    invitations: Invitations, owner: AccountAdmin
) -> None:
    """Of twenty at once only as many succeed as there is room for (`H13`)."""
    AccountRow(owner.account_id, "invitations", invitation_count=INVITATIONS_MAX - 3).save()

    def invite(number: int) -> None:
        _add(invitations, _an_invitation(owner, EmailAddress(f"p{number}@acme.test")), owner)

    assert len(winners(race(invite, (TooManyInvitationsError,)))) == 3
    (some, *_) = invitations.page(owner.account_id, _ALL).items
    _revoke(invitations, some, owner)
    invite(100)
    with pytest.raises(TooManyInvitationsError):
        invite(101)


@pytest.mark.parametrize(
    ("field", "value"),
    [("role", Role.MEMBER.value), ("status", MembershipStatus.SUSPENDED.value)],
)
def test_a_former_admin_changes_no_invitation(
    invitations: Invitations, owner: AccountAdmin, field: str, value: str
) -> None:
    """`F9`: checked in the write, not only when the request begins."""
    invitation = _an_invitation(owner)
    _add(invitations, invitation, owner)
    place = UserRow.memberships[owner.account_id][field]
    UserRow(owner.user_id).update(actions=[place.set(value)])
    with pytest.raises(NotAllowedError):
        _add(invitations, _an_invitation(owner, EmailAddress("liz@acme.test")), owner)
    with pytest.raises(NotAllowedError):
        _renew(invitations, invitation, owner)
    with pytest.raises(NotAllowedError):
        _revoke(invitations, invitation, owner)
    (listed,) = invitations.page(owner.account_id, _ALL).items
    assert listed == replace(invitation, is_ended=True)


def test_another_accounts_invitation_is_not_found(
    invitations: Invitations, owner: AccountAdmin, connection: StoreConnection
) -> None:
    """`H15`: nor is it found under the caller's account."""
    other = an_owner_in(connection, "sam@other.test")
    invitation = _an_invitation(owner)
    _add(invitations, invitation, owner)
    with pytest.raises(NotFoundError):
        invitations.get(other.account_id, invitation.id)
    stolen = replace(invitation, account_id=other.account_id)
    with pytest.raises(NotFoundError):
        _revoke(invitations, stolen, other)
    with pytest.raises(NotFoundError):
        _renew(invitations, stolen, other)
    link = _mailed(stolen)
    with pytest.raises(LinkInvalidError):
        invitations.of_link(link)


def test_of_twenty_revocations_one_counts(invitations: Invitations, owner: AccountAdmin) -> None:
    """`H13`."""
    invitation = _an_invitation(owner)
    _add(invitations, invitation, owner)
    outcomes = race(lambda _: _revoke(invitations, invitation, owner), (NotFoundError,))
    assert len(winners(outcomes)) == 1
    assert _count(owner.account_id) == 0
    _add(invitations, _an_invitation(owner), owner)


def test_of_twenty_new_people_with_one_link_one_joins(
    invitations: Invitations, joins: Joins, owner: AccountAdmin, connection: StoreConnection
) -> None:
    """`C3`: one user, one membership, one more member, no invitation."""
    invitation = _an_invitation(owner)
    _add(invitations, invitation, owner)
    link = _mailed(invitation)
    outcomes = race(
        lambda _: joins.add_user(_accepting(invitation, link, _a_new_person())),
        (LinkInvalidError,),
    )
    assert len(winners(outcomes)) == 1
    user = _the_user_of(_KIM.value, connection)
    assert [m.account_id for m in user.active_memberships] == [owner.account_id]
    assert AccountRow.get(owner.account_id, f"member#{user.id}") is not None
    assert _count(owner.account_id, "account") == 2
    assert _count(owner.account_id) == 0
    with pytest.raises(LinkInvalidError):
        invitations.of_link(link)


def test_of_twenty_links_of_one_invitation_one_works(
    invitations: Invitations, joins: Joins, owner: AccountAdmin, connection: StoreConnection
) -> None:
    """`C3`: for an existing user too."""
    an_owner_in(connection, _KIM.value)
    user = _the_user_of(_KIM.value, connection)
    invitation = _an_invitation(owner)
    _add(invitations, invitation, owner)
    links = [_mailed(invitation) for _ in range(20)]
    outcomes = race(
        lambda n: joins.add_membership(_accepting(invitation, links[n], user)),
        (LinkInvalidError,),
    )
    assert len(winners(outcomes)) == 1
    assert set(_the_user_of(_KIM.value, connection).memberships) == {
        *user.memberships,
        owner.account_id,
    }
    assert _count(owner.account_id, "account") == 2


def test_revoking_and_accepting_at_once_have_one_outcome(
    invitations: Invitations, joins: Joins, owner: AccountAdmin, connection: StoreConnection
) -> None:
    """`H13`: joined or revoked, never both and never neither."""
    for number in range(5):
        email = EmailAddress(f"p{number}@acme.test")
        invitation = _an_invitation(owner, email)
        _add(invitations, invitation, owner)
        outcome = _revoke_and_accept(invitation, invitations, joins, owner)
        assert len(winners(outcome)) == 1
        joined = Users(connection).look_up(email).user_id is not None
        assert joined == (not isinstance(outcome[0], Exception))
    assert _count(owner.account_id) == 0


def _revoke_and_accept(
    invitation: Invitation, invitations: Invitations, joins: Joins, owner: AccountAdmin
) -> list[Any]:
    link, user = _mailed(invitation), _a_new_person(invitation.email)

    def either(number: int) -> None:
        if number == 0:
            joins.add_user(_accepting(invitation, link, user))
        else:
            _revoke(invitations, invitation, owner)

    return race(either, (LinkInvalidError, NotFoundError), callers=2)


def test_removing_the_inviter_and_accepting_at_once_have_one_outcome(
    invitations: Invitations, joins: Joins, owner: AccountAdmin, connection: StoreConnection
) -> None:
    """`H13`: a user can join only before the removal."""
    members = Members(connection, TRAIL)
    for number in range(5):
        user_id = a_colleague(connection, owner, f"ada{number}", Role.ADMIN)
        ada = members.get(owner.account_id, user_id)
        inviter = replace(as_manager(ada, owner), grant=ada.membership.grant)
        invitation = _an_invitation(inviter, EmailAddress(f"p{number}@acme.test"))
        _add(invitations, invitation, inviter)
        removed, joined = _remove_and_accept(invitation, ada, members, joins, owner)
        assert not isinstance(removed, Exception)
        found = Users(connection).look_up(invitation.email).user_id
        assert (found is None) == isinstance(joined, LinkInvalidError)
        assert _count(owner.account_id, "account") == 1 + len(_joined(owner))


def _remove_and_accept(
    invitation: Invitation, ada: Member, members: Members, joins: Joins, owner: AccountAdmin
) -> list[Any]:
    link, user = _mailed(invitation), _a_new_person(invitation.email)

    def either(number: int) -> None:
        if number == 0:
            gone = owner.event(EventName.MEMBER_REMOVED, NOON, ada.party)
            members.remove(owner, ada, gone)
        else:
            joins.add_user(_accepting(invitation, link, user))

    return race(either, (LinkInvalidError,), callers=2)


def _joined(owner: AccountAdmin) -> list[AccountRow]:
    listed = AccountRow.query(owner.account_id, AccountRow.part.startswith("member#"))
    return [row for row in listed if row.part != f"member#{owner.user_id}"]


def test_an_invitation_whose_inviter_is_gone_is_refused(
    invitations: Invitations, joins: Joins, owner: AccountAdmin, connection: StoreConnection
) -> None:
    """`D7`: checked in the write, not only in the read before it."""
    members = Members(connection, TRAIL)
    ada = members.get(owner.account_id, a_colleague(connection, owner, "ada", Role.ADMIN))
    inviter = replace(as_manager(ada, owner), grant=ada.membership.grant)
    invitation = replace(_an_invitation(inviter), inviter_grant=inviter.grant)
    _add(invitations, invitation, inviter)
    link = _mailed(invitation)
    an_owner_in(connection, "sam@other.test")
    sam = _the_user_of("sam@other.test", connection)
    EmailRow(_KIM.value, user_id=sam.id).save()
    members.remove(owner, ada, owner.event(EventName.MEMBER_REMOVED, NOON, ada.party))
    with pytest.raises(LinkInvalidError):
        joins.add_membership(_accepting(invitation, link, replace(sam, email=_KIM)))
    EmailRow(_KIM.value).delete()
    with pytest.raises(LinkInvalidError):
        joins.add_user(_accepting(invitation, link, _a_new_person()))
    assert _count(owner.account_id, "account") == 1


def test_a_new_user_whose_email_was_taken_meanwhile_must_sign_in(
    invitations: Invitations, joins: Joins, owner: AccountAdmin, connection: StoreConnection
) -> None:
    invitation = _an_invitation(owner)
    _add(invitations, invitation, owner)
    link = _mailed(invitation)
    an_owner_in(connection, _KIM.value)
    with pytest.raises(SignInRequiredError):
        joins.add_user(_accepting(invitation, link, _a_new_person()))
    assert invitations.of_link(link).user_id == _the_user_of(_KIM.value, connection).id


def test_a_user_who_changed_their_email_meanwhile_does_not_join(
    invitations: Invitations, joins: Joins, owner: AccountAdmin, connection: StoreConnection
) -> None:
    """`C4`: the link is bound to the exact email."""
    an_owner_in(connection, "kim.old@acme.test")
    user = replace(_the_user_of("kim.old@acme.test", connection), email=_KIM)
    invitation = _an_invitation(owner)
    _add(invitations, invitation, owner)
    with pytest.raises(SignInRequiredError):
        joins.add_membership(_accepting(invitation, _mailed(invitation), user))
    assert _count(owner.account_id, "account") == 1


def test_a_member_cannot_join_again(
    invitations: Invitations, joins: Joins, owner: AccountAdmin, connection: StoreConnection
) -> None:
    """`D7`: a suspended membership stays suspended."""
    an_owner_in(connection, _KIM.value)
    user = _the_user_of(_KIM.value, connection)
    suspended = Membership(owner.account_id, "Acme", Role.MEMBER, MembershipStatus.SUSPENDED)
    join(connection, user.id, suspended)
    invitation = _an_invitation(owner)
    _add(invitations, invitation, owner)
    link = _mailed(invitation)
    with pytest.raises(ConflictError):
        joins.add_membership(_accepting(invitation, link, user))
    assert _the_user_of(_KIM.value, connection).memberships[owner.account_id] == suspended
    assert _count(owner.account_id, "account") == 2
    assert invitations.of_link(link).invitation == invitation


def test_an_expired_link_is_refused(
    invitations: Invitations, joins: Joins, owner: AccountAdmin
) -> None:
    """`C5`: the write checks the time."""
    invitation = _an_invitation(owner)
    _add(invitations, invitation, owner)
    late = replace(
        _accepting(invitation, _mailed(invitation), _a_new_person()), at=invitation.expires_at
    )
    with pytest.raises(LinkInvalidError):
        joins.add_user(late)


def test_a_link_joins_only_its_own_account(
    invitations: Invitations, joins: Joins, owner: AccountAdmin, connection: StoreConnection
) -> None:
    """`C4`: the write checks the link's account."""
    other = an_owner_in(connection, "sam@other.test")
    theirs, ours = _an_invitation(other), _an_invitation(owner)
    _add(invitations, theirs, other)
    _add(invitations, ours, owner)
    link = _mailed(theirs)
    turned = replace(link, account_id=owner.account_id, subject_id=ours.id)
    with pytest.raises(LinkInvalidError):
        joins.add_user(_accepting(ours, turned, _a_new_person()))
    assert invitations.of_link(link).invitation == theirs
