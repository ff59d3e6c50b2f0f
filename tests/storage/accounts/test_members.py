"""Members of an account, and races between changes of them, on every engine."""

from __future__ import annotations

import random
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from threading import Barrier, Event
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.session import get_session

from chalicelib.domain.accounts.members import Member, MemberChange, OwnerUntouchableError
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import (
    ConflictError,
    InvalidValueError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
)
from chalicelib.domain.lists import PageRequest
from chalicelib.domain.roles import MembershipStatus, Role, WorkspaceRole
from chalicelib.domain.sign_in.session import SessionLimits
from chalicelib.domain.tokens import new_id
from chalicelib.gateways.mail.mailer import Mailer
from chalicelib.gateways.mail.queue import JobQueue
from chalicelib.services.accounts.members import MemberService
from chalicelib.storage.accounts.members import Members
from chalicelib.storage.dynamo.reading import read_all
from chalicelib.storage.dynamo.tables import AccountRow, AuditEventRow, UserRow
from chalicelib.storage.sessions.sessions import Sessions
from chalicelib.storage.users.users import Users
from tests.support.personas.members import a_colleague, as_manager
from tests.support.personas.owners import TRAIL, an_owner_in
from tests.support.personas.users import NOON, StoppedClock, a_session
from tests.support.races.races import race, winners

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chalicelib.domain.user import Account, AccountAdmin
    from chalicelib.storage.dynamo.connection import StoreConnection

_NOWHERE: dict[str, Any] = {
    "region_name": "eu-central-1",
    "endpoint_url": "http://127.0.0.1:9",
    "aws_access_key_id": "none",
    "aws_secret_access_key": "none",
    "config": Config(retries={"total_max_attempts": 1}),
}
_REFUSALS = (ConflictError, NotAllowedError, NotFoundError, InvalidValueError)


@pytest.fixture
def owner(connection: StoreConnection) -> AccountAdmin:
    return an_owner_in(connection)


@pytest.fixture
def members(connection: StoreConnection) -> Members:
    return Members(connection, TRAIL)


@pytest.fixture
def service(connection: StoreConnection, members: Members) -> MemberService:
    limits = SessionLimits(timedelta(hours=12), timedelta(days=30))
    sessions = Sessions(connection, limits, TRAIL)
    # No engine here has a queue: a notice that can't be queued is logged and stops no change.
    queue = JobQueue(get_session().create_client("sqs", **_NOWHERE), "http://127.0.0.1:9/mail")
    mailer = Mailer(list[EmailMessage]().append, "hub@acme.test", "Hub")
    return MemberService(
        members, sessions, queue, mailer, StoppedClock(), proof=timedelta(minutes=15)
    )


def _account(connection: StoreConnection, owner: AccountAdmin) -> Account:
    _, account = Users(connection).get_with_account(owner.user_id, owner.account_id)
    assert account is not None
    return account


def _events(owner: AccountAdmin) -> list[str]:
    rows = AuditEventRow.query(owner.account_id, consistent_read=True)
    return [row.event for row in rows if row.event != "account.created"]


def test_a_page_of_the_listing_is_in_the_order_of_ids(
    connection: StoreConnection, members: Members, owner: AccountAdmin
) -> None:
    ids = sorted([owner.user_id, *(a_colleague(connection, owner, f"kim{n}") for n in range(6))])
    account = _account(connection, owner)
    assert account.member_count == 7
    pages = [members.page(account, PageRequest(number, 3)) for number in (1, 2, 3, 4)]
    assert [m.user_id for page in pages for m in page.items] == ids
    assert [page.has_more for page in pages] == [True, True, False, False]
    assert {page.total_count for page in pages} == {7}


def test_a_user_outside_the_account_is_not_found(
    connection: StoreConnection, members: Members, owner: AccountAdmin
) -> None:
    """`H15`."""
    other = an_owner_in(connection, "sam@other.test")
    for stranger in (other.user_id, "usr_nobody"):
        with pytest.raises(NotFoundError):
            members.get(owner.account_id, stranger)


