"""People come from elsewhere with their hashes, and sign in as they did there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import argon2
import bcrypt
import pytest

from chalicelib.domain.operators.action import OPERATORS
from chalicelib.storage.dynamo.tables import AccountRow, EmailRow, UserRow
from infra.operator.users import LINE_MAX_BYTES
from tests.support.audit_log import audit_events, user_id_of
from tests.support.keys import account_of
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    become_a_user,
    sign_up,
    signed_in_program,
)
from tests.support.personas.operators import done, operate
from tests.support.servers.tables import everything

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.service import Service

KIM = "kim@acme.test"
_DEVISE_PEPPER = "c0ffee" * 20


@pytest.fixture
def environ() -> dict[str, str]:
    return {
        "IMPORTED_BCRYPT_COST": "4",
        "DEVISE_PEPPER": _DEVISE_PEPPER,
        "ARGON2_MEMORY_KIB": "7168",
        "ARGON2_TIME": "5",
    }


def devises(password: str = PASSWORD, cost: int = 4) -> str:
    """Hash as Devise does, with its pepper."""
    return bcrypt.hashpw((password + _DEVISE_PEPPER).encode()[:72], bcrypt.gensalt(cost)).decode()


def phc(password: str = PASSWORD, memory: int = 8192) -> str:
    """Hash with argon2id as a library does by itself."""
    return argon2.PasswordHasher(1, memory, 1).hash(password)


def written(tmp_path: Path, *lines: Any) -> str:
    """Write a file of lines."""
    file = tmp_path / "users.jsonl"
    made = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
    file.write_bytes(b"".join(line + b"\n" for line in made))
    return str(file)


def _stored(address: str) -> str:
    stored: str = UserRow.get(user_id_of(address)).password_hash
    return stored


@pytest.mark.requirement("A12", "A13")
def test_a_person_from_devise_signs_in_and_is_rehashed(service: Service, tmp_path: Path) -> None:
    made = devises()
    file = written(tmp_path, {"email": KIM, "name": "Kim", "password_hash": made})
    assert "1 added, 0 imported before, 0 skipped, 0 bad." in done("import-users", file)
    assert made[-31:] not in _stored(KIM)
    assert "imported, bcrypt-pepper; not used here yet" in done("find", KIM)
    assert ask_sign_in(service.program(), KIM, OTHER_PASSWORD).status == 401
    assert signed_in_program(service, KIM).get("/auth/session").json["user"]["name"] == "Kim"
    assert _stored(KIM).startswith("test$argon2id$v=19$m=7168,t=5,p=1$")
    assert "bcrypt" not in _stored(KIM)
    signed_in_program(service, KIM)


def test_argon2id_of_another_product_is_taken_too(service: Service, tmp_path: Path) -> None:
    done("import-users", written(tmp_path, {"email": KIM, "password_hash": phc()}))
    assert "$argon2id$m=8192" in _stored(KIM)
    signed_in_program(service, KIM)
    assert "$argon2id$m=8192" not in _stored(KIM)


def test_who_comes_without_a_password_resets_it(service: Service, tmp_path: Path) -> None:
    done("import-users", written(tmp_path, {"email": KIM, "password_hash": None}))
    assert ask_sign_in(service.program(), KIM, "").status == 401
    done("send-reset", KIM)
    assert "password-reset?token=" in service.mail_to(KIM).text


_BAD: list[tuple[Any, str]] = [
    (b"{", "not JSON in UTF-8"),
    (b"[]", "not a JSON object"),
    (b"\xff", "not JSON in UTF-8: invalid start byte"),
    (b'{"email": "a@b.test", "email": "c@d.test"}', "a name stands there twice"),
    (b'{"email": NaN}', "not a JSON number"),
    (b"[" * 50_000, "not JSON in UTF-8"),
    (b'"' + b"x" * (3 * LINE_MAX_BYTES) + b'"', "longer than 200,000 bytes"),
    ({}, "email: must be text"),
    ({"email": 7}, "email: must be text"),
    ({"email": "kim"}, "email: Enter an email address"),
    ({"email": "k\u0456m@acme.test"}, "email: Enter an email address"),
    ({"email": "kim@acme.test\x1c"}, "email: Enter an email address"),
    ({"email": f"{'k' * 5_000}@acme.test"}, "email: Enter an email address"),
    ({"email": KIM, "name": "Kim\x1b[2J"}, "name: Remove the invisible"),
    ({"email": KIM, "name": 7}, "name: must be text"),
    ({"email": KIM, "encrypted_password": "x"}, "encrypted_password: there is no such field"),
    ({"email": KIM, "\x1b[2J": "x"}, "?[2J: there is no such field"),
    ({"email": KIM, "id": "usr_1"}, "id: must be usr_"),
    ({"email": KIM, "created_at": "yesterday"}, "created_at: must be a time"),
    ({"email": KIM, "created_at": "2026-02-31T00:00:00Z"}, "created_at: must be a time"),
    ({"email": KIM, "confirmed": False}, "confirmed: the address was never confirmed"),
    ({"email": KIM, "password_hash": "plain"}, "password_hash: It is neither bcrypt"),
    ({"email": KIM, "password_hash": {}}, "password_hash: must be text"),
    ({"email": KIM, "password_hash": "$2a$" + "x" * 500}, "password_hash: must be ASCII"),
    ({"email": KIM, "password_hash": "$1$abc$def"}, "password_hash: It is neither"),
    ({"email": KIM, "password_hash": "$argon2i$v=19$m=8192,t=3,p=1$"}, "password_hash: It is"),
    (
        {"email": KIM, "password_hash": f"$2a$05${'a' * 21}e{'a' * 31}"},
        "password_hash: bcrypt's cost is 5, and IMPORTED_BCRYPT_COST is 4",
    ),
    (
        {"email": KIM, "password_hash": f"$2a$31${'a' * 21}e{'a' * 31}"},
        "password_hash: bcrypt's cost is from 4 to 14 here, not 31",
    ),
    (
        {"email": KIM, "password_hash": f"$argon2id$v=19$m=1048576,t=1,p=1${'a' * 22}${'a' * 43}"},
        "asks for more than a function can give",
    ),
    (
        {"email": KIM, "password_hash": f"$argon2id$v=19$m=65536,t=99,p=1${'a' * 22}${'a' * 43}"},
        "asks for more than a function can give",
    ),
    (
        {"email": KIM, "password_hash": f"test$argon2id$v=19$m=7168,t=5,p=1${'a' * 22}${'a' * 43}"},
        "password_hash: it needs the pepper test",
    ),
    (
        {
            "email": KIM,
            "password_hash": f"test$argon2id$v=19$m=1048576,t=1,p=1${'a' * 22}${'a' * 43}",
        },
        "at most 262144 KiB",
    ),
    (
        {"email": KIM, "password_hash": f"test$argon2id$v=19$m=8,t=1,p=1${'a' * 22}${'a' * 43}"},
        "argon2 needs at least",
    ),
    ({"email": KIM, "accounts": {}}, "accounts: must be a list of objects"),
    ({"email": KIM, "accounts": [1]}, "accounts: must be a list of objects"),
    ({"email": KIM, "accounts": [{"id": "acc_1"}]}, "accounts.id: there is no account 'acc_1'"),
    ({"email": KIM, "accounts": [{"id": "a" * 3_000}]}, "accounts.id: must be 1 to 100 letters"),
    ({"email": KIM, "accounts": [{"id": 1}]}, "accounts.id: must be text"),
    ({"email": KIM, "accounts": [{"id": "acc_1", "role": "owner"}]}, "accounts.id: must be acc_"),
    ({"email": KIM, "accounts": [{"role": "owner"}]}, "accounts.name: must be text"),
    ({"email": KIM, "accounts": [{"role": "owner", "name": "\x1b"}]}, "accounts.name: Remove"),
    (
        {"email": KIM, "accounts": [{"role": "owner", "name": "A", "status": "suspended"}]},
        "accounts.status: an owner is active",
    ),
    (
        {"email": KIM, "accounts": [{"role": "owner", "name": "A", "workspaces": {"w": "x"}}]},
        "accounts.workspaces: an owner reaches all",
    ),
    ({"email": KIM, "accounts": [{"id": "acc_1", "role": []}]}, "must be owner, admin or member"),
    ({"email": KIM, "accounts": [{"id": "acc_1", "status": 1}]}, "active or suspended"),
    ({"email": KIM, "accounts": [{"id": "acc_1", "workspaces": []}]}, "must be roles by id"),
    ({"email": KIM, "accounts": [{"id": "acc_1", "x": 1}]}, "accounts.x: there is no such field"),
    ({"email": KIM, "accounts": [{"id": "acc_1"}] * 2}, "name each account once"),
    ({"email": KIM, "accounts": [{"id": f"acc_{n}"} for n in range(31)]}, "at most 20"),
]


def test_each_bad_line_is_named_with_its_reason_and_the_others_come(
    service: Service, tmp_path: Path
) -> None:
    lines = [line for line, _ in _BAD]
    result = operate("import-users", written(tmp_path, *lines, {"email": "lee@acme.test"}))
    assert result.exit_code == 1, result.exception
    named = [line for line in result.output.splitlines() if line.startswith("line ")]
    reasons = [reason for _, reason in _BAD]
    for number, (said, reason) in enumerate(zip(named, reasons, strict=True), start=1):
        assert said.startswith(f"line {number}: "), said
        assert reason in said
        assert len(said) < 300
    assert f"1 added, 0 imported before, 0 skipped, {len(_BAD)} bad." in result.output
    assert "\x1b[2J" not in result.output
    assert [row.email for row in EmailRow.scan()] == ["lee@acme.test"]
    assert len(service.rows("users")) == 1


def test_one_address_however_it_is_written_is_one_person(service: Service, tmp_path: Path) -> None:
    lines = [
        {"email": "Kim@Bücher.test", "password_hash": devises()},
        {"email": "KIM@xn--bcher-kva.TEST", "password_hash": devises(OTHER_PASSWORD)},
        {"email": "kim@BU\u0308CHER.test"},
    ]
    result = operate("import-users", written(tmp_path, *lines))
    assert "1 added, 0 imported before, 0 skipped, 2 bad." in result.output
    for number in (2, 3):
        assert f"line {number}: kim@xn--bcher-kva.test stands in an earlier line" in result.output
    signed_in_program(service, "kim@bücher.test")


def test_who_is_here_already_stays_as_they_are(service: Service, tmp_path: Path) -> None:
    become_a_user(service)
    before = service.rows("users")
    file = written(tmp_path, {"email": ADDRESS.upper(), "password_hash": devises(OTHER_PASSWORD)})
    said = done("import-users", file)
    assert f"line 1: {ADDRESS} has a user here already, who stays as they are" in said
    assert "0 added, 0 imported before, 1 skipped, 0 bad." in said
    assert service.rows("users") == before
    signed_in_program(service)


def test_a_waiting_sign_up_of_the_address_can_no_longer_be_confirmed(
    service: Service, tmp_path: Path
) -> None:
    browser = service.browser()
    sign_up(browser, KIM, OTHER_PASSWORD)
    link = service.mail_to(KIM).link
    done("import-users", written(tmp_path, {"email": KIM, "password_hash": devises()}))
    assert browser.open(link).status == 410
    assert ask_sign_in(service.program(), KIM, OTHER_PASSWORD).status == 401
    assert "latest" not in {row["slot"]["S"] for row in service.rows("sign_ups")}
    signed_in_program(service, KIM)


def test_a_second_run_changes_nothing_and_says_so(service: Service, tmp_path: Path) -> None:
    lines = [{"email": f"p{n}@acme.test", "password_hash": devises()} for n in range(12)]
    file = written(tmp_path, *lines)
    assert "12 added" in done("import-users", file)
    before = everything(service.engine, service.settings.table_prefix)
    again = done("import-users", file)
    assert "0 added, 12 imported before, 0 skipped, 0 bad." in again
    assert "line " not in again
    assert everything(service.engine, service.settings.table_prefix) == before


def test_who_changed_their_address_since_does_not_come_twice(
    service: Service, tmp_path: Path
) -> None:
    file = written(tmp_path, {"email": KIM, "password_hash": devises()})
    done("import-users", file)
    program = signed_in_program(service, KIM)
    change = {"current_password": PASSWORD, "email": "kim@new.test"}
    assert program.post("/auth/profile/email", change).status < 300
    link = service.mail_to("kim@new.test").link.partition("token=")[2]
    assert program.post("/auth/email_confirmation", {"token": link}).status == 200
    assert f"line 1: {KIM} was imported before, and has another address" in done(
        "import-users", file
    )
    assert [row.email for row in EmailRow.scan() if row.user_id] == ["kim@new.test"]


def test_a_dry_run_says_what_would_happen_and_writes_nothing(
    service: Service, tmp_path: Path
) -> None:
    become_a_user(service)
    before = everything(service.engine, service.settings.table_prefix)
    lines = [{"email": KIM, "password_hash": devises()}, {"email": ADDRESS}, {"email": "no"}]
    result = operate("import-users", "--dry-run", written(tmp_path, *lines))
    assert result.exit_code == 1
    assert "1 would be added, 0 imported before, 1 skipped, 1 bad." in result.output
    assert everything(service.engine, service.settings.table_prefix) == before


def test_an_imported_person_is_in_the_accounts_that_the_line_names(
    service: Service, tmp_path: Path
) -> None:
    become_a_user(service)
    owner = signed_in_program(service)
    account_id = account_of(owner)
    (workspace,) = AccountRow.get(account_id, "workspaces").items.as_dict()
    accounts = [{"id": account_id, "role": "member", "workspaces": {workspace: "viewer"}}]
    admin = [{"id": account_id, "role": "admin"}]
    wrong = [{"id": account_id, "workspaces": {"wsp_other": "viewer"}}]
    lines = [
        {"email": KIM, "name": "Kim", "password_hash": devises(), "accounts": accounts},
        {"email": "lee@acme.test", "name": "Lee", "password_hash": phc(), "accounts": admin},
        {"email": "sam@acme.test", "accounts": wrong},
    ]
    result = operate("import-users", written(tmp_path, *lines))
    assert "line 3: workspaces: This account has no such workspace." in result.output
    assert "2 added, 0 imported before, 0 skipped, 1 bad." in result.output
    kim, lee = (signed_in_program(service, who) for who in (KIM, "lee@acme.test"))
    given = UserRow.get(user_id_of(KIM)).memberships.as_dict()[account_id]["workspaces"]
    assert given == {workspace: "viewer"}
    assert kim.get("/api/v1/members").status == 403
    assert lee.get("/api/v1/members").json["total_count"] == 3
    assert AccountRow.get(account_id, "account").member_count == 3
    joined = audit_events(service, account_id, "member.joined")
    assert {event["target"]["name"] for event in joined} == {"Kim", "Lee"}
    assert all(event["actor"]["name"] == "Jo" for event in joined)
    assert {event["details"]["method"] for event in joined} == {"import"}
    assert len(audit_events(service, OPERATORS, "user.imported")) == 2


def test_accounts_can_be_left_out(service: Service, tmp_path: Path) -> None:
    line = {"email": KIM, "password_hash": devises(), "accounts": [{"id": "acc_elsewhere"}]}
    done("import-users", "--without-accounts", written(tmp_path, line))
    assert signed_in_program(service, KIM).get("/auth/session").json["account"] is None


def test_an_owner_comes_with_their_account_and_others_join_it(
    service: Service, tmp_path: Path
) -> None:
    account_id = f"acc_{'7' * 32}"
    own = [{"id": account_id, "name": "Kim's", "role": "owner"}, {"name": "Labs", "role": "owner"}]
    join = [{"id": account_id, "role": "admin"}]
    lines = [
        {"email": KIM, "name": "Kim", "password_hash": devises(), "accounts": own},
        {"email": "lee@acme.test", "password_hash": devises(), "accounts": join},
        {"email": "sam@acme.test", "accounts": own[:1]},
    ]
    file = written(tmp_path, *lines)
    refused = f"line 3: accounts.id: the account '{account_id}' has its owner"
    tried = operate("import-users", "--dry-run", file)
    assert refused in tried.output
    assert "2 would be added, 0 imported before, 0 skipped, 1 bad." in tried.output
    assert service.rows("users") == []
    result = operate("import-users", file)
    assert refused in result.output
    assert "2 added, 0 imported before, 0 skipped, 1 bad." in result.output
    kim, lee = (signed_in_program(service, who) for who in (KIM, "lee@acme.test"))
    assert kim.get("/auth/session").status == 200
    owned = UserRow.get(user_id_of(KIM)).memberships.as_dict().values()
    assert {(m["name"], m["role"]) for m in owned} == {("Kim's", "owner"), ("Labs", "owner")}
    assert lee.get("/api/v1/members").json["total_count"] == 2
    account = AccountRow.get(account_id, "account")
    assert (account.owner_id, account.member_count) == (user_id_of(KIM), 2)
    (created,) = audit_events(service, account_id, "account.created")
    assert created["actor"]["type"] == "operator"
