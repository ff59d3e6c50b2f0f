"""An account's audit log, as its owner and admins read, search and export it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType
from chalicelib.domain.origin import Client, RequestOrigin
from chalicelib.domain.roles import Role
from chalicelib.storage.dynamo.tables import AuditEventRow
from tests.support.audit_log import user_id_of
from tests.support.keys import KEYS, account_of, add_member, an_owner, make_key
from tests.support.ledger import ledger as counting
from tests.support.personas.journeys import ADDRESS, OTHER_PASSWORD, ask_sign_in, sign_in
from tests.support.personas.owners import TRAIL

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.http import Program, Reply
    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service

EVENTS = "/api/v1/audit_events"
EXPORT = f"{EVENTS}?format=ndjson"
PAGE = "/settings/audit-log"
_CURSOR = "2026-11-24T12:00:00.000000Z#evt_" + "0" * 32


@pytest.fixture
def owner(service: Service) -> Program:
    return an_owner(service)


def _listed(program: Program, query: str = "") -> list[dict[str, Any]]:
    reply = program.get(EVENTS + query)
    assert reply.status == 200, reply.text
    items: list[dict[str, Any]] = reply.json["items"]
    return items


def _lines(reply: Reply) -> list[dict[str, Any]]:
    assert reply.status == 200, reply.text
    return [json.loads(line) for line in reply.text.splitlines()]


def _fill(account_id: str, since: datetime, number: int, **details: str) -> None:
    actor = Party(PartyType.USER, "usr_x", "Kim")
    origin = RequestOrigin(Client("192.0.2.1", "Test/1.0"), "req")
    with AuditEventRow.batch_write() as batch:
        for n in range(number):
            at = since + timedelta(milliseconds=n)
            all_details = {"number": n, **details}
            name = EventName.WORKSPACE_CHANGED
            event = AuditEvent(name, account_id, at, actor, origin, None, all_details)
            batch.save(TRAIL.row(event))


def test_the_list_shows_who_did_what_when_and_from_where(
    service: Service, clock: StoppedClock
) -> None:
    """`H4`."""
    owner = an_owner(service)
    clock.advance(timedelta(minutes=5))
    key = make_key(owner)
    newest, *_ = _listed(owner)
    assert newest.pop("id").startswith("evt_")
    assert newest.pop("request_id")
    assert newest == {
        "at": "2026-11-24T12:05:00Z",
        "event": "api_key.created",
        "actor": {"type": "user", "id": user_id_of(ADDRESS), "name": "Robin"},
        "target": {"type": "api_key", "id": key["id"], "name": "CI pipeline"},
        "address": "192.0.2.7",
        "user_agent": "Program/1.0",
        "details": {},
    }


def test_the_log_is_filtered_by_event_actor_and_day(
    service: Service, owner: Program, clock: StoppedClock
) -> None:
    clock.advance(timedelta(hours=11))
    owner.get(EVENTS)
    clock.advance(timedelta(hours=3))
    ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD)
    service.work()
    robin = user_id_of(ADDRESS)
    for query, names in (
        ("?event=sign_in.", ["sign_in.refused", "sign_in.succeeded"]),
        ("?event=sign_in.refused", ["sign_in.refused"]),
        (f"?event=sign_in.&actor={robin}", ["sign_in.succeeded"]),
        ("?event=sign_in.&actor=Robin", ["sign_in.succeeded"]),
        (f"?event=sign_in.&actor={quote(ADDRESS.upper())}", ["sign_in.succeeded"]),
        ("?actor=nobody%40acme.test", []),
        # Names may contain an @.
        ("?actor=Robin+%40+work", []),
        ("?since=2026-11-25", ["sign_in.refused"]),
        ("?until=2026-11-24&event=sign_in.", ["sign_in.succeeded"]),
        ("?since=2026-11-26", []),
        ("?until=9999-12-31&since=0001-01-01&event=sign_in.refused", ["sign_in.refused"]),
    ):
        assert [event["event"] for event in _listed(owner, query)] == names, query


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("?event=sign_in", "event"),
        ("?event=", "event"),
        ("?event=member.joined&event=member.left", "event"),
        ("?actor=", "actor"),
        ("?actor=%00", "actor"),
        (f"?actor={'x' * 321}", "actor"),
        ("?since=yesterday", "since"),
        ("?until=2026-02-30", "until"),
        ("?until=2026-11-24T00:00:00Z", "until"),
        ("?format=csv", "format"),
        (f"?before={quote(_CURSOR)}", "before"),
        ("?format=ndjson&before=evt_1", "before"),
        ("?format=ndjson&page=2", "page"),
        ("?format=ndjson&limit=2", "limit"),
        ("?events=member.", "events"),
        ("?limit=0", "limit"),
    ],
)
def test_an_invalid_filter_is_named(owner: Program, query: str, param: str) -> None:
    reply = owner.get(EVENTS + query)
    assert (reply.status, reply.error["param"]) == (422, param)


def test_only_owners_and_admins_see_the_log(service: Service, owner: Program) -> None:
    """`F9`, `H15`."""
    member = add_member(service, account_of(owner), "mo@acme.test", Role.MEMBER)
    holder = make_key(owner)["key"]
    other = an_owner(service, "sam@other.test")
    assert member.get(EVENTS).status == 403
    assert service.program().get(EVENTS).status == 401
    assert service.program().get(EXPORT, Authorization=f"Bearer {holder}").status == 403
    own = {event["id"] for event in _listed(owner)}
    assert own
    assert own.isdisjoint(event["id"] for event in _listed(other))
    assert own.isdisjoint(event["id"] for event in _lines(other.get(EXPORT)))


def test_no_call_changes_the_log(owner: Program) -> None:
    """`H6`."""
    (event, *_) = _listed(owner)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert owner.call(method, EVENTS, {}).status == 405
        assert owner.call(method, f"{EVENTS}/{event['id']}", {}).status in (403, 404)
    assert event in _listed(owner)


def test_an_export_has_every_event_and_is_recorded_itself(
    owner: Program, clock: StoppedClock
) -> None:
    clock.advance(timedelta(minutes=5))
    before = _listed(owner)
    reply = owner.get(f"{EXPORT}&event=sign_in.")
    assert reply.header("Content-Type") == "application/x-ndjson"
    disposition = 'attachment; filename="audit-log-2026-11-24.ndjson"'
    assert reply.header("Content-Disposition") == disposition
    assert reply.header("Link") is None
    assert _lines(reply) == [event for event in before if event["event"].startswith("sign_in.")]
    (exported,) = _listed(owner, "?event=audit_log.exported")
    assert exported["details"] == {"event": "sign_in."}
    clock.advance(timedelta(seconds=1))
    assert _lines(owner.get(EXPORT))[0] == exported


def test_a_large_export_continues_and_has_every_event_once(
    owner: Program, clock: StoppedClock
) -> None:
    """Each answer is smaller than Lambda's 6 MB, with quotes and accents escaped."""
    account_id = account_of(owner)
    _fill(account_id, clock(), 2_500, text='é"' * 400)
    clock.advance(timedelta(hours=1))
    path: str | None = f"{EXPORT}&event=workspace."
    numbers: list[int] = []
    answers = 0
    while path:
        reply = owner.get(path)
        assert len(json.dumps({"body": reply.text})) < 6_000_000
        numbers += [line["details"]["number"] for line in _lines(reply)]
        link = reply.header("Link") or ""
        assert not link or link.endswith('; rel="next"')
        path = link.partition(">")[0].removeprefix("<http://localhost:8000") or None
        answers += 1
    assert numbers == list(range(2_499, -1, -1))
    assert answers > 1
    continued = _listed(owner, "?event=audit_log.")
    assert sum("before" in event["details"] for event in continued) == answers - 1


