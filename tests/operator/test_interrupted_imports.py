"""Imports that are killed, and two at once: each person is whole, once, or not there yet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.operators.action import OPERATORS
from chalicelib.storage.dynamo.tables import AccountRow, AuditEventRow, EmailRow, UserRow
from tests.support.patience import eventually
from tests.support.personas.owners import an_owner_in
from tests.support.servers.children import ROOT, clean_environ
from tests.support.servers.engines import REGION
from tests.support.servers.tables import fresh_tables
from tests.support.service import environ_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chalicelib.domain.user import AccountAdmin
    from tests.support.servers.engines import EngineRoom

_PEOPLE = 120
# A bcrypt that nobody has a password for: it is wrapped all the same.
_HASH = f"$2a$04${'a' * 21}e{'a' * 31}"


@pytest.fixture
def stage(
    engine_room: EngineRoom, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[dict[str, str], AccountAdmin]]:
    """A store that several processes reach, and an owner in it."""
    from chalicelib.storage.dynamo.connection import open_tables

    with engine_room.use("ministack") as engine:
        for name, value in engine.environ.items():
            monkeypatch.setenv(name, value)
        with fresh_tables(engine) as prefix:
            owner = an_owner_in(open_tables(prefix, REGION))
            cheap = {"ARGON2_MEMORY_KIB": "7168", "ARGON2_TIME": "5", "IMPORTED_BCRYPT_COST": "4"}
            yield (
                {**clean_environ(), **engine.environ, **environ_for(engine, prefix), **cheap},
                owner,
            )


@pytest.fixture
def file(stage: tuple[dict[str, str], AccountAdmin], tmp_path: Path) -> Path:
    accounts = [{"id": stage[1].account_id, "role": "member"}]
    path = tmp_path / "users.jsonl"
    with path.open("w") as out:
        for number in range(_PEOPLE):
            line = {"email": f"p{number}@x.test", "password_hash": _HASH, "accounts": accounts}
            out.write(json.dumps(line) + "\n")
    return path


def _start(environ: dict[str, str], file: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "infra.operator", "--as", "Jo", "import-users", str(file)]
    return subprocess.Popen(
        [*command, "--workers", "2"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _assert_whole(owner: AccountAdmin) -> int:
    """Hold the tables against each other; how many people came."""
    users = {row.user_id: row for row in UserRow.scan(consistent_read=True)}
    claims = {row.user_id: row.email for row in EmailRow.scan(consistent_read=True)}
    assert claims == {user_id: row.email for user_id, row in users.items()}
    listed = AccountRow.query(owner.account_id, AccountRow.part.startswith("member#"))
    assert {row.part.removeprefix("member#") for row in listed} == set(users)
    account = AccountRow.get(owner.account_id, "account", consistent_read=True)
    assert account.member_count == len(users)
    joined = Counter(row.event for row in AuditEventRow.query(owner.account_id))
    imported = sum(1 for _ in AuditEventRow.query(OPERATORS))
    assert joined["member.joined"] == imported == len(users) - 1
    return imported


def test_a_killed_import_leaves_nobody_half_made_and_goes_on(
    stage: tuple[dict[str, str], AccountAdmin], file: Path
) -> None:
    environ, owner = stage
    pipe = file.with_suffix(".pipe")
    os.mkfifo(pipe)
    # Open for both, or it would wait for a reader. Half of the file, so that the import can't end.
    with os.fdopen(os.open(pipe, os.O_RDWR), "w", buffering=1) as half:
        half.writelines(file.read_text().splitlines(keepends=True)[: _PEOPLE // 2])
        half.flush()
        child = _start(environ, pipe)
        eventually(lambda: EmailRow.count() >= _PEOPLE // 4, "a quarter of the import")
        child.kill()
        child.communicate()
    came = _assert_whole(owner)
    assert 0 < came < _PEOPLE
    again = _start(environ, file)
    said, problems = again.communicate()
    assert again.returncode == 0, problems
    assert f"{_PEOPLE - came} added, {came} imported before, 0 skipped, 0 bad." in said
    assert _assert_whole(owner) == _PEOPLE


def test_of_two_imports_at_once_each_person_comes_by_one(
    stage: tuple[dict[str, str], AccountAdmin], file: Path
) -> None:
    """`H13`."""
    environ, owner = stage
    both = [_start(environ, file) for _ in range(2)]
    outputs = [child.communicate()[0] for child in both]
    assert [child.returncode for child in both] == [0, 0]
    assert sum(int(said.split(" ", 1)[0]) for said in outputs) == _PEOPLE
    assert _assert_whole(owner) == _PEOPLE