def test_a_change_is_written_with_its_event(
    connection: StoreConnection, service: MemberService, owner: AccountAdmin
) -> None:
    kim = a_colleague(connection, owner, "kim")
    account = _account(connection, owner)
    (main,) = account.workspaces
    service.change(owner, account, kim, MemberChange(workspaces=[(main.id, "viewer")]))
    changed = service.find(owner, kim)
    assert changed.membership.workspaces == {main.id: WorkspaceRole.VIEWER}
    service.change(owner, account, kim, MemberChange(role="admin"))
    assert service.find(owner, kim).membership.workspaces == {}
    rows = AuditEventRow.query(owner.account_id, consistent_read=True)
    changes = [row.details.as_dict() for row in rows if row.event == "member.changed"]
    assert sorted(changes, key=len) == [
        {"old_workspaces": {}, "new_workspaces": {main.id: "viewer"}},
        {
            "old_role": "member",
            "new_role": "admin",
            "old_workspaces": {main.id: "viewer"},
            "new_workspaces": {},
        },
    ]


def test_what_changes_nothing_writes_nothing(
    connection: StoreConnection, service: MemberService, owner: AccountAdmin
) -> None:
    kim = a_colleague(connection, owner, "kim")
    account, before = _account(connection, owner), service.find(owner, kim)
    for change in (MemberChange(), MemberChange("member"), MemberChange("member", [])):
        assert service.change(owner, account, kim, change) == before
    assert service.reactivate(owner, kim) == before
    suspended = service.suspend(owner, kim)
    assert service.suspend(owner, kim) == suspended == service.find(owner, kim)
    assert _events(owner) == ["member.suspended"]


def test_suspending_and_reactivating_begins_another_grant(
    connection: StoreConnection, service: MemberService, owner: AccountAdmin
) -> None:
    """`D7`: an earlier session works with neither."""
    kim = a_colleague(connection, owner, "kim", Role.ADMIN)
    first = service.find(owner, kim).membership
    service.suspend(owner, kim)
    service.reactivate(owner, kim)
    again = service.find(owner, kim).membership
    assert (again.role, again.status) == (first.role, first.status)
    assert again.grant != first.grant


def test_removing_takes_the_member_off_the_list_and_out_of_the_count(
    connection: StoreConnection, service: MemberService, owner: AccountAdmin
) -> None:
    kim = a_colleague(connection, owner, "kim")
    service.remove(owner, kim)
    account = _account(connection, owner)
    assert account.member_count == 1
    assert [m.user_id for m in service.page(account, PageRequest()).items] == [owner.user_id]
    with pytest.raises(NotFoundError):
        service.remove(owner, kim)
    assert _events(owner) == ["member.removed"]


def test_the_owner_cannot_be_changed(
    connection: StoreConnection, service: MemberService, owner: AccountAdmin
) -> None:
    ada = a_colleague(connection, owner, "ada", Role.ADMIN)
    admin = as_manager(service.find(owner, ada), owner)
    account = _account(connection, owner)
    for touch in (
        lambda who: service.change(who, account, owner.user_id, MemberChange("member")),
        lambda who: service.suspend(who, owner.user_id),
        lambda who: service.remove(who, owner.user_id),
    ):
        for who in (admin, owner):
            with pytest.raises(OwnerUntouchableError):
                touch(who)
    assert service.find(owner, owner.user_id).membership.version == 1


def test_ownership_moves_as_a_whole(
    connection: StoreConnection, service: MemberService, owner: AccountAdmin
) -> None:
    ada = a_colleague(connection, owner, "ada", Role.ADMIN)
    service.hand_over(owner, ada)
    assert _owners(connection, owner.account_id, [owner.user_id, ada]) == (ada, [ada])
    assert service.find(owner, owner.user_id).role is Role.ADMIN
    with pytest.raises(NotAllowedError):
        service.hand_over(owner, ada)


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.MEMBER, MembershipStatus.ACTIVE),
        (Role.ADMIN, MembershipStatus.SUSPENDED),
        (Role.MEMBER, MembershipStatus.SUSPENDED),
    ],
)
def test_only_an_active_admin_becomes_the_owner(
    connection: StoreConnection,
    service: MemberService,
    owner: AccountAdmin,
    role: Role,
    status: MembershipStatus,
) -> None:
    kim = a_colleague(connection, owner, "kim", role, status)
    for heir in (kim, owner.user_id):
        with pytest.raises(InvalidValueError) as refused:
            service.hand_over(owner, heir)
        assert refused.value.param == "user_id"


