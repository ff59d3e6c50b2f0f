"""`make demo`, on a store that a local run has noted."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.keys.record import RecordFilter, RecordStatus
from chalicelib.domain.lists import PageRequest
from chalicelib.storage.accounts.records import Records
from infra.local import running
from infra.operator.demo import COUNT
from tests.support.personas.owners import an_owner_in
from tests.support.servers.children import ROOT, clean_environ
from tests.support.servers.engines import REGION
from tests.support.servers.tables import fresh_tables
from tests.support.service import environ_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chalicelib.storage.dynamo.connection import StoreConnection
    from tests.support.servers.engines import EngineRoom


_SECRETS = (
    "PASSWORD_PEPPERS",
    "ADDRESS_KEY",
    "COOKIE_KEY",
    "SAML_PRIVATE_KEY",
    "SAML_CERTIFICATE",
)


@pytest.fixture
def noted(
    engine_room: EngineRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StoreConnection]:
    """An empty store, and a note of where it is."""
    from chalicelib.storage.dynamo.connection import open_tables

    with engine_room.use("ministack") as engine, fresh_tables(engine) as prefix:
        for name, value in engine.environ.items():
            monkeypatch.setenv(name, value)
        assert engine.endpoint is not None
        environ = environ_for(engine, prefix)
        kept = {name: environ[name] for name in _SECRETS}
        (tmp_path / "secrets.json").write_text(json.dumps(kept))
        running.note(tmp_path, running.Running(engine.endpoint, REGION, prefix))
        yield open_tables(prefix, REGION)


def _demo(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.operator", "--stage", "local", "records", "demo", *options],
        cwd=ROOT,
        env={**clean_environ(), "LOCAL_DATA": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_newest_account_gets_shipments_once(noted: StoreConnection, tmp_path: Path) -> None:
    account_id = an_owner_in(noted).account_id
    assert f"{COUNT} added" in _demo(tmp_path).stdout
    again = _demo(tmp_path, "--account", account_id)
    assert f"0 added, 0 changed, {COUNT} as they were, 0 bad." in again.stdout
    records = Records(noted)
    archived = RecordFilter(status=RecordStatus.ARCHIVED)
    page = records.page(account_id, PageRequest(), RecordFilter())
    assert page.total_count == COUNT
    assert 0 < records.page(account_id, PageRequest(), archived).total_count < COUNT
    assert {"origin", "destination", "goods"} <= set(page.items[0].data)


@pytest.mark.usefixtures("noted")
@pytest.mark.parametrize(
    ("options", "sentence"),
    [((), "Sign up first"), (("--account", "acc_none"), "There is no account 'acc_none'.")],
)
def test_without_an_account_it_says_what_to_do(
    tmp_path: Path, options: tuple[str, ...], sentence: str
) -> None:
    done = _demo(tmp_path, *options)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_local_run_it_says_so(tmp_path: Path) -> None:
    done = _demo(tmp_path)
    assert done.returncode == 2
    assert done.stderr == "There is no local run. Start one with `make run`, and sign up there.\n"


def test_a_note_is_gone_when_the_run_is(tmp_path: Path) -> None:
    running.note(tmp_path, running.Running("http://127.0.0.1:1", REGION, "x-"))
    running.forget(tmp_path)
    running.forget(tmp_path)
    assert _demo(tmp_path).returncode == 2
