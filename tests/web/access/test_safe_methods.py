"""GET and HEAD change nothing, so a link or a prefetch can't act for a user."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.web.kit.access import Access
from tests.support.keys import an_owner
from tests.support.ledger import ledger
from tests.support.personas.callers import callers, fill
from tests.support.routes import ACCESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.http import Program
    from tests.support.personas.callers import Callers
    from tests.support.service import Service

EXPORT = "/api/v1/audit_events?format=ndjson"
READS = {"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems", "GetQueueAttributes"}
# The last use of a session or key, and a key's calls in the current minute.
USES = {("UpdateItem", ("sessions",)), ("UpdateItem", ("api_keys",))}
GETS = sorted(call.removeprefix("GET ") for call in ACCESS if call.startswith("GET "))


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    with callers(tmp_path_factory.mktemp("callers")) as made:
        yield made


@pytest.fixture
def owner(service: Service) -> Program:
    return an_owner(service)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", GETS)
def test_a_get_or_head_writes_nothing_but_that_a_session_or_key_was_used(
    everybody: Callers, path: str, method: str
) -> None:
    key = ACCESS[f"GET {path}"] is Access.API_KEY
    caller = "key" if key else "owner"
    session = everybody.session(caller)
    with ledger() as book:
        reply = everybody.call_in(session, caller, method, fill(path, everybody.ids))
    assert reply.status < 500, reply.text
    written = [c for c in book.calls if c.operation not in READS]
    assert [c for c in written if (c.operation, c.tables) not in USES] == []


def _exports(owner: Program) -> int:
    reply = owner.get("/api/v1/audit_events?event=audit_log.exported")
    total: int = reply.json["total_count"]
    return total


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        # A link in a mail program or a chat, and also a typed URL.
        {"Sec_Fetch_Site": "none"},
        {"Origin": "https://evil.test"},
    ],
)
def test_a_link_from_elsewhere_exports_no_audit_log(
    owner: Program, headers: dict[str, str]
) -> None:
    refused = owner.get(EXPORT, **headers)
    assert (refused.status, refused.error["code"]) == (403, "cross_site")
    assert _exports(owner) == 0


@pytest.mark.parametrize("headers", [{}, {"Sec_Fetch_Site": "same-origin"}])
def test_programs_and_our_own_pages_export_the_audit_log(
    owner: Program, headers: dict[str, str]
) -> None:
    assert owner.get(EXPORT, **headers).status == 200
    assert _exports(owner) == 1


def test_head_of_an_export_gives_its_headers_and_reads_no_event(owner: Program) -> None:
    with ledger() as book:
        reply = owner.call("HEAD", EXPORT)
    assert (reply.status, reply.text) == (200, "")
    assert reply.header("Content-Type") == "application/x-ndjson"
    assert not [call for call in book.calls if "audit_events" in call.tables]
    assert _exports(owner) == 0


@pytest.mark.parametrize(
    "path", ["/sso/none/start", "/proof/single-sign-on", "/settings/single-sign-on/test"]
)
def test_head_starts_no_sso_sign_in(owner: Program, path: str) -> None:
    """GET stores a request to the provider on purpose; HEAD must not."""
    refused = owner.call("HEAD", path)
    assert (refused.status, refused.header("Allow")) == (405, "GET")


def test_the_page_exports_what_it_shows_by_a_form(service: Service) -> None:
    from tests.support.personas.journeys import become_a_user, sign_in

    browser = become_a_user(service)
    sign_in(browser)
    # An export has the events before its own; those of one moment are in the order of their ids.
    service.clock.advance(timedelta(seconds=1))
    browser.open("/settings/audit-log?event=sign_in.")
    assert EXPORT not in browser.page.text
    exported = browser.press("Export as JSON Lines")
    assert exported.status == 200
    lines = exported.html.splitlines()
    assert lines
    assert all('"event": "sign_in.' in line for line in lines)


def test_another_sites_form_exports_nothing(owner: Program) -> None:
    headers = {"Content_Type": "application/x-www-form-urlencoded", "Origin": "https://evil.test"}
    assert owner.call("POST", "/settings/audit-log/export", b"", **headers).status == 403
    assert _exports(owner) == 0
