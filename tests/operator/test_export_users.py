"""People leave a stage with their hashes, and sign in where they come to."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.operators.action import OPERATORS
from infra.errors import CommandError
from tests.support.audit_log import audit_events, user_id_of
from tests.support.keys import account_of
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    ask_sign_in,
    become_a_user,
    signed_in_program,
)
from tests.support.personas.operators import done, operate
from tests.support.service import running

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.support.personas.users import StoppedClock
    from tests.support.servers.engines import Engine
    from tests.support.service import Service

_SECRETS = {
    "PASSWORD_PEPPERS": "2026:" + "A" * 43 + "=",
    "IMPORTED_BCRYPT_COST": "4",
    "DEVISE_PEPPER": "c0ffee",
}


@pytest.fixture
def environ() -> dict[str, str]:
    return _SECRETS


def _exported(tmp_path: Path) -> tuple[str, list[dict[str, Any]]]:
    file = tmp_path / "out.jsonl"
    done("export-users", str(file), "--yes")
    return str(file), [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@pytest.fixture
def stage(
    moto: Engine, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., AbstractContextManager[Service]]:
    """Open an empty stage with the same secrets, or others."""
    return lambda **changed: running(moto, clock, {**_SECRETS, **changed}, monkeypatch)


def test_exported_people_sign_in_at_an_empty_stage_with_the_same_pepper(
    stage: Any, tmp_path: Path
) -> None:
    with stage() as full:
        become_a_user(full)
        user_id = user_id_of(ADDRESS)
        file, (line,) = _exported(tmp_path)
    assert (line["id"], line["email"], line["name"]) == (user_id, ADDRESS, "Robin")
    assert [account["role"] for account in line["accounts"]] == ["owner"]
    with stage() as empty:
        assert "1 added" in done("import-users", file)
        assert account_of(signed_in_program(empty)) == line["accounts"][0]["id"]
        assert user_id_of(ADDRESS) == user_id
        assert ask_sign_in(empty.program(), password=OTHER_PASSWORD).status == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"PASSWORD_PEPPERS": "2026:" + "B" * 43 + "="},
        {"PASSWORD_PEPPERS": "2027:" + "A" * 43 + "="},
    ],
    ids=["another pepper of the same name", "the same pepper by another name"],
)
def test_without_the_pepper_a_hash_is_refused_instead_of_shutting_its_person_out(
    stage: Any, tmp_path: Path, changed: dict[str, str]
) -> None:
    with stage() as full:
        become_a_user(full)
        file, _ = _exported(tmp_path)
    with stage(**changed):
        result = operate("import-users", "--without-accounts", file)
        assert result.exit_code == 1
        assert "line 1: password_hash: it needs the pepper 2026" in result.output


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"DEVISE_PEPPER": "other"}, "it needs the pepper 2026"),
        ({"IMPORTED_BCRYPT_COST": "0"}, "bcrypt's cost is 4, and IMPORTED_BCRYPT_COST is not set"),
    ],
)
def test_an_imported_hash_moves_on_only_where_the_same_is_set(
    stage: Any, tmp_path: Path, changed: dict[str, str], reason: str
) -> None:
    source = tmp_path / "devise.jsonl"
    line = {"email": ADDRESS, "password_hash": f"$2a$04${'a' * 21}e{'a' * 31}"}
    source.write_text(json.dumps(line))
    with stage():
        done("import-users", str(source))
        file, _ = _exported(tmp_path)
    with stage(**changed):
        assert f"line 1: password_hash: {reason}" in operate("import-users", file).output
    with stage():
        done("import-users", file)


@pytest.mark.requirement("A13")
def test_the_mark_of_a_pepper_gives_nothing_of_it_away(service: Service, tmp_path: Path) -> None:
    become_a_user(service)
    become_a_user(service, "kim@acme.test")
    file, lines = _exported(tmp_path)
    marks = {line["pepper"] for line in lines}
    assert len(marks) == 1
    assert len(marks.pop()) == 22
    with open(file, encoding="utf-8") as exported:  # noqa: PTH123 - the name is a text
        assert "A" * 43 not in exported.read()
    assert service.settings.password_peppers not in str(lines)


def test_a_damaged_hash_is_refused(service: Service, tmp_path: Path) -> None:
    become_a_user(service)
    _, (line,) = _exported(tmp_path)
    pieces = line["password_hash"].split("$")
    pieces[4] = pieces[4][:13]
    line["password_hash"] = "$".join(pieces)
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_text(json.dumps({**line, "email": "kim@acme.test", "id": None, "accounts": []}))
    assert "password_hash: it is damaged" in operate("import-users", str(damaged)).output


def test_an_export_is_its_owners_to_read_and_replaces_nothing(
    service: Service, tmp_path: Path
) -> None:
    become_a_user(service)
    file, _ = _exported(tmp_path)
    assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
    assert isinstance(operate("export-users", file, "--yes").exception, CommandError)
    printed = operate("export-users", "-", "--yes").stdout
    assert printed == (tmp_path / "out.jsonl").read_text("utf-8")
    nowhere = str(tmp_path / "no" / "where")
    assert isinstance(operate("export-users", nowhere, "--yes").exception, CommandError)


def test_each_account_is_told_once_that_its_people_were_exported(
    service: Service, tmp_path: Path
) -> None:
    """Before the first of them is written."""
    become_a_user(service)
    account_id = account_of(signed_in_program(service))
    become_a_user(service, "kim@acme.test")
    assert operate("export-users", "-", said="n\n").exit_code == 1
    assert audit_events(service, account_id, "user.exported") == []
    _exported(tmp_path)
    (exported,) = audit_events(service, account_id, "user.exported")
    assert exported["actor"]["name"] == "Jo"
    assert exported["details"] == {}
    assert len(audit_events(service, OPERATORS, "user.exported")) == 1