def test_the_page_shows_events_in_words_and_pages_back(
    service: Service, clock: StoppedClock
) -> None:
    owner = an_owner(service)
    _fill(account_of(owner), clock() - timedelta(days=1), 60)
    browser = service.browser()
    sign_in(browser)
    page = browser.open(PAGE)
    assert page.heading == "Audit log"
    assert "Signed in" in page.text
    assert "Changed a workspace" in page.text
    assert "with a password" in page.text
    browser.follow("Older")
    assert "Signed in" not in browser.page.text.partition("Sign out")[2].partition("When")[2]
    assert "number: 0" in browser.page.text
    browser.follow("Newer")
    assert "with a password" in browser.page.text


def test_the_page_names_workspaces_and_cuts_long_details(service: Service, owner: Program) -> None:
    design = owner.post("/api/v1/workspaces", {"name": "Design"}).json["id"]
    given = [{"id": design, "role": "viewer"}]
    asked = {"email": "kim@acme.test", "role": "member", "workspaces": given}
    assert owner.post("/api/v1/invitations", asked).status == 201
    browser = service.browser()
    sign_in(browser)
    shown = browser.open(PAGE).text
    assert "Design: viewer" in shown
    assert design not in shown
    (event,) = _listed(owner, "?event=invitation.created")
    assert event["details"]["workspaces"] == {design: "viewer"}