@pytest.mark.parametrize("field", ["role", "status"])
def test_a_former_admin_changes_no_member(
    connection: StoreConnection, service: MemberService, owner: AccountAdmin, field: str
) -> None:
    """`H13`: checked in the write, not only when the request begins."""
    ada = a_colleague(connection, owner, "ada", Role.ADMIN)
    kim = a_colleague(connection, owner, "kim")
    admin = as_manager(service.find(owner, ada), owner)
    account, before = _account(connection, owner), service.find(owner, kim)
    own_role = "admin" if field == "role" else "member"
    if field == "role":
        service.change(owner, account, ada, MemberChange("member"))
    else:
        service.suspend(owner, ada)
    for attempt in (
        lambda: service.change(admin, account, kim, MemberChange("admin")),
        lambda: service.change(admin, account, ada, MemberChange(own_role)),
        lambda: service.suspend(admin, kim),
        lambda: service.remove(admin, kim),
    ):
        with pytest.raises(NotAllowedError):
            attempt()
    assert service.find(owner, kim) == before


def test_of_twenty_changes_to_what_was_read_one_counts(
    connection: StoreConnection, members: Members, owner: AccountAdmin
) -> None:
    """`H13`: the others are refused, so that no change is lost."""
    before = members.get(owner.account_id, a_colleague(connection, owner, "kim"))
    event = owner.event(EventName.MEMBER_CHANGED, NOON, before.party)
    afters = [before.with_role(Role.ADMIN), before.with_status(MembershipStatus.SUSPENDED)]

    def change(number: int) -> Member:
        after = afters[number % 2]
        members.change(owner, before, after, replace(event, id=new_id("evt")))
        return after

    (kept,) = winners(race(change, (ConflictError,)))
    assert members.get(owner.account_id, before.user_id) == kept
    assert _events(owner) == ["member.changed"]


def test_of_twenty_transfers_of_ownership_one_succeeds(
    connection: StoreConnection, service: MemberService, owner: AccountAdmin
) -> None:
    """`H13`."""
    heirs = [a_colleague(connection, owner, f"ada{n}", Role.ADMIN) for n in range(4)]
    outcomes = race(lambda n: service.hand_over(owner, heirs[n % 4]), _REFUSALS)
    (heir,) = winners(outcomes)
    users = [owner.user_id, *heirs]
    assert _owners(connection, owner.account_id, users) == (heir.user_id, [heir.user_id])


@pytest.mark.parametrize("way", ["suspend", "remove", "demote", "leave"])
def test_a_new_owner_who_leaves_at_once_leaves_one_owner(
    connection: StoreConnection, service: MemberService, owner: AccountAdmin, way: str
) -> None:
    """`H13`: in either order, the account has an owner who is a member."""
    ada = a_colleague(connection, owner, "ada", Role.ADMIN)
    eve = as_manager(service.find(owner, a_colleague(connection, owner, "eve", Role.ADMIN)), owner)
    account, user = _account(connection, owner), Users(connection).get(ada)
    assert user is not None
    membership = user.memberships[owner.account_id]
    session = replace(a_session(ada, owner.account_id), grant=membership.grant)
    service.sessions.start(session, replaced=None)
    goes: Mapping[str, Callable[[], object]] = {
        "suspend": lambda: service.suspend(eve, ada),
        "remove": lambda: service.remove(eve, ada),
        "demote": lambda: service.change(eve, account, ada, MemberChange("member")),
        "leave": lambda: service.leave(user, session, owner.account_id, owner.origin),
    }
    race(
        lambda number: goes[way]() if number % 2 else service.hand_over(owner, ada),
        (*_REFUSALS, NotSignedInError),
    )
    owner_id, owners = _owners(connection, owner.account_id, [owner.user_id, ada])
    assert owners == [owner_id]
    assert service.find(owner, owner_id).membership.is_active


def test_of_twenty_departures_one_counts(
    connection: StoreConnection, service: MemberService, owner: AccountAdmin
) -> None:
    """`H13`: the count of members stays right."""
    kim = a_colleague(connection, owner, "kim")
    outcomes = race(lambda _: service.remove(owner, kim), _REFUSALS)
    assert len(winners(outcomes)) == 1
    assert _account(connection, owner).member_count == 1


