"""The operator's command that loads records, as an operator runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.keys.record import RecordFilter, RecordStatus
from chalicelib.domain.lists import PageRequest
from chalicelib.storage.accounts.accounts import Accounts
from chalicelib.storage.accounts.records import Records
from infra.tools.record_lines import LINE_MAX_BYTES
from tests.support.personas.owners import an_owner_in
from tests.support.servers.children import ROOT, clean_environ
from tests.support.servers.engines import REGION
from tests.support.service import environ_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chalicelib.storage.dynamo.connection import StoreConnection
    from tests.support.servers.engines import EngineRoom


# getrusage would tell the peak of the test run that the child was forked from.
_PEAK = """
import re, sys
from infra.operator.cli import cli
try:
    cli(sys.argv[1:], standalone_mode=False)
except SystemExit as ended:
    status = open("/proc/self/status").read()
    print(ended.code, re.search(r"VmHWM:\\s+(\\d+) kB", status)[1])
"""


@pytest.fixture(scope="module")
def store(engine_room: EngineRoom) -> Iterator[tuple[StoreConnection, dict[str, str], str]]:
    """Tables on an engine that a child process can reach, and an owner's account in them."""
    from chalicelib.storage.dynamo.connection import open_tables
    from tests.support.servers.tables import fresh_tables

    with pytest.MonkeyPatch.context() as patch, engine_room.use("ministack") as engine:
        for name, value in engine.environ.items():
            patch.setenv(name, value)
        with fresh_tables(engine) as prefix:
            connection = open_tables(prefix, REGION)
            environ = {**clean_environ(), **engine.environ, **environ_for(engine, prefix)}
            yield connection, environ, an_owner_in(connection).account_id


@pytest.fixture
def account(store: Any) -> str:
    account_id: str = store[2]
    return account_id


@pytest.fixture
def workspace(store: Any, account: str) -> str:
    return Accounts(store[0]).get(account).workspaces[0].id


@pytest.fixture
def run(store: Any, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Write lines to a file and load it."""

    def load(lines: list[Any], *options: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "records.jsonl"
        file.write_bytes(b"".join(_written(line) + b"\n" for line in lines))
        command = [sys.executable, "-m", "infra.operator", "records", "load", str(file), *options]
        return subprocess.run(
            command, cwd=ROOT, env=store[1], capture_output=True, text=True, check=False
        )

    return load


def _written(line: Any) -> bytes:
    return line if isinstance(line, bytes) else json.dumps(line).encode()


def _line(workspace: str, record_id: str, **fields: Any) -> dict[str, Any]:
    usual = {"id": record_id, "terminus_id": "T-1", "workspace_id": workspace}
    return usual | {"status": "active", "data": {}, "created_at": "2026-11-01T00:00:00Z"} | fields


def _total(store: Any, account: str, wanted: RecordFilter) -> int:
    return Records(store[0]).page(account, PageRequest(limit=1), wanted).total_count


def test_good_lines_go_in_though_others_are_bad(
    run: Any, store: Any, account: str, workspace: str
) -> None:
    lines = [
        _line(workspace, "good-1"),
        b"{",
        _line(workspace, "bad id"),
        _line("wsp_foreign", "good-2"),
        _line(workspace, "good-3", status="deleted"),
        b"",
        _line(workspace, "good-4", data=[1]),
        _line(workspace, "good-5", **{"\x1b[2J": "red"}),
        b'{"id": "twice", "id": "twice"}',
        b"\xff\xfe",
        b'{"id": NaN}',
        b"[" * 50_000,
        b'"' + b"x" * (LINE_MAX_BYTES * 3) + b'"',
        _line(workspace, "good-6", created_at="yesterday"),
        _line(workspace, "good-7", created_at="2026-13-01T00:00:00Z"),
        _line(workspace, "good-8", terminus_id=""),
        _line(workspace, "good-9", account_id="acc_foreign"),
        _line(workspace, "good-10", data={"text": "x" * 20_000}),
        _line(workspace, "good-11"),
        _line(workspace, "good-12", account_id="a" * 3_000),
    ]
    done = run(lines, "--account", account)
    assert done.returncode == 1
    named = [line.split(":")[0] for line in done.stderr.splitlines() if line.startswith("line ")]
    assert named == [f"line {n}" for n in (2, 3, 4, 5, *range(7, 19), 20)]
    assert "\x1b" not in done.stderr
    assert "2 added, 0 changed, 0 as they were, 17 bad." in done.stdout
    assert len(done.stderr) < 5_000
    assert Records(store[0]).get(account, "good-11").created_at.year == 2026


def test_a_file_can_be_loaded_again(run: Any, store: Any, account: str, workspace: str) -> None:
    before = _total(store, account, RecordFilter())
    lines = [_line(workspace, f"again-{n}") for n in range(250)]
    assert "250 added" in run(lines, "--account", account).stdout
    done = run(lines, "--account", account)
    assert done.returncode == 0
    assert "0 added, 0 changed, 250 as they were, 0 bad." in done.stdout
    assert _total(store, account, RecordFilter()) == before + 250


def test_the_last_line_of_an_id_counts(run: Any, store: Any, account: str, workspace: str) -> None:
    archived = RecordFilter(workspace, RecordStatus.ARCHIVED)
    before = _total(store, account, archived)
    lines = [_line(workspace, "moving"), _line(workspace, "moving", status="archived")]
    assert "1 added, 1 changed" in run(lines, "--account", account).stdout
    assert Records(store[0]).get(account, "moving").status is RecordStatus.ARCHIVED
    assert _total(store, account, archived) == before + 1


def test_a_line_can_name_its_account_and_leave_out_what_has_a_default(
    run: Any, store: Any, account: str, workspace: str
) -> None:
    least = {"id": "least", "terminus_id": "T", "workspace_id": workspace, "account_id": account}
    assert "1 added" in run([b"\xef\xbb\xbf" + _written(least)]).stdout
    first = Records(store[0]).get(account, "least")
    assert "1 as they were" in run([least]).stdout
    assert Records(store[0]).get(account, "least") == first


def test_without_an_account_a_line_is_bad(run: Any, workspace: str) -> None:
    done = run([_line(workspace, "homeless")])
    assert done.returncode == 1
    assert "line 1: account_id: missing" in done.stderr


def test_standard_input_is_read_too(store: Any, account: str, workspace: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.operator", "records", "load", "-", "--account", account],
        cwd=ROOT,
        env=store[1],
        input=json.dumps(_line(workspace, "piped")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "1 added" in done.stdout


def test_a_database_that_is_away_ends_it_with_one_sentence(run: Any, store: Any) -> None:
    store[1]["AWS_ENDPOINT_URL"], kept = "http://127.0.0.1:9", store[1]["AWS_ENDPOINT_URL"]
    done = run([_line("wsp_1", "x", account_id="acc_1")])
    store[1]["AWS_ENDPOINT_URL"] = kept
    assert done.returncode == 2
    assert "run it again" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="not measured: only Linux tells the peak")
def test_the_size_of_a_file_costs_no_memory(
    store: Any, account: str, workspace: str, tmp_path: Path
) -> None:
    """Forty thousand lines, most of them known already, in the space of a few."""
    file = tmp_path / "many.jsonl"
    with file.open("wb") as out:
        for number in range(40_000):
            out.write(_written(_line(workspace, f"many-{number % 300}")) + b"\n")
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, "records", "load", str(file), "--account", account],
        cwd=ROOT,
        env=store[1],
        capture_output=True,
        text=True,
        check=True,
    )
    *_, status, peak = done.stdout.split()
    assert status == "0", done.stderr
    assert int(peak) < 150 * 1024
