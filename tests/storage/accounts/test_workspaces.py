"""An account's workspaces, and races between changes of them, on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.accounts.workspaces import (
    WORKSPACES_MAX,
    TooManyWorkspacesError,
    WorkspaceChange,
    WorkspaceInUseError,
    WorkspaceNameTakenError,
    name_key,
)
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import ConflictError, NotAllowedError, NotFoundError
from chalicelib.domain.keys.record import Record, RecordStatus
from chalicelib.domain.tokens import new_id
from chalicelib.domain.user import MAIN_WORKSPACE, Workspace
from chalicelib.services.accounts.workspaces import WorkspaceService
from chalicelib.storage.accounts.accounts import Accounts
from chalicelib.storage.accounts.record_loads import Loaded, RecordLoads
from chalicelib.storage.accounts.workspaces import Workspaces
from chalicelib.storage.dynamo.rows import WORKSPACES, workspace_map
from chalicelib.storage.dynamo.tables import AccountRow, AuditEventRow, UserRow
from tests.support.personas.owners import TRAIL, an_owner_in
from tests.support.personas.users import NOON, StoppedClock
from tests.support.races.races import race, winners

if TYPE_CHECKING:
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.dynamo.connection import StoreConnection


@pytest.fixture
def workspaces(connection: StoreConnection) -> Workspaces:
    return Workspaces(connection, TRAIL)


@pytest.fixture
def owner(connection: StoreConnection) -> AccountAdmin:
    return an_owner_in(connection)


def _workspace(name: str, description: str = "") -> Workspace:
    return Workspace(new_id("wsp"), name, description, NOON)


def _listed(workspaces: Workspaces, owner: AccountAdmin) -> tuple[Workspace, ...]:
    return Accounts(workspaces.connection).get(owner.account_id).workspaces


def _names(workspaces: Workspaces, owner: AccountAdmin) -> list[str]:
    """Return the names, after a check that both maps of the row agree."""
    listed = _listed(workspaces, owner)
    row = AccountRow.get(owner.account_id, WORKSPACES, consistent_read=True)
    assert row.names is not None
    assert row.names.as_dict() == {name_key(w.name): w.id for w in listed}
    return [workspace.name for workspace in listed]


def _events(owner: AccountAdmin) -> list[str]:
    rows = AuditEventRow.query(owner.account_id, consistent_read=True)
    return [row.event for row in rows if row.event.startswith("workspace.")]


def _store(workspaces: Workspaces, owner: AccountAdmin, made: Workspace) -> None:
    workspaces.add(made, owner, owner.event(EventName.WORKSPACE_CREATED, NOON, made.party))


def _change(
    workspaces: Workspaces, owner: AccountAdmin, seen: Workspace, change: WorkspaceChange
) -> Workspace:
    return _service(workspaces).change(owner, seen, change)


def _remove(workspaces: Workspaces, owner: AccountAdmin, seen: Workspace) -> None:
    _service(workspaces).delete(owner, seen)


def _service(workspaces: Workspaces) -> WorkspaceService:
    return WorkspaceService(workspaces, StoppedClock(), timedelta(minutes=15))


def _add(workspaces: Workspaces, owner: AccountAdmin, name: str) -> Workspace:
    made = _workspace(name)
    _store(workspaces, owner, made)
    return made


def _rename(workspaces: Workspaces, owner: AccountAdmin, seen: Workspace, name: str) -> Workspace:
    return _change(workspaces, owner, seen, WorkspaceChange(name=name))


def test_a_workspace_is_made_changed_and_deleted(
    workspaces: Workspaces, owner: AccountAdmin
) -> None:
    made = _workspace("Depots", "Where things wait")
    _store(workspaces, owner, made)
    assert _listed(workspaces, owner)[0] == made
    changed = _change(workspaces, owner, made, WorkspaceChange("Yards", ""))
    assert (changed.id, changed.name, changed.description) == (made.id, "Yards", "")
    assert _listed(workspaces, owner)[1] == changed
    _remove(workspaces, owner, changed)
    assert _names(workspaces, owner) == [MAIN_WORKSPACE]
    assert sorted(_events(owner)) == [
        "workspace.changed",
        "workspace.created",
        "workspace.deleted",
    ]


def test_of_twenty_workspaces_with_one_name_one_is_created(
    workspaces: Workspaces, owner: AccountAdmin
) -> None:
    """`H13`: in whatever case each of them writes it."""
    names = ("Depots", "DEPOTS", "depots", "dEpots")
    outcomes = race(lambda n: _add(workspaces, owner, names[n % 4]), (WorkspaceNameTakenError,))
    (winner,) = winners(outcomes)
    assert sorted(_names(workspaces, owner)) == sorted([winner.name, MAIN_WORKSPACE])
    assert _events(owner) == ["workspace.created"]


def test_twenty_workspaces_with_different_names_are_all_created(
    workspaces: Workspaces, owner: AccountAdmin
) -> None:
    """`H13`: they share a row, and none overwrites another."""
    race(lambda n: _add(workspaces, owner, f"Depot {n:02}"))
    assert len(_names(workspaces, owner)) == 21


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Straße", "STRASSE"),
        ("Café", "Cafe\u0301"),
        ("İzmir", "i\u0307zmir"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("a.b[0]#c", "A.B[0]#C"),
    ],
)
def test_a_name_in_another_case_is_the_same_name(
    workspaces: Workspaces, owner: AccountAdmin, first: str, second: str
) -> None:
    made = _add(workspaces, owner, first)
    with pytest.raises(WorkspaceNameTakenError) as refused:
        _add(workspaces, owner, second)
    assert refused.value.param == "name"
    with pytest.raises(WorkspaceNameTakenError):
        _rename(workspaces, owner, _add(workspaces, owner, "Other"), second)
    assert _rename(workspaces, owner, made, second).name == second
    _names(workspaces, owner)


def test_an_account_has_two_hundred_workspaces_and_no_more(
    workspaces: Workspaces, owner: AccountAdmin
) -> None:
    """Of twenty at once only as many succeed as there is room for, with the longest names."""
    longest = [
        _workspace("\U0001d51b" * 96 + f"{n:04}", "\U0001d51b" * 200)
        for n in range(WORKSPACES_MAX - 3)
    ]
    AccountRow(
        owner.account_id,
        WORKSPACES,
        items={w.id: workspace_map(w) for w in longest},
        names={name_key(w.name): w.id for w in longest},
    ).save()
    outcomes = race(lambda n: _add(workspaces, owner, f"Depot {n}"), (TooManyWorkspacesError,))
    made = winners(outcomes)
    assert len(made) == 3
    with pytest.raises(WorkspaceNameTakenError):
        _add(workspaces, owner, made[0].name.upper())
    assert _rename(workspaces, owner, made[1], "Still possible").name == "Still possible"
    _remove(workspaces, owner, made[0])
    _add(workspaces, owner, "In its place")
    with pytest.raises(TooManyWorkspacesError):
        _add(workspaces, owner, "One more")


def test_of_two_concurrent_renamings_the_second_is_refused(
    workspaces: Workspaces, owner: AccountAdmin
) -> None:
    """`H13`: no change is lost."""
    made = _add(workspaces, owner, "Depots")
    outcomes = race(
        lambda n: _rename(workspaces, owner, made, f"Depots {n}"), (ConflictError,), callers=8
    )
    (winner,) = winners(outcomes)
    assert _names(workspaces, owner) == [winner.name, MAIN_WORKSPACE]
    assert not any(isinstance(o, WorkspaceNameTakenError) for o in outcomes)


def test_of_many_renamed_to_one_name_one_gets_it(
    workspaces: Workspaces, owner: AccountAdmin
) -> None:
    """`H13`."""
    made = [_add(workspaces, owner, f"Depot {n}") for n in range(8)]
    outcomes = race(
        lambda n: _rename(workspaces, owner, made[n], "Yard"), (WorkspaceNameTakenError,), callers=8
    )
    assert len(winners(outcomes)) == 1
    names = _names(workspaces, owner)
    assert (len(names), names.count("Yard")) == (9, 1)


def test_a_renaming_that_races_with_a_deletion_leaves_no_name_behind(
    workspaces: Workspaces, owner: AccountAdmin
) -> None:
    """`H13`."""
    for round_ in range(6):
        made = _add(workspaces, owner, f"Depots {round_}")

        def act(number: int, seen: Workspace = made) -> None:
            if number % 2:
                _remove(workspaces, owner, seen)
            else:
                _rename(workspaces, owner, seen, f"Yard {seen.name} {number}")

        outcomes = race(act, (ConflictError, NotFoundError), callers=4)
        assert len(winners(outcomes)) == 1
        for left in _listed(workspaces, owner):
            if left.id == made.id:
                _remove(workspaces, owner, left)
        assert _names(workspaces, owner) == [MAIN_WORKSPACE]


def test_of_twenty_deletions_one_counts(workspaces: Workspaces, owner: AccountAdmin) -> None:
    """`H13`."""
    made = _add(workspaces, owner, "Depots")
    outcomes = race(lambda _: _remove(workspaces, owner, made), (NotFoundError,))
    assert len(winners(outcomes)) == 1
    assert _events(owner).count("workspace.deleted") == 1


def test_a_workspace_that_changed_since_it_was_read_is_not_overwritten(
    workspaces: Workspaces, owner: AccountAdmin
) -> None:
    made = _add(workspaces, owner, "Depots")
    described = _change(workspaces, owner, made, WorkspaceChange(description="New"))
    for stale in (
        lambda: _rename(workspaces, owner, made, "Yards"),
        lambda: _remove(workspaces, owner, made),
    ):
        with pytest.raises(ConflictError):
            stale()
    assert described in _listed(workspaces, owner)
    assert _rename(workspaces, owner, described, "Depots") == described
    assert _events(owner).count("workspace.changed") == 1


@pytest.mark.parametrize(("field", "value"), [("role", "member"), ("status", "suspended")])
def test_a_former_admin_changes_no_workspace(
    workspaces: Workspaces, owner: AccountAdmin, field: str, value: str
) -> None:
    """`F9`: checked in the write, not only when the request begins."""
    made = _add(workspaces, owner, "Depots")
    place = UserRow.memberships[owner.account_id][field]
    UserRow(owner.user_id).update(actions=[place.set(value)])
    for act in (
        lambda: _add(workspaces, owner, "Yards"),
        lambda: _rename(workspaces, owner, made, "Yards"),
        lambda: _remove(workspaces, owner, made),
    ):
        with pytest.raises(NotAllowedError):
            act()
    assert _names(workspaces, owner) == ["Depots", MAIN_WORKSPACE]


def test_another_accounts_workspace_is_not_found(
    workspaces: Workspaces, owner: AccountAdmin, connection: StoreConnection
) -> None:
    """`H15`."""
    other = an_owner_in(connection, "sam@other.test")
    made = _add(workspaces, owner, "Depots")
    for act in (
        lambda: _rename(workspaces, other, made, "Yards"),
        lambda: _remove(workspaces, other, made),
    ):
        with pytest.raises(NotFoundError):
            act()
    _add(workspaces, other, "Depots")
    assert _names(workspaces, owner) == ["Depots", MAIN_WORKSPACE]


def _record(number: int, workspace: Workspace, status: RecordStatus) -> Record:
    return Record(f"r{number}", "T-1", workspace.id, status, "{}", NOON)


def _load(loads: RecordLoads, owner: AccountAdmin, *records: Record) -> Loaded:
    return loads.put(owner.account_id, {record.id: (record, True) for record in records})


@pytest.mark.parametrize("status", list(RecordStatus))
def test_a_workspace_with_records_stays(
    workspaces: Workspaces, owner: AccountAdmin, connection: StoreConnection, status: RecordStatus
) -> None:
    loads = RecordLoads(connection)
    loads.begin(owner.account_id)
    made = _add(workspaces, owner, "Depots")
    record = _record(1, made, status)
    _load(loads, owner, record)
    with pytest.raises(WorkspaceInUseError):
        _remove(workspaces, owner, made)
    (main,) = (w for w in _listed(workspaces, owner) if w.name == MAIN_WORKSPACE)
    _load(loads, owner, replace(record, workspace_id=main.id))
    _remove(workspaces, owner, made)
    assert _names(workspaces, owner) == [MAIN_WORKSPACE]


def test_no_record_is_loaded_into_a_workspace_that_is_being_deleted(
    workspaces: Workspaces, owner: AccountAdmin, connection: StoreConnection
) -> None:
    """`H13`: either the record is loaded first and the workspace stays, or it is refused."""
    loads = RecordLoads(connection)
    loads.begin(owner.account_id)
    for round_ in range(6):
        made = _add(workspaces, owner, f"Depots {round_}")

        def act(number: int, made: Workspace = made) -> None:
            if number == 0:
                _remove(workspaces, owner, made)
            else:
                _load(loads, owner, _record(number, made, RecordStatus.ACTIVE))

        removed, loaded, *_ = race(act, (ConflictError,), callers=3)
        assert isinstance(removed, WorkspaceInUseError) != isinstance(loaded, ConflictError)
