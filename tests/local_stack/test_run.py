"""A local run starts whole, stops whole, and says in one sentence what keeps it from starting."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from infra.local import __main__ as entry
from tests.support.patience import PATIENCE, eventually
from tests.support.servers.children import ROOT, clean_environ, free_port, listens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

pytestmark = pytest.mark.stack

_COMMAND = (sys.executable, "-m", "infra.local")


class _Run:
    """One `python -m infra.local` on free ports, its data in a directory of the test's own."""

    def __init__(self, home: Path, environ: Mapping[str, str], command: tuple[str, ...]) -> None:
        self.port, self.mail_port = free_port(), free_port()
        self.log = home / f"output-{self.port}"
        with self.log.open("wb") as output:
            self.child = subprocess.Popen(
                command,
                cwd=ROOT,
                env={
                    **clean_environ(),
                    "PORT": str(self.port),
                    "MAIL_PORT": str(self.mail_port),
                    "LOCAL_DATA": str(home / "data"),
                    **environ,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self.log.read_text()

    def await_ready(self) -> None:
        """Wait until it says so."""
        ready = f"\nReady: http://localhost:{self.port}\n"
        eventually(lambda: ready in self.output or self.child.poll() is not None)
        assert ready in self.output, self.output

    def get(self, path: str, port: int | None = None) -> Any:
        address = f"http://localhost:{port or self.port}{path}"
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            return json.load(answer)

    def sign_up(self, email: str) -> None:
        body = {
            "name": "Robin",
            "email": email,
            "password": "quiet lanterns over the marsh",
            "account_name": "Acme",
        }
        request = urllib.request.Request(
            f"http://localhost:{self.port}/auth/sign_up",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - our own server
            assert answer.status == 202

    def mailed(self) -> list[str]:
        return [mail["to"] for mail in self.get("/messages.json", self.mail_port)]

    def emulator(self) -> int:
        """Give the process id of the emulator, the run's one child."""
        found = subprocess.run(
            ["pgrep", "-P", str(self.child.pid)], capture_output=True, text=True, check=True
        )
        return int(found.stdout)

    def end(self, number: int) -> int:
        self.child.send_signal(number)
        return self.child.wait(PATIENCE)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., _Run]]:
    runs: list[_Run] = []

    def begin(command: tuple[str, ...] = _COMMAND, **environ: str) -> _Run:
        runs.append(_Run(tmp_path, environ, command))
        return runs[-1]

    yield begin
    for run in runs:
        if run.child.poll() is None:
            run.end(signal.SIGTERM)


def _computed() -> float:
    """Return the processor's seconds for all children that have ended, and for theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _lives(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_data_outlives_every_way_to_end_and_no_process_does(
    start: Callable[..., _Run], tmp_path: Path
) -> None:
    first = start()
    first.await_ready()
    assert first.get("/health") == {"status": "ok"}
    secrets_file = tmp_path / "data" / "secrets.json"
    assert stat.S_IMODE(secrets_file.stat().st_mode) == 0o600
    made = secrets_file.read_text()
    first.sign_up("one@acme.example")
    eventually(lambda: first.mailed() == ["one@acme.example"])
    emulator = first.emulator()
    assert first.end(signal.SIGINT) == 0
    assert "Stopped." in first.output
    assert "Traceback" not in first.output
    assert not _lives(emulator)
    assert not listens(first.port)

    second = start()
    second.await_ready()
    assert secrets_file.read_text() == made
    second.sign_up("two@acme.example")
    eventually(lambda: len(second.mailed()) == 2)
    emulator = second.emulator()
    second.end(signal.SIGKILL)
    eventually(lambda: not _lives(emulator))

    computed = _computed()
    third = start()
    third.await_ready()
    assert third.mailed() == ["two@acme.example", "one@acme.example"]
    assert third.end(signal.SIGTERM) == 0
    # What the processor did for it: how long that takes depends on who else uses the machine.
    assert _computed() - computed < 10


def test_a_run_ends_with_the_make_that_started_it(start: Callable[..., _Run]) -> None:
    # The shell stays between us and the run, as make does.
    shell = ("/bin/sh", "-c", f"{sys.executable} -m infra.local; true")
    run = start(shell, STOP_WITH_PARENT="1")
    run.await_ready()
    python = run.emulator()
    run.end(signal.SIGKILL)
    eventually(lambda: not _lives(python) and not listens(run.port))
    assert "Stopped." in run.output


def test_an_emulator_that_dies_ends_the_run_with_a_sentence(start: Callable[..., _Run]) -> None:
    run = start()
    run.await_ready()
    os.kill(run.emulator(), signal.SIGKILL)
    assert run.child.wait(PATIENCE) == 1
    assert "The AWS emulator has ended by itself" in run.output.splitlines()[-1]
    assert "Traceback" not in run.output
    assert not listens(run.port)


def test_a_second_run_on_the_same_data_is_refused(start: Callable[..., _Run]) -> None:
    first = start()
    first.await_ready()
    second = start()
    assert second.child.wait(PATIENCE) == 1
    assert "Another local run uses" in second.output
    assert first.child.poll() is None


@pytest.mark.parametrize("setting", ["PORT", "MAIL_PORT"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_taken_port_is_named(start: Callable[..., _Run], setting: str, host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as other:
        other.bind((host, 0))
        other.listen()
        port = other.getsockname()[1]
        run = start(**{setting: str(port)})
        assert run.child.wait(PATIENCE) == 1
    sentence = f"Port {port} is taken; stop what listens there, or choose another by {setting}.\n"
    assert run.output.endswith(sentence)
    assert "Traceback" not in run.output


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"PORT": "http"}, "PORT must be a port number from 1 to 65535; it is 'http'."),
        ({"MAIL_PORT": "70000"}, "MAIL_PORT must be a port number from 1 to 65535"),
        ({"PORT": "8111", "MAIL_PORT": "8111"}, "PORT and MAIL_PORT must differ"),
        ({"LOCKOUT_ATTEMPTS": "0"}, "LOCKOUT_ATTEMPTS must be a whole number from 1"),
        ({"AWS_ENDPOINT_URL": "localhost:4566"}, "AWS_ENDPOINT_URL must be an http or https"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "AWS at http://127.0.0.1:1 doesn't answer"),
        ({"PASSWORD_PEPPERS": "nonsense"}, "A setting can't be used: "),
        ({"LOCAL_DATA": "/dev/null/data"}, "The data directory /dev/null/data can't be used"),
    ],
    ids=lambda value: (
        next(iter(value)) + "=" + next(iter(value.values())).replace("/", "-")
        if isinstance(value, dict)
        else ""
    ),
)
def test_a_bad_setting_is_one_sentence(
    start: Callable[..., _Run], environ: dict[str, str], sentence: str
) -> None:
    run = start(**environ)
    assert run.child.wait(PATIENCE) == 1
    assert run.output.splitlines()[-1].startswith(sentence)
    assert "Traceback" not in run.output


def test_unreadable_secrets_are_one_sentence(start: Callable[..., _Run], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secrets.json").write_text("{")
    run = start()
    assert run.child.wait(PATIENCE) == 1
    assert "can't be read" in run.output
    assert "Traceback" not in run.output


def test_an_old_python_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 0))
    assert entry.main() == 1
    assert capsys.readouterr().err == "This needs Python 3.11 or newer.\n"
