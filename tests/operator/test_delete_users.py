"""Operators delete a user: access ends at once, and no row names the user any more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.accounts.deletion import OwnsAccountsError
from chalicelib.domain.errors import ConflictError, NotFoundError
from chalicelib.domain.operators.action import OPERATORS
from chalicelib.storage.dynamo.tables import AccountRow, DeletionRow, UserRow
from tests.support import mail_events
from tests.support.audit_log import audit_events, user_id_of
from tests.support.keys import account_of, an_owner, make_key
from tests.support.personas.company import a_company
from tests.support.personas.deleted import all_is_swept, rows_that_name
from tests.support.personas.invitations import accept, ask_invite, invite, mailed_token
from tests.support.personas.journeys import (
    PASSWORD,
    ask_sign_in,
    ask_sign_up,
    become_a_user,
    signed_in_program,
)
from tests.support.personas.operators import done, operate
from tests.support.personas.users import StoppedClock
from tests.support.servers.killed import KilledError, counted_writes, killed_at_write

if TYPE_CHECKING:
    from tests.support.http import Program
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service

_BOSS, _MO, _MOMO = "robin@acme.test", "mo@other.test", "momo@other.test"
_NAME = "Mo Unmistakable"
_WORDS = ("unmistakable", "mo@other", "momo@")


@pytest.fixture
def environ(dns: DnsServer) -> dict[str, str]:
    return {"DNS_SERVER": dns.setting}


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock.near_now()


@pytest.fixture
def boss(service: Service) -> Program:
    return an_owner(service, _BOSS)


@pytest.fixture
def mo(service: Service, boss: Program) -> Program:
    """An admin of the boss's account, who owns nothing."""
    invite(boss, _MO, role="admin")
    joined = accept(service.program(), mailed_token(service, _MO), name=_NAME, password=PASSWORD)
    assert joined.status == 200, joined.text
    return signed_in_program(service, _MO)


def _live_a_little(service: Service, mo: Program) -> str:
    """Let Mo leave rows wherever a user can; returns their id."""
    ask_invite(mo, "guest@elsewhere.test")
    mo.call("PATCH", "/auth/profile", {"name": "Momo Unmistakable"})
    mo.post("/auth/profile/email", {"current_password": PASSWORD, "email": _MOMO})
    token = mailed_token(service, _MOMO)
    assert mo.post("/auth/email_confirmation", {"token": token}).status == 200
    ask_sign_in(service.program("203.0.113.99"), _MOMO, "wrong")
    ask_sign_up(service.program(), _MOMO)
    service.program().post("/auth/password_reset/request", {"email": _MOMO})
    service.work()
    return user_id_of(_MOMO)


def test_no_row_names_a_deleted_user(
    service: Service, dns: DnsServer, boss: Program, mo: Program
) -> None:
    """`H16`."""
    company = a_company(service, dns, "other.test", an_owner(service, "owner@firm.test"))
    company.sign_in(_MO)
    user_id = _live_a_little(service, mo)
    ask_invite(company.owner, _MOMO)
    account_id = account_of(boss)
    named = rows_that_name(service, *_WORDS, user_id)
    assert set(named) >= {
        "accounts", "audit_events", "emails", "links", "sessions", "sso_identities", "users",
    }  # fmt: skip

    said = done("users", "delete", _MOMO, "--yes")
    assert f"User {user_id} is deleted." in said
    # Until the second sweep, what the rows are found by stays in one place.
    assert set(rows_that_name(service, *_WORDS)) == {"deletions"}
    all_is_swept(service)
    assert rows_that_name(service, *_WORDS) == {}
    # A count of an hour has the id in its key, and goes with its TTL.
    left = rows_that_name(service, user_id)
    assert set(left) == {"audit_events", "deletions", "accounts", "limits"}
    assert all("ttl" in row for row in left["limits"])
    (row,) = [row for row in service.rows("deletions") if row["subject_id"]["S"] == user_id]
    assert set(row) == {
        "subject_id", "request_id", "asked_by", "asked_at", "begun_at", "swept_at", "done_at",
    }  # fmt: skip

    assert AccountRow.get(account_id, "account").member_count == 1
    assert boss.get("/api/v1/members").json["total_count"] == 1
    open_ones = boss.get("/api/v1/invitations").json
    assert open_ones["total_count"] == AccountRow.get(account_id, "invitations").invitation_count
    assert company.owner.get("/api/v1/invitations").json["items"] == []


