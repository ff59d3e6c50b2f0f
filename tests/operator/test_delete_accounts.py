"""Operators delete an account: access ends in one write, then every row that belongs to it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.operators.action import OPERATORS
from chalicelib.domain.roles import Role
from chalicelib.storage.dynamo.tables import ApiKeyRow, DeletionRow, UserRow
from chalicelib.storage.operators.account_removal import KEYS_AT_ONCE
from tests.support.audit_log import audit_events, user_id_of
from tests.support.keys import add_member, make_key
from tests.support.personas.company import a_company
from tests.support.personas.deleted import all_is_swept, rows_that_name
from tests.support.personas.invitations import accept_as_new, invite, mailed_token
from tests.support.personas.journeys import ask_sign_in, signed_in_program
from tests.support.personas.operators import done, operate
from tests.support.personas.users import StoppedClock
from tests.support.servers.killed import KilledError, killed_at_write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.personas.company import Company
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service

_ADA, _MO, _GUEST = "ada@elsewhere.test", "mo@elsewhere.test", "guest@elsewhere.test"


@pytest.fixture
def environ(dns: DnsServer) -> dict[str, str]:
    return {"DNS_SERVER": dns.setting}


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock.near_now()


@pytest.fixture
def company(service: Service, dns: DnsServer) -> Company:
    """An account with something in every table that an account can have a row in."""
    made = a_company(service, dns)
    made.sign_in("kim@acme.test", "Kim")
    made.start(service.program())
    return made


@pytest.fixture
def account_id(service: Service, company: Company, tmp_path: Path) -> str:
    found = company.account_id
    add_member(service, found, _ADA, Role.ADMIN)
    add_member(service, found, _MO, Role.MEMBER)
    gone = user_id_of("kim@acme.test")
    assert company.owner.call("DELETE", f"/api/v1/members/{gone}").status == 204
    invite(company.owner, _GUEST)
    service.work()
    made = company.owner.post("/api/v1/workspaces", {"name": "Lab"}).json
    file = tmp_path / "records.jsonl"
    file.write_text(
        f'{{"id":"rec_1","terminus_id":"t1","workspace_id":"{made["id"]}","data":{{}},'
        '"status":"active","created_at":"2026-11-24T09:30:00Z"}\n'
    )
    done("records", "load", str(file), "--account", found)
    return found


def _left(service: Service, account_id: str) -> dict[str, list[str]]:
    """Give what names an account, but for counts of an hour, which go with their TTL."""
    found = rows_that_name(service, account_id)
    assert all("ttl" in row for row in found.pop("limits", ()))
    return found


def test_no_row_of_a_deleted_account_is_left(
    service: Service, company: Company, account_id: str
) -> None:
    """`H16`."""
    make_key(company.owner)
    done("export-account", account_id, "-")
    assert set(rows_that_name(service, account_id, company.connection_id)) >= {
        "accounts", "api_keys", "audit_events", "domains", "links", "records", "sessions",
        "sso_connections", "sso_identities", "sso_requests", "users",
    }  # fmt: skip

    said = done("accounts", "delete", account_id, "--yes")
    assert f"Account {account_id} is deleted." in said
    all_is_swept(service)
    left = _left(service, account_id)
    # Ended sessions name it until their time, and operators' events say by id what happened.
    assert set(left) == {"audit_events", "deletions", "sessions"}
    assert all(OPERATORS in row for row in left["audit_events"])
    assert set(rows_that_name(service, company.connection_id)) == {"sessions", "sso_assertions"}
    assert {event["target"]["name"] for event in audit_events(service, OPERATORS)} == {
        "Deleted account"
    }
    (row,) = [row for row in service.rows("deletions") if row["subject_id"]["S"] == account_id]
    assert "leftovers" not in row


def test_access_ends_at_once_and_the_members_belong_to_none(
    service: Service, company: Company, account_id: str
) -> None:
    """`D7`."""
    key = make_key(company.owner)["key"]
    ada, token = signed_in_program(service, _ADA), mailed_token(service, _GUEST)
    ada.post("/auth/session/account", {"account_id": account_id})
    done("accounts", "delete", account_id, "--yes")

    assert service.program().get("/api/v1/account", Authorization=f"Bearer {key}").status == 401
    assert company.owner.get("/auth/session").status == 401
    assert ada.get("/auth/session").status == 401
    assert accept_as_new(service.program(), token).status == 410
    assert service.program().get(f"/sso/{company.connection_id}/start").status == 404
    answer = ask_sign_in(service.program(), "owner@acme.test").json
    assert answer["next"] == "no_account"
    # A member with an account of their own opens it as before.
    assert ask_sign_in(service.program(), _ADA).json["next"] == "app"


def test_the_domain_is_free_for_another_account(
    service: Service, dns: DnsServer, account_id: str
) -> None:
    done("accounts", "delete", account_id, "--yes")
    a_company(service, dns, owner=signed_in_program(service, _ADA))


def test_the_owner_and_admins_are_mailed_and_pending_mails_are_not_sent(
    service: Service, company: Company, account_id: str
) -> None:
    invite(company.owner, "late@elsewhere.test")
    done("transfer-ownership", "--account", account_id, "--to", _ADA, "--yes")
    done("accounts", "delete", account_id, "--yes")
    before = len(service.outbox)
    service.work()
    mailed = service.outbox[before:]
    assert {letter.to for letter in mailed} == {"owner@acme.test", _ADA}
    assert all("Acme" in letter.text and "deleted" in letter.text for letter in mailed)


@pytest.mark.parametrize("count", [KEYS_AT_ONCE + 25])
def test_more_keys_than_one_write_takes_end_too(
    service: Service, company: Company, account_id: str, count: int
) -> None:
    for number in range(count):
        make_key(company.owner, f"Key {number}")
    assert ApiKeyRow.count() == count
    done("accounts", "delete", account_id, "--yes")
    assert ApiKeyRow.count() == 0
    del service


def test_killed_at_each_step_and_run_again_it_ends_the_same(
    service: Service, company: Company, account_id: str
) -> None:
    key = make_key(company.owner)["key"]
    for number in range(1, 200):
        try:
            with killed_at_write(number):
                done("accounts", "delete", account_id, "--yes")
        except KilledError:
            # Whatever is left, access has ended in the first write.
            assert company.owner.get("/auth/session").status == 401
            reply = service.program().get("/api/v1/account", Authorization=f"Bearer {key}")
            assert reply.status == 401
            continue
        break
    assert number > 8
    all_is_swept(service)
    assert set(_left(service, account_id)) == {"audit_events", "deletions", "sessions"}
    assert DeletionRow.get(account_id).done_at is not None
    assert signed_in_program(service, "owner@acme.test").get("/accounts").status == 200
    assert UserRow.get(user_id_of("owner@acme.test")).memberships.as_dict() == {}


def test_the_daily_job_finishes_what_was_killed(service: Service, account_id: str) -> None:
    with pytest.raises(KilledError), killed_at_write(1):
        operate("accounts", "delete", account_id, "--yes")
    service.carry_on_deletions()
    all_is_swept(service)
    assert set(_left(service, account_id)) == {"audit_events", "deletions", "sessions"}
    service.work()
    assert [letter for letter in service.outbox if letter.to == _ADA and "deleted" in letter.text]


def test_the_table_is_shown_and_the_name_is_typed(
    service: Service, company: Company, account_id: str
) -> None:
    result = operate("accounts", "delete", account_id, said="acme\n")
    assert result.exit_code == 1
    for words in ("3, who stay users", "API keys", "invitations", "records", account_id):
        assert words in result.output
    assert company.owner.get("/auth/session").status == 200
    done("accounts", "delete", account_id, said="Acme\n")
    assert company.owner.get("/auth/session").status == 401
    assert isinstance(operate("accounts", "delete", account_id).exception, NotFoundError)
    del service


def test_another_account_stays_as_it_is(service: Service, account_id: str) -> None:
    """`H15`."""
    ada = signed_in_program(service, _ADA)
    mine = [m for m in UserRow.get(user_id_of(_ADA)).memberships.as_dict() if m != account_id]
    ada.post("/auth/session/account", {"account_id": mine[0]})
    key = make_key(ada)["key"]
    done("accounts", "delete", account_id, "--yes")
    all_is_swept(service)
    assert service.program().get("/api/v1/account", Authorization=f"Bearer {key}").status == 200
    assert ada.get("/api/v1/members").json["total_count"] == 1
    assert list(UserRow.get(user_id_of(_ADA)).memberships.as_dict()) == mine
