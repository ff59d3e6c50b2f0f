"""Reading audit logs, on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType
from chalicelib.domain.audit.search import AuditFilter
from chalicelib.domain.errors import NotAllowedError
from chalicelib.domain.lists import PageRequest
from chalicelib.domain.roles import Role
from chalicelib.storage.audit.log import AuditLog, AuditQuery
from chalicelib.storage.dynamo.tables import AuditEventRow, UserRow
from tests.support.ledger import ledger as counting
from tests.support.personas.owners import ASKER, TRAIL, an_owner_in
from tests.support.personas.users import NOON

if TYPE_CHECKING:
    from chalicelib.storage.dynamo.connection import StoreConnection

ROBIN = Party(PartyType.USER, "usr_1", "Robin")
KIM = Party(PartyType.USER, "usr_2", "Kim")
_LATER = NOON + timedelta(hours=1)


@pytest.fixture
def log(connection: StoreConnection) -> AuditLog:
    return AuditLog(connection, TRAIL)


def _event(number: int, name: EventName, actor: Party = ROBIN) -> AuditEvent:
    at = NOON + timedelta(seconds=number)
    return AuditEvent(name, "acc_1", at, actor, ASKER, KIM, {"number": number})


def _fill(events: list[AuditEvent]) -> list[AuditEvent]:
    with AuditEventRow.batch_write() as batch:
        for event in events:
            batch.save(TRAIL.row(event))
    return events


def _reach(now: datetime = _LATER, **wanted: object) -> AuditQuery:
    return AuditQuery("acc_1", AuditFilter(**wanted), now)  # type: ignore[arg-type]


def _numbers(events: tuple[AuditEvent, ...]) -> list[int]:
    return [event.details["number"] for event in events]


def test_an_event_is_read_as_it_was_written(log: AuditLog) -> None:
    """`H4`."""
    event = replace(
        _event(1, EventName.MEMBER_CHANGED),
        details={"role": {"from": "member", "to": "admin"}, "workspaces": ["wsp_1"], "number": 3},
    )
    TRAIL.append(event)
    assert log.look(_reach(), 5, None, None).events == (event,)


def test_an_event_that_is_written_again_does_not_change(log: AuditLog) -> None:
    """`H6`: no event is ever overwritten."""
    first = _event(1, EventName.SIGN_IN_REFUSED)
    TRAIL.append(first)
    TRAIL.append(replace(first, actor=KIM))
    assert log.look(_reach(), 5, None, None).events == (first,)


def test_paging_in_both_directions_returns_every_event_once(log: AuditLog) -> None:
    _fill([_event(number, EventName.SIGN_IN_SUCCEEDED) for number in range(8)])
    first = log.look(_reach(), 3, None, None)
    assert (_numbers(first.events), first.newer) == ([7, 6, 5], None)
    second = log.look(_reach(), 3, first.older, None)
    assert _numbers(second.events) == [4, 3, 2]
    last = log.look(_reach(), 3, second.older, None)
    assert (_numbers(last.events), last.older) == ([1, 0], None)
    back = log.look(_reach(), 3, None, last.newer)
    assert _numbers(back.events) == [4, 3, 2]
    assert back.older == second.older
    top = log.look(_reach(), 3, None, back.newer)
    assert (_numbers(top.events), top.newer) == ([7, 6, 5], None)


def test_events_of_the_same_moment_are_all_returned(log: AuditLog) -> None:
    same = [replace(_event(n, EventName.SIGN_IN_REFUSED), at=NOON) for n in range(5)]
    _fill(same)
    seen, before = [], None
    for _ in range(5):
        page = log.look(_reach(), 1, before, None)
        seen += _numbers(page.events)
        before = page.older
    assert (sorted(seen), before) == ([0, 1, 2, 3, 4], None)


def test_events_are_found_by_name_group_actor_and_day(log: AuditLog) -> None:
    _fill(
        [
            _event(0, EventName.MEMBER_JOINED),
            _event(1, EventName.MEMBER_REMOVED, KIM),
            _event(2, EventName.API_KEY_CREATED, KIM),
            _event(3, EventName.SIGN_IN_SUCCEEDED),
        ]
    )
    for wanted, numbers in (
        ({"event": "member.joined"}, [0]),
        ({"event": "member."}, [1, 0]),
        ({"actor": "usr_2"}, [2, 1]),
        ({"actor": "Kim", "event": "member."}, [1]),
        ({"actor": "usr_3"}, []),
        ({"since": NOON + timedelta(seconds=2)}, [3, 2]),
        ({"until": NOON + timedelta(seconds=2)}, [1, 0]),
        ({"since": _LATER, "until": NOON}, []),
        ({"event": "member.", "until": NOON + timedelta(seconds=1)}, [0]),
    ):
        reach = _reach(**wanted)
        assert _numbers(log.look(reach, 9, None, None).events) == numbers, wanted
        found = log.page(reach, PageRequest())
        assert (_numbers(found.items), found.total_count) == (numbers, len(numbers)), wanted


@pytest.mark.parametrize("event", ["", "sign_in."])
def test_a_page_is_cut_from_the_newest_on_and_all_are_counted(log: AuditLog, event: str) -> None:
    others = [_event(n, EventName.API_KEY_CREATED) for n in range(100, 110)] if event else []
    _fill([_event(n, EventName.SIGN_IN_SUCCEEDED) for n in range(25)] + others)
    for number, numbers in ((1, range(24, 14, -1)), (3, range(4, -1, -1)), (4, [])):
        found = log.page(_reach(event=event), PageRequest(number, 10))
        assert _numbers(found.items) == list(numbers)
        assert (found.total_count, found.has_more) == (25, number == 1)


def test_what_has_expired_is_not_shown_although_it_is_still_there(log: AuditLog) -> None:
    """`H16`: TTL removes rows hours or days later."""
    _fill([_event(0, EventName.SIGN_IN_SUCCEEDED), _event(10, EventName.SIGN_IN_SUCCEEDED)])
    now = NOON + TRAIL.kept
    assert _numbers(log.look(_reach(now), 9, None, None).events) == [10]
    assert log.page(_reach(now), PageRequest()).total_count == 1
    later = now + timedelta(seconds=10)
    assert log.look(_reach(later), 9, None, None).events == ()
    long_ago = NOON - timedelta(days=1)
    assert log.look(_reach(later, since=long_ago), 9, None, None).events == ()


def test_another_accounts_events_are_not_there(log: AuditLog) -> None:
    """`H15`."""
    _fill([_event(0, EventName.SIGN_IN_SUCCEEDED)])
    other = AuditQuery("acc_2", AuditFilter(), _LATER)
    assert log.look(other, 9, None, None).events == ()
    assert log.page(other, PageRequest()).total_count == 0


def test_a_page_is_one_request_for_a_log_of_any_length(log: AuditLog) -> None:
    """A filter that matches almost nothing reads a thousand, and returns a cursor."""
    rare = _event(0, EventName.API_KEY_REVOKED)
    _fill([rare, *(_event(n, EventName.SIGN_IN_SUCCEEDED) for n in range(1, 1_500))])
    with counting() as book:
        log.look(_reach(), 50, None, None)
        first = log.look(_reach(event="api_key."), 50, None, None)
        assert [str(call) for call in book.calls] == ["dynamodb.Query(audit_events)"] * 2
    assert first.events == ()
    assert first.older is not None
    assert log.look(_reach(event="api_key."), 50, first.older, None).events == (rare,)


def test_an_export_is_recorded_only_for_a_current_admin(
    log: AuditLog, connection: StoreConnection
) -> None:
    """`F9`: checked in the write."""
    owner = an_owner_in(connection)
    exported = owner.event(EventName.AUDIT_LOG_EXPORTED, _LATER)
    log.note_export(exported, owner)
    place = UserRow.memberships[owner.account_id]["role"]
    UserRow(owner.user_id).update(actions=[place.set(Role.MEMBER.value)])
    with pytest.raises(NotAllowedError):
        log.note_export(owner.event(EventName.AUDIT_LOG_EXPORTED, _LATER), owner)
    reach = AuditQuery(owner.account_id, AuditFilter(event="audit_log."), _LATER)
    assert log.look(reach, 9, None, None).events == (exported,)
