"""Records, their pages and their counts, on every engine."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import InvalidValueError, NotFoundError
from chalicelib.domain.keys.record import Record, RecordFilter, RecordStatus
from chalicelib.domain.lists import PageRequest
from chalicelib.storage.accounts.record_loads import Loaded, RecordLoads
from chalicelib.storage.accounts.records import COUNTS, Records
from chalicelib.storage.dynamo.rows import WORKSPACES
from chalicelib.storage.dynamo.tables import AccountRow, RecordRow
from tests.support.personas.users import NOON
from tests.support.races.races import race

if TYPE_CHECKING:
    from chalicelib.storage.dynamo.connection import StoreConnection
    from tests.support.ledger import Ledger

_ACCOUNT = "acc_1"
_ALL = RecordFilter()


@pytest.fixture
def records(connection: StoreConnection) -> Records:
    return Records(connection)


@pytest.fixture
def loads(connection: StoreConnection) -> RecordLoads:
    made = RecordLoads(connection)
    AccountRow(_ACCOUNT, WORKSPACES, items={"wsp_even": {}, "wsp_odd": {}}, names={}).save()
    made.begin(_ACCOUNT)
    made.begin(_ACCOUNT)
    return made


def _record(number: int) -> Record:
    return Record(
        id=f"r{number:03}",
        terminus_id=f"T-{number}",
        workspace_id="wsp_even" if number % 2 == 0 else "wsp_odd",
        status=RecordStatus.ARCHIVED if number % 5 == 0 else RecordStatus.ACTIVE,
        content='{"n":%d}' % number,  # noqa: UP031 - braces
        created_at=NOON,
    )


def _load(loads: RecordLoads, *records: Record, account_id: str = _ACCOUNT) -> Loaded:
    return loads.put(account_id, {record.id: (record, True) for record in records})


def test_a_record_is_read_as_it_was_loaded(records: Records, loads: RecordLoads) -> None:
    assert _load(loads, _record(7)) == Loaded(added=1)
    found = records.get(_ACCOUNT, "r007")
    assert found == _record(7)
    assert found.data == {"n": 7}


def test_another_accounts_record_is_not_found(records: Records, loads: RecordLoads) -> None:
    """`H15`."""
    _load(loads, _record(7))
    with pytest.raises(NotFoundError):
        records.get("acc_2", "r007")
    assert records.page("acc_2", PageRequest(), _ALL).total_count == 0


def test_pages_hold_every_record_once_in_the_order_of_ids(
    records: Records, loads: RecordLoads
) -> None:
    _load(loads, *(_record(n) for n in range(60)))
    for limit in (1, 7, 59, 60, 100):
        pages = -(-60 // limit)
        found = [records.page(_ACCOUNT, PageRequest(n, limit), _ALL) for n in range(1, pages + 1)]
        assert [r.id for page in found for r in page.items] == [f"r{n:03}" for n in range(60)]
        assert {page.total_count for page in found} == {60}
        assert [page.has_more for page in found] == [True] * (pages - 1) + [False]
    beyond = records.page(_ACCOUNT, PageRequest(1_000_000_000, 10_000), _ALL)
    assert (beyond.items, beyond.has_more, beyond.total_count) == ((), False, 60)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (RecordFilter("wsp_even"), range(0, 60, 2)),
        (RecordFilter(None, RecordStatus.ARCHIVED), range(0, 60, 5)),
        (RecordFilter("wsp_even", RecordStatus.ARCHIVED), range(0, 60, 10)),
        (RecordFilter("wsp_none"), range(0)),
    ],
)
def test_a_filter_is_paged_and_counted_like_a_whole_list(
    records: Records, loads: RecordLoads, wanted: RecordFilter, numbers: range
) -> None:
    _load(loads, *(_record(n) for n in range(60)))
    ids: list[str] = []
    for number in range(1, len(numbers) // 4 + 2):
        page = records.page(_ACCOUNT, PageRequest(number, 4), wanted)
        assert page.total_count == len(numbers)
        assert page.has_more == (number * 4 < len(numbers))
        ids += [record.id for record in page.items]
    assert ids == [f"r{n:03}" for n in numbers]


def test_more_than_one_answer_of_dynamodb_is_one_list(records: Records, loads: RecordLoads) -> None:
    """DynamoDB answers with at most a megabyte; this list needs four."""
    large = '{"text":"%s"}' % ("x" * 16_000)
    for start in range(0, 250, 50):
        _load(loads, *(replace(_record(n), content=large) for n in range(start, start + 50)))
    for wanted, numbers in ((_ALL, range(250)), (RecordFilter("wsp_odd"), range(1, 250, 2))):
        page = records.page(_ACCOUNT, PageRequest(3, 40), wanted)
        assert [r.id for r in page.items] == [f"r{n:03}" for n in numbers][80:120]
        assert page.total_count == len(numbers)


def test_loading_again_changes_nothing(records: Records, loads: RecordLoads) -> None:
    batch = [_record(n) for n in range(20)]
    assert _load(loads, *batch) == Loaded(added=20)
    assert _load(loads, *batch) == Loaded(unchanged=20)
    assert records.page(_ACCOUNT, PageRequest(), _ALL).total_count == 20


def test_a_changed_record_moves_between_the_counts(records: Records, loads: RecordLoads) -> None:
    _load(loads, _record(1), _record(3))
    moved = replace(_record(1), workspace_id="wsp_even", status=RecordStatus.ARCHIVED)
    assert _load(loads, moved, _record(3)) == Loaded(changed=1, unchanged=1)
    for wanted, count in (
        (_ALL, 2),
        (RecordFilter("wsp_odd"), 1),
        (RecordFilter("wsp_even", RecordStatus.ARCHIVED), 1),
    ):
        assert records.page(_ACCOUNT, PageRequest(), wanted).total_count == count


def test_without_a_time_the_first_one_stays(records: Records, loads: RecordLoads) -> None:
    first = replace(_record(1), created_at=NOON)
    later = replace(first, created_at=NOON + timedelta(days=1))
    loads.put(_ACCOUNT, {first.id: (first, False)})
    assert loads.put(_ACCOUNT, {later.id: (later, False)}) == Loaded(unchanged=1)
    assert records.get(_ACCOUNT, first.id).created_at == NOON


def test_loads_at_the_same_time_count_each_record_once(
    records: Records, loads: RecordLoads
) -> None:
    """`H13`."""
    batch = [_record(n) for n in range(10)]
    outcomes = race(lambda _: _load(loads, *batch), callers=6)
    loaded = sum((o for o in outcomes if isinstance(o, Loaded)), Loaded())
    assert loaded == Loaded(added=10, unchanged=50)
    assert records.page(_ACCOUNT, PageRequest(), _ALL).total_count == 10


@pytest.mark.parametrize(
    "wanted", [_ALL, RecordFilter(workspace_id="wsp_even")], ids=["all", "filtered"]
)
def test_a_page_too_large_for_an_answer_is_refused_early(
    records: Records, ledger: Ledger, wanted: RecordFilter
) -> None:
    """At a megabyte a request, 600 records of 16 KB take ten; after six they are too many."""
    _put_large(600)
    for page in (PageRequest(limit=10_000), PageRequest(limit=400)):
        ledger.clear()
        with pytest.raises(InvalidValueError, match="fewer at once") as refused:
            records.page(_ACCOUNT, page, wanted)
        assert refused.value.param == "limit"
        assert sum(call.operation == "Query" for call in ledger.calls) <= 6
    # Records before or after a page don't count.
    for page in (PageRequest(limit=340), PageRequest(number=2, limit=290)):
        assert len(records.page(_ACCOUNT, page, wanted).items) == page.limit


def _put_large(number: int) -> None:
    """Put records without the loader, which needs a transaction for each hundred."""
    content = json.dumps({"text": "x" * 16_000}, separators=(",", ":"))
    with RecordRow.batch_write() as batch:
        for each in range(number):
            made = RecordRow(_ACCOUNT, f"r{each:04}", terminus_id="T", workspace_id="wsp_even")
            made.status, made.content, made.created_at = "active", content, NOON
            batch.save(made)
    AccountRow(_ACCOUNT, COUNTS, items={"wsp_even/active": number}).save()