def test_the_page_is_searched(service: Service, owner: Program) -> None:
    make_key(owner, "<b>CI</b>")
    browser = service.browser()
    sign_in(browser)
    browser.open(PAGE)
    browser.press("Show", What_happened="api_key.", Who="Robin")
    assert "<b>CI</b>" in browser.page.text
    assert "Signed in" not in browser.page.text.partition("When Who What From")[2]
    form = browser.page.form_of("Export as JSON Lines")
    assert form.action == "/settings/audit-log/export"
    sent = form.filled_in({})
    assert (sent["event"], sent["actor"]) == ("api_key.", "Robin")
    browser.press("Show", What_happened="api_key.revoked")
    assert "Nothing found" in browser.page.text


@pytest.mark.parametrize(
    "query", ["event=nothing", "since=then", "until=2026-13-01", "before=x", "after=evt_1"]
)
def test_the_page_shows_an_invalid_filter(service: Service, query: str) -> None:
    an_owner(service)
    browser = service.browser()
    sign_in(browser)
    page = browser.open(f"{PAGE}?{query}")
    assert page.status == 422
    assert page.heading == "Audit log"


def test_a_filter_without_matches_offers_to_search_further_back(
    service: Service, clock: StoppedClock
) -> None:
    owner = an_owner(service)
    clock.advance(timedelta(hours=1))
    _fill(account_of(owner), clock(), 1_200)
    clock.advance(timedelta(hours=1))
    browser = service.browser()
    sign_in(browser)
    page = browser.open(f"{PAGE}?event=account.created")
    assert "Nothing found so far" in page.text
    browser.follow("Look further back")
    assert "Created the account" in browser.page.text.partition("When Who What From")[2]


def test_a_member_is_sent_home(service: Service, owner: Program) -> None:
    """`F9`."""
    member = add_member(service, account_of(owner), "mo@acme.test", Role.MEMBER)
    browser = service.browser()
    browser.jar.values |= member.jar.values
    page = browser.open(PAGE)
    assert page.url.endswith("/?done=not-allowed")


def test_a_page_costs_the_same_for_a_log_of_any_length(
    service: Service, clock: StoppedClock
) -> None:
    """Two requests for the visitor, one for the events."""
    owner = an_owner(service)
    costs = []
    for _ in range(2):
        for query in ("", "?event=member.", "?actor=Kim"):
            with counting() as book:
                assert owner.get(PAGE + query).status == 200
            costs.append([call.operation for call in book.calls])
        _fill(account_of(owner), clock(), 1_100)
        clock.advance(timedelta(hours=1))
    assert costs == [["UpdateItem", "BatchGetItem", "Query"]] * 6


def test_nothing_secret_is_in_it(service: Service, owner: Program) -> None:
    """`H5`."""
    key = make_key(owner)["key"]
    owner.post(f"{KEYS}/leaked", {"key": key})
    service.work()
    exported = owner.get(EXPORT).text
    assert key not in exported
    assert owner.jar.values["thub_session"] not in exported
