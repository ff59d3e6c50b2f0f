"""Runs the AWS emulator as a child process, and stops it so that it saves its state."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.data import DataDirectory

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0
_POLL_SECONDS = 0.05
_STOP_SECONDS = 15.0

# Parts of the emulator that open more ports or slow its start.
_UNUSED = {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}


class Emulator:
    """A running ministack on a free port of 127.0.0.1, its state kept under one directory."""

    def __init__(self, data: DataDirectory, region: str) -> None:
        self._log = data.path / "emulator.log"
        self._stopping = False
        with socket.socket() as listener:
            # Listen before the child starts: early connections wait instead of being refused, and
            # no other process can take the port.
            listener.bind(("127.0.0.1", 0))
            listener.listen(512)
            port = listener.getsockname()[1]
            self.endpoint = f"http://127.0.0.1:{port}"
            with self._log.open("wb") as log:
                self._child = subprocess.Popen(
                    [sys.executable, "-m", "infra.local.emulator_process", str(listener.fileno())],
                    cwd=ROOT,
                    env=_environ(data, port, region),
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    # The child holds the lock on the data until it has saved it.
                    pass_fds=(listener.fileno(), data.state_lock),
                    # Ctrl-C reaches the whole process group, but the child must end last.
                    start_new_session=True,
                )

    def watch(self, on_death: Callable[[str], None]) -> None:
        """Call back once if the child ends on its own."""
        threading.Thread(target=self._watch, args=(on_death,), daemon=True).start()

    def await_ready(self) -> None:
        """Wait for the child's first answer; raises CommandError if it ends or doesn't answer."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise CommandError(self._death_notice())
            time.sleep(_POLL_SECONDS)

    def _answers(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            # The socket listens from the start, so only a timeout shows that the child has ended.
            with opener.open(self.endpoint + "/_ministack/health", timeout=1) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False

    def stop(self) -> None:
        """Stop the child and wait until it has saved its state."""
        self._stopping = True
        if self._child.poll() is None:
            self._child.terminate()
        try:
            self._child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        if self._child.stdin:
            self._child.stdin.close()

    def _watch(self, on_death: Callable[[str], None]) -> None:
        self._child.wait()
        if not self._stopping:
            on_death(self._death_notice())

    def _death_notice(self) -> str:
        return f"The AWS emulator has ended by itself; its last words are in {self._log}."


def _environ(data: DataDirectory, port: int, region: str) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        # Our own settings, such as LOG_LEVEL, aren't meant for the emulator.
        if name in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH") or name.startswith("COVERAGE")
    }
    return (
        inherited
        | _UNUSED
        | {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": region,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(data.path / "state"),
            "S3_DATA_DIR": str(data.path / "s3"),
            "LOG_LEVEL": "WARNING",
            "PYTHONUNBUFFERED": "1",
        }
    )