def test_the_audit_logs_keep_what_a_deleted_user_did(
    service: Service, boss: Program, mo: Program
) -> None:
    """`H16`."""
    user_id = _live_a_little(service, mo)
    before = audit_events(service, account_of(boss))
    done("users", "delete", user_id, "--yes")
    after = audit_events(service, account_of(boss))

    (deleted,) = [event for event in after if event["event"] == "user.deleted"]
    after.remove(deleted)
    assert [event["moment"] for event in after] == [event["moment"] for event in before]
    assert deleted["actor"]["type"] == "operator"
    assert deleted["target"] == {"type": "user", "id": user_id, "name": "Deleted user"}
    for was, event in zip(before, after, strict=False):
        own = [p for p in (event["actor"], event.get("target")) if p and p.get("id") == user_id]
        assert all(party["name"] == "Deleted user" for party in own)
        if event["actor"].get("id") == user_id:
            assert (event["address"], event["user_agent"]) == ("", "")
        elif was["actor"]["type"] == "user":
            # What others did is unchanged, from where they did it.
            assert (event["address"], event["actor"]) == (was["address"], was["actor"])
    (refused,) = [e for e in after if e["event"] == "sign_in.refused"]
    assert refused["address"] == ""
    (renamed,) = [e for e in after if e["event"] == "user.renamed"]
    assert renamed["details"]["old_name"] == renamed["details"]["new_name"] == "Deleted user"


def test_the_operators_log_names_a_deleted_user_by_id_alone(service: Service, mo: Program) -> None:
    """`H16`."""
    del mo
    user_id = user_id_of(_MO)
    done("find", _MO)
    done("users", "delete", _MO, "--yes")
    events = audit_events(service, OPERATORS)
    assert {event["event"] for event in events} == {"user.viewed", "user.deleted"}
    assert {event["target"]["id"] for event in events} == {user_id}
    assert {event["target"]["name"] for event in events} == {"Deleted user"}
    assert "Unmistakable" not in done("trail")


def test_access_ends_at_once(service: Service, boss: Program, mo: Program) -> None:
    """`D7`."""
    service.program().post("/auth/password_reset/request", {"email": _MO})
    link = mailed_token(service, _MO)
    key = make_key(mo)["key"]
    done("users", "delete", _MO, "--yes")
    assert mo.get("/auth/session").status == 401
    assert ask_sign_in(service.program(), _MO).status == 401
    reset = {"token": link, "password": "copper lanterns on the moor"}
    assert service.program().post("/auth/password_reset", reset).status == 410
    # Keys are the account's.
    assert service.program().get("/api/v1/account", Authorization=f"Bearer {key}").status == 200
    del boss


def test_an_owner_is_refused_until_their_accounts_have_another(boss: Program, mo: Program) -> None:
    result = operate("users", "delete", _BOSS, "--yes")
    assert isinstance(result.exception, OwnsAccountsError)
    assert account_of(boss) in str(result.exception)
    handed = {"user_id": user_id_of(_MO)}
    assert boss.post("/api/v1/account/transfer_ownership", handed).status == 200
    done("users", "delete", _BOSS, "--yes")
    assert mo.get("/api/v1/members").json["total_count"] == 1


