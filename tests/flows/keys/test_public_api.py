"""What software reads with a key: its own account, in pages, within the rate limit."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import bootstrap
from chalicelib.domain.keys.api_key import ApiKeySecret
from chalicelib.domain.keys.record import parse_record
from chalicelib.storage.keys.transport.by_sdk import SdkUpdates
from tests.support.keys import Holder, a_holder, account_of, an_owner, make_key
from tests.support.service import changed
from tests.support.structured_fields import read_list

if TYPE_CHECKING:
    from tests.support.http import Program, Reply
    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service

_RECORDS = "/api/v1/records"
_WORKSPACES = "/api/v1/workspaces"


@pytest.fixture
def environ() -> dict[str, str]:
    return {"API_KEY_REQUESTS_PER_MINUTE": "5"}


def _load(service: Service, account_id: str, workspace_id: str, *numbers: int) -> None:
    from chalicelib.storage.accounts.record_loads import RecordLoads

    loads = RecordLoads(service_connection())
    loads.begin(account_id)
    for number in numbers:
        fields = {
            "id": f"r{number}",
            "terminus_id": f"T-{number}",
            "workspace_id": workspace_id,
            "status": "active" if number % 2 else "archived",
            "data": {"n": number, "é": [None, 1.5, {"deep": True}]},
            "created_at": "2026-11-01T00:00:00Z",
        }
        record = parse_record(fields, service.clock())
        loads.put(account_id, {record.id: (record, True)})


def service_connection() -> Any:
    return bootstrap.services().public_api.records.connection


def _main(account_id: str) -> str:
    return bootstrap.services().public_api.accounts.get(account_id).workspaces[0].id


@pytest.fixture
def owner(service: Service) -> Program:
    return an_owner(service)


@pytest.fixture
def holder(service: Service, owner: Program) -> Holder:
    return Holder(service.program(), make_key(owner)["key"])


def _visible(reply: Reply) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = [pair for pair in reply.headers if pair[0] not in ("X-Request-Id", "RateLimit")]
    return reply.status, headers, reply.body


def test_only_the_accounts_own_workspaces_are_listed(owner: Program, holder: Holder) -> None:
    main = _main(account_of(owner))
    listed = holder.get(_WORKSPACES).json
    shown = {"id": main, "name": "Main", "description": "", "created_at": "2026-11-24T12:00:00Z"}
    assert listed == {"items": [shown], "has_more": False, "total_count": 1}
    assert holder.get(f"{_WORKSPACES}/{main}").json == shown


def test_a_record_is_shown_as_it_was_loaded(
    service: Service, owner: Program, holder: Holder
) -> None:
    account_id = account_of(owner)
    main = _main(account_id)
    _load(service, account_id, main, 1, 2, 3)
    assert holder.get(f"{_RECORDS}/r1").json == {
        "id": "r1",
        "terminus_id": "T-1",
        "workspace_id": main,
        "status": "active",
        "data": {"n": 1, "é": [None, 1.5, {"deep": True}]},
        "created_at": "2026-11-01T00:00:00Z",
    }
    page = holder.get(f"{_RECORDS}?limit=2&page=2").json
    assert ([r["id"] for r in page["items"]], page["has_more"], page["total_count"]) == (
        ["r3"],
        False,
        3,
    )
    archived = holder.get(f"{_RECORDS}?status=archived&workspace_id={main}").json
    assert [r["id"] for r in archived["items"]] == ["r2"]
    assert holder.get(f"{_RECORDS}?workspace_id=wsp_none").json["total_count"] == 0


def test_another_accounts_ids_are_like_unknown_ids(service: Service, owner: Program) -> None:
    """`H15`, `F9`: byte for byte."""
    account_id = account_of(owner)
    main = _main(account_id)
    _load(service, account_id, main, 1)
    stranger = a_holder(service, "sam@other.test")
    theirs = stranger.get(f"{_RECORDS}/r1"), stranger.get(f"{_WORKSPACES}/{main}")
    nobodys = stranger.get(f"{_RECORDS}/r9"), stranger.get(f"{_WORKSPACES}/wsp_{'0' * 32}")
    assert [_visible(reply) for reply in theirs] == [_visible(reply) for reply in nobodys]
    assert {reply.status for reply in (*theirs, *nobodys)} == {404}
    assert stranger.get(_RECORDS).json["total_count"] == 0


@pytest.mark.parametrize("record_id", ["..", "a%2Fb", "%00", "a.b", "*", "x" * 101, "%E2%82%AC"])
def test_a_malformed_id_is_not_found(holder: Holder, record_id: str) -> None:
    for path in (_RECORDS, _WORKSPACES):
        reply = holder.get(f"{path}/{record_id}")
        assert (reply.status, reply.error["type"]) == (404, "not_found_error")


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1e9", "page"),
        ("page=1.0", "page"),
        ("page=", "page"),
        ("page=%D9%A1", "page"),
        ("page=+1", "page"),
        ("page=99999999999", "page"),
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("limit=1&limit=2", "limit"),
        ("status=Active", "status"),
        ("status=", "status"),
        ("state=active", "state"),
    ],
)
def test_an_invalid_query_is_refused(holder: Holder, query: str, param: str) -> None:
    """`H11`: never another list than the one requested."""
    reply = holder.get(f"{_RECORDS}?{query}")
    assert (reply.status, reply.error["type"]) == (422, "invalid_request_error")
    assert reply.error["param"] == param


@pytest.mark.parametrize("query", ["page=1000000000", "page=1000000000&limit=10000", "limit=10000"])
def test_a_page_beyond_the_end_is_empty(holder: Holder, query: str) -> None:
    page = holder.get(f"{_RECORDS}?{query}").json
    assert page == {"items": [], "has_more": False, "total_count": 0}


def test_a_page_too_large_for_a_lambda_is_refused(
    service: Service, owner: Program, holder: Holder
) -> None:
    from chalicelib.storage.accounts.record_loads import RecordLoads

    account_id = account_of(owner)
    main = _main(account_id)
    loads = RecordLoads(service_connection())
    loads.begin(account_id)
    for start in range(0, 400, 50):
        batch = [
            parse_record(
                {
                    "id": f"r{n}",
                    "terminus_id": "T",
                    "workspace_id": main,
                    "data": {"text": "x" * 16_000},
                },
                service.clock(),
            )
            for n in range(start, start + 50)
        ]
        loads.put(account_id, {record.id: (record, True) for record in batch})
    reply = holder.get(f"{_RECORDS}?limit=10000")
    assert (reply.status, reply.error["param"]) == (422, "limit")
    assert holder.get(f"{_RECORDS}?limit=300").status == 200


def test_head_answers_like_get(holder: Holder) -> None:
    path = "/api/v1/account"
    reply = holder.program.call("HEAD", path, Authorization=f"Bearer {holder.key}")
    assert reply.status == 200


def test_every_answer_to_a_valid_key_shows_what_is_left(
    holder: Holder, clock: StoppedClock
) -> None:
    """`G2`: as structured fields, parsed strictly."""
    clock.advance(timedelta(seconds=13))
    replies = [
        holder.get("/api/v1/account"),
        holder.get(f"{_RECORDS}/none"),
        holder.get(f"{_RECORDS}?page=0"),
    ]
    assert [reply.status for reply in replies] == [200, 404, 422]
    for left, reply in zip((4, 3, 2), replies, strict=True):
        assert read_list(reply.header("RateLimit-Policy") or "") == {"per-key": {"q": 5, "w": 60}}
        assert read_list(reply.header("RateLimit") or "") == {"per-key": {"r": left, "t": 47}}
        assert reply.header("Retry-After") is None


def test_a_full_minute_is_a_429_with_the_time_to_retry(holder: Holder, clock: StoppedClock) -> None:
    """`G1`, `G3`: at exactly that time there is room again."""
    clock.advance(timedelta(seconds=20, milliseconds=900))
    for _ in range(5):
        assert holder.get("/api/v1/account").status == 200
    for path in ("/api/v1/account", f"{_RECORDS}/none", f"{_RECORDS}?page=0"):
        reply = holder.get(path)
        assert (reply.status, reply.error["type"]) == (429, "rate_limit_error")
        assert reply.header("Retry-After") == "40"
        assert read_list(reply.header("RateLimit-Policy") or "") == {"per-key": {"q": 5, "w": 60}}
        assert read_list(reply.header("RateLimit") or "") == {"per-key": {"r": 0, "t": 40}}
    clock.advance(timedelta(seconds=39))
    assert holder.get("/api/v1/account").status == 429
    clock.advance(timedelta(seconds=1))
    assert holder.get("/api/v1/account").status == 200


def test_another_key_of_the_account_has_its_own_minute(
    service: Service, owner: Program, holder: Holder
) -> None:
    """`G7`, `F11`: so keys can overlap during a rotation."""
    second = Holder(service.program(), make_key(owner, "Next")["key"])
    statuses = [holder.get("/api/v1/account").status for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert second.get("/api/v1/account").status == 200


def test_without_its_table_no_key_is_accepted(
    service: Service, holder: Holder, caplog: pytest.LogCaptureFixture
) -> None:
    """`H3`: 503, not 401, and one line in the log."""
    service.engine.client("dynamodb").delete_table(
        TableName=f"{service.settings.table_prefix}api_keys"
    )
    caplog.clear()
    caplog.set_level(logging.INFO)
    reply = holder.get("/api/v1/account")
    assert (reply.status, reply.error["type"]) == (503, "api_error")
    assert reply.header("RateLimit") is None
    assert sum(record.levelname == "ERROR" for record in caplog.records) == 1


@pytest.mark.parametrize(
    "code",
    ["ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError"],
)
def test_a_throttled_table_decides_nothing(
    holder: Holder, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """`H3`."""
    from botocore.exceptions import ClientError

    class Throttled:
        def update_item(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": code, "Message": "slow down"}}, "UpdateItem")

    ready = bootstrap.services()
    checks = replace(ready.key_check.checks, updates=SdkUpdates(Throttled()))
    bootstrap.use(changed(ready, key_check=replace(ready.key_check, checks=checks)))
    caplog.clear()
    reply = holder.get("/api/v1/account")
    assert (reply.status, reply.error["message"]) == (
        503,
        "Something went wrong on our side. Try again in a moment.",
    )
    assert sum(record.levelname == "ERROR" for record in caplog.records) == 1


def test_each_use_of_a_key_is_logged_without_it(
    service: Service, owner: Program, caplog: pytest.LogCaptureFixture
) -> None:
    """`H4`, `H5`."""
    made = make_key(owner)
    caplog.set_level(logging.INFO)
    Holder(service.program(), made["key"]).get("/api/v1/account")
    records = [vars(r) for r in caplog.records if r.message == "authentication_succeeded"]
    (used,) = [line for line in records if line["method"] == "api_key"]
    assert used["key_id"] == made["id"]
    assert made["key"] not in json.dumps([vars(record) for record in caplog.records], default=str)


def test_refused_keys_are_logged_without_them(
    holder: Holder, caplog: pytest.LogCaptureFixture
) -> None:
    """`H4`, `H5`: an unknown key without an id, a limited one by its id."""
    caplog.set_level(logging.INFO)
    unknown = ApiKeySecret.new().value
    Holder(holder.program, unknown).get("/api/v1/account")
    for _ in range(6):
        holder.get("/api/v1/account")
    assert {"api_key_unknown", "api_key_limited"} <= {record.message for record in caplog.records}
    logged = json.dumps([vars(record) for record in caplog.records], default=str)
    assert unknown not in logged
    assert holder.key not in logged
