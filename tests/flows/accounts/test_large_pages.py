"""Every list and page fits into what a Lambda function can answer with, 6 MB."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.accounts.workspaces import WORKSPACES_MAX
from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType
from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.origin import Client, RequestOrigin
from chalicelib.domain.roles import Role, WorkspaceRole
from chalicelib.domain.user import Membership, Workspace
from chalicelib.storage.dynamo.rows import membership_map, workspace_map
from chalicelib.storage.dynamo.tables import AccountRow, UserRow
from chalicelib.web.api import lists
from chalicelib.web.kit.routing.json_api import json_answer
from tests.support.keys import account_of, an_owner
from tests.support.personas.owners import TRAIL
from tests.support.personas.users import NOON
from tests.support.servers.engines import REGION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pynamodb.models import Model

    from tests.support.http import Program, Reply
    from tests.support.service import Service

# Lambda's limit, less what surrounds a body.
MOST = 6_000_000
# These tests use a lower limit: forty users fill it as hundreds fill 6 MB.
LIST_MOST = 15_000
MEMBERS, INVITATIONS = "/api/v1/members", "/api/v1/invitations"
LOUD = "\U0001f600"  # twelve bytes where JSON escapes it


@pytest.fixture
def owner(service: Service) -> Program:
    return an_owner(service)


@pytest.fixture
def small_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "ANSWER_MAX_BYTES", LIST_MOST)


@pytest.fixture
def workspaces(owner: Program) -> list[str]:
    """Fill the account with workspaces of the longest names."""
    return _fill(owner, WORKSPACES_MAX)


@pytest.fixture
def few_workspaces(owner: Program) -> list[str]:
    return _fill(owner, 20)


def _fill(owner: Program, count: int) -> list[str]:
    ids = [f"wsp_{number:032}" for number in range(count)]
    made = {
        key: workspace_map(Workspace(key, f"{LOUD * 90}{number}", LOUD * 200, NOON))
        for number, key in enumerate(ids)
    }
    AccountRow(account_of(owner), "workspaces").update(actions=[AccountRow.items.set(made)])
    return ids


def _put(service: Service, table: str, rows: Iterable[Model]) -> None:
    """Put rows straight into moto's memory: normal puts take half a minute."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends

    backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION]
    for row in rows:
        backend.put_item(f"{service.settings.table_prefix}{table}", row.serialize())


def _sent_size(reply: Reply) -> int:
    return len(json.dumps(reply.text))


def _all_ids(owner: Program, path: str, key: str, total: int) -> list[str]:
    """Request everything, then less until a page fits; then read all pages."""
    limit = 10_000
    while (first := owner.get(f"{path}?limit={limit}")).status == 422:
        assert first.json["error"]["param"] == "limit"
        assert first.json["error"]["type"] == "invalid_request_error"
        limit //= 2
    ids: list[str] = []
    for page in range(1, total // limit + 2):
        reply = owner.get(f"{path}?limit={limit}&page={page}")
        assert reply.status == 200, reply.text
        assert _sent_size(reply) <= LIST_MOST
        assert reply.json["total_count"] == total
        ids += [item[key] for item in reply.json["items"]]
        assert reply.json["has_more"] is (len(ids) < total)
    return ids


@pytest.mark.usefixtures("small_answers")
def test_more_invitations_than_fit_an_answer_are_listed_in_pages(
    service: Service, owner: Program, few_workspaces: list[str]
) -> None:
    roles = dict.fromkeys(few_workspaces, WorkspaceRole.VIEWER.value)
    _put(
        service,
        "accounts",
        (
            AccountRow(
                account_of(owner),
                f"invitation#inv_{number:032}",
                name="Robin",
                created_by="usr_x",
                created_at=NOON,
                email=f"{number}@acme.test",
                role="member",
                items=roles,
                expires_at=NOON + timedelta(days=7),
            )
            for number in range(40)
        ),
    )
    assert owner.get(f"{INVITATIONS}?limit=10000").status == 422
    ids = _all_ids(owner, INVITATIONS, "id", 40)
    assert sorted(ids) == [f"inv_{number:032}" for number in range(40)]
    page = owner.get("/settings/members")
    assert (page.status, _sent_size(page) < MOST) == (200, True)


@pytest.mark.usefixtures("small_answers")
def test_more_members_than_fit_an_answer_are_listed_in_pages(
    service: Service, owner: Program, few_workspaces: list[str]
) -> None:
    from chalicelib.storage.accounts.membership_rows import listing_row

    account_id = account_of(owner)
    roles = dict.fromkeys(few_workspaces, WorkspaceRole.VIEWER)
    joined = membership_map(Membership(account_id, "Acme", Role.MEMBER, workspaces=roles))
    ids = [f"usr_{number:032}" for number in range(40)]
    _put(service, "accounts", (listing_row(account_id, user_id) for user_id in ids))
    AccountRow(account_id, "account").update(actions=[AccountRow.member_count.set(41)])
    _put(
        service,
        "users",
        (
            UserRow(
                user_id,
                email=f"{user_id}@acme.test",
                name="Kim",
                created_at=NOON,
                credentials_version=1,
                memberships={account_id: joined},
            )
            for user_id in ids
        ),
    )
    assert owner.get(f"{MEMBERS}?limit=10000").status == 422
    found = _all_ids(owner, MEMBERS, "user_id", 41)
    assert len(found) == len(set(found)) == 41
    assert set(ids) < set(found)
    page = owner.get(f"/settings/members/{ids[0]}")
    assert (page.status, _sent_size(page) < MOST) == (200, True)


def test_fifty_events_that_name_every_workspace_fit_on_a_page(
    service: Service, owner: Program, workspaces: list[str]
) -> None:
    roles = dict.fromkeys(workspaces, "viewer")
    actor = Party(PartyType.USER, "usr_x", LOUD * 100)
    origin = RequestOrigin(Client("192.0.2.1", "Test/1.0"), "req")
    details: dict[str, Any] = {"old_workspaces": roles, "new_workspaces": roles}
    events = (
        AuditEvent(
            EventName.MEMBER_CHANGED,
            account_of(owner),
            NOON - timedelta(seconds=number),
            actor,
            origin,
            actor,
            details,
        )
        for number in range(50)
    )
    _put(service, "audit_events", map(TRAIL.row, events))
    page = owner.get("/settings/audit-log")
    assert (page.status, _sent_size(page) < MOST) == (200, True)
    assert "…" in page.text


def test_a_body_is_measured_with_its_quotes_escaped() -> None:
    fits = lists.bounded(json_answer({"text": "x" * 5_000_000}))
    assert len(json.dumps(fits.body)) < MOST
    for text in ('"' * 2_000_000, "\u00e9" * 1_000_000, LOUD * 500_000):
        with pytest.raises(InvalidValueError, match=r"larger than 5\.5 MB") as refused:
            lists.bounded(json_answer({"text": text}))
        assert refused.value.param == "limit"


def test_pages_with_the_longest_names_of_two_hundred_workspaces_fit(
    owner: Program, workspaces: list[str]
) -> None:
    paths = ("/", "/settings/workspaces", "/settings/members/invite")
    for path in (*paths, f"/settings/workspaces/{workspaces[0]}"):
        page = owner.get(path)
        assert (page.status, _sent_size(page) < MOST) == (200, True)