def test_the_table_is_shown_and_the_email_is_typed(service: Service, mo: Program) -> None:
    user_id = user_id_of(_MO)
    result = operate("users", "delete", _MO, said="mo@other.tes\n")
    assert result.exit_code == 1
    assert user_id in result.output
    assert "Deleted user" in result.output
    assert mo.get("/auth/session").status == 200
    done("users", "delete", _MO, said=f"{_MO}\n")
    assert mo.get("/auth/session").status == 401
    assert isinstance(operate("users", "delete", _MO, "--yes").exception, NotFoundError)
    del service


def test_mails_of_before_are_not_sent_and_those_of_the_next_user_are(
    service: Service, mo: Program
) -> None:
    service.program().post("/auth/password_reset/request", {"email": _MO})
    done("users", "delete", _MO, "--yes")
    before = len(service.outbox)
    service.work()
    assert len(service.outbox) == before
    service.clock.advance(timedelta(seconds=1))
    become_a_user(service, _MO)
    assert ask_sign_in(service.program(), _MO).status == 200
    all_is_swept(service)
    assert signed_in_program(service, _MO).get("/auth/session").json["user"]["name"] == "Robin"
    del mo


def test_killed_at_each_step_and_run_again_it_ends_the_same(
    service: Service, dns: DnsServer, boss: Program, mo: Program
) -> None:
    company = a_company(service, dns, "other.test", an_owner(service, "owner@firm.test"))
    company.sign_in(_MO)
    user_id, account_id = _live_a_little(service, mo), account_of(boss)
    ask_invite(company.owner, _MOMO)
    with counted_writes() as writes:
        for number in range(1, 200):
            try:
                with killed_at_write(number):
                    done("users", "delete", user_id, "--yes")
            except KilledError:
                # Whatever is left, access has ended in the first write.
                assert mo.get("/auth/session").status == 401
                continue
            break
    assert number > 8, writes
    all_is_swept(service)
    assert rows_that_name(service, *_WORDS) == {}
    assert AccountRow.get(account_id, "account").member_count == 1
    assert DeletionRow.get(user_id).done_at is not None


def test_the_daily_job_finishes_what_was_killed(
    service: Service, boss: Program, mo: Program
) -> None:
    user_id, account_id = _live_a_little(service, mo), account_of(boss)
    with pytest.raises(KilledError), killed_at_write(2):
        operate("users", "delete", user_id, "--yes")
    service.carry_on_deletions()
    all_is_swept(service)
    assert rows_that_name(service, *_WORDS) == {}
    assert AccountRow.get(account_id, "account").member_count == 1


def test_a_user_who_changed_meanwhile_is_not_deleted(service: Service, mo: Program) -> None:
    from chalicelib import bootstrap
    from chalicelib.bootstrap.flows.deletion import build_deletion
    from chalicelib.domain.operators.action import Operator

    deletion = build_deletion(bootstrap.services().shared)
    people = bootstrap.services().shared.users
    seen = people.get(user_id_of(_MO))
    assert seen is not None
    assert mo.post("/auth/accounts", {"account_name": "Mine"}).status == 201
    with pytest.raises(ConflictError):
        deletion.delete_user(seen, Operator("Jo", "jo"))
    assert UserRow.get(seen.id).name == _NAME
    assert not [row for row in service.rows("deletions") if "done_at" not in row]


def test_who_is_imported_again_is_left_alone(service: Service, mo: Program) -> None:
    user_id = user_id_of(_MO)
    row = UserRow.get(user_id)
    done("users", "delete", _MO, "--yes")
    row.save()
    all_is_swept(service)
    assert UserRow.get(user_id).name == _NAME
    del mo


def test_a_deleted_users_bounces_are_removed(service: Service, mo: Program) -> None:
    """`H16`."""
    del mo
    mail_events.suppress(_MO)
    mail_events.suppress("another@other.test")
    done("users", "delete", _MO, "--yes")
    assert [row["email"]["S"] for row in service.rows("suppressions")] == ["another@other.test"]