def test_leaving_ends_the_membership_and_the_session_together(
    connection: StoreConnection, service: MemberService, owner: AccountAdmin
) -> None:
    """`D3`, `D7`."""
    kim = a_colleague(connection, owner, "kim")
    user = Users(connection).get(kim)
    assert user is not None
    session = replace(
        a_session(kim, owner.account_id), grant=user.memberships[owner.account_id].grant
    )
    service.sessions.start(session, replaced=None)
    outcomes = race(
        lambda _: service.leave(user, session, owner.account_id, owner.origin),
        (NotSignedInError,),
    )
    ((token, left),) = winners(outcomes)
    assert left == ()
    assert service.sessions.resume(token.digest, NOON).account_id is None
    with pytest.raises(NotSignedInError):
        service.sessions.resume(session.id, NOON)
    assert _account(connection, owner).member_count == 1
    assert _events(owner) == ["member.left"]


_THREADS, _EACH = 8, 125


@pytest.mark.parametrize("engine", ["moto"], indirect=True)
def test_a_thousand_interleaved_changes_leave_one_owner_and_lose_nothing(
    connection: StoreConnection, service: MemberService, owner: AccountAdmin
) -> None:
    """`H13`: a reader sees exactly one owner at any time, and each change counts once.

    On moto only, which answers one request at a time, so that a read is consistent.
    """
    users = [
        owner.user_id,
        *(a_colleague(connection, owner, f"p{n}", Role.ADMIN) for n in range(5)),
    ]
    account = _account(connection, owner)
    start, over, seen = Barrier(_THREADS + 1), Event(), list[bool]()

    def change(number: int) -> list[Member]:
        dice, kept = random.Random(number), []  # noqa: S311 - random choices of a test
        start.wait()
        for _ in range(_EACH):
            now = service.members.get_all(owner.account_id, *users)
            who = as_manager(dice.choice([m for m in now if m.may_manage]), owner)
            move, target = dice.choice(_MOVES), dice.choice(users)
            try:
                kept.append(move(service, who, account, target))
            except _REFUSALS:
                continue
        return kept

    def watch() -> None:
        start.wait()
        while not over.is_set():
            owner_id, owners = _owners(connection, owner.account_id, users)
            seen.append(owners == [owner_id])

    with ThreadPoolExecutor(_THREADS + 1) as pool:
        watching = pool.submit(watch)
        runs = [pool.submit(change, number) for number in range(_THREADS)]
        kept = [member for run in runs for member in run.result()]
        over.set()
        watching.result()
    assert seen
    assert all(seen)
    _assert_nothing_was_lost(service, owner, users, kept)


_MOVES: Sequence[Callable[[MemberService, AccountAdmin, Account, str], Member]] = (
    lambda service, who, account, target: service.change(
        who, account, target, MemberChange("admin")
    ),
    lambda service, who, account, target: service.change(
        who, account, target, MemberChange("admin", [])
    ),
    lambda service, who, account, target: service.change(
        who, account, target, MemberChange("member")
    ),
    lambda service, who, account, target: service.change(
        who, account, target, MemberChange(workspaces=[(account.workspaces[0].id, "viewer")])
    ),
    lambda service, who, _, target: service.suspend(who, target),
    lambda service, who, _, target: service.reactivate(who, target),
    lambda service, who, _, target: service.reactivate(who, target),
    lambda service, who, _, target: service.hand_over(who, target),
    lambda service, who, _, target: service.hand_over(who, target),
    lambda service, who, _, target: service.hand_over(who, target),
)


def _assert_nothing_was_lost(
    service: MemberService, owner: AccountAdmin, users: Sequence[str], kept: Sequence[Member]
) -> None:
    written: dict[str, int] = defaultdict(int)
    for row in AuditEventRow.query(owner.account_id, consistent_read=True):
        if row.event == "account.created":
            continue
        written[row.target["id"]] += 1
        if row.event == "account.ownership_transferred":
            written[row.actor["id"]] += 1
    assert sum(written.values()) > _EACH
    # Every written change has a version of its own, so none overwrote another.
    assert {m: service.find(owner, m).membership.version - 1 for m in users} == {
        m: written[m] for m in users
    }
    made: dict[tuple[str, int], Member] = {}
    for member in kept:
        version = (member.user_id, member.membership.version)
        assert made.setdefault(version, member) == member


def _owners(
    connection: StoreConnection, account_id: str, users: Sequence[str]
) -> tuple[str, list[str]]:
    """Read in one request the owner by the account's row and by the memberships."""
    keys = ((UserRow, user_id, None) for user_id in users)
    account, *rows = read_all(connection, (AccountRow, account_id, "account"), *keys)
    owners = [
        row.user_id
        for row in rows
        if row.memberships.as_dict().get(account_id, {}).get("role") == Role.OWNER.value
    ]
    return account.owner_id, owners
