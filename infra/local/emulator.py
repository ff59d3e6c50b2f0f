"""Starts the AWS emulator as a child, and ends it so that it keeps what it holds."""

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

# Parts of the emulator that listen on ports of their own, or cost start-up time for nothing.
_UNUSED = {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}


class Emulator:
    """A running ministack on a free port of 127.0.0.1, its state kept under one directory."""

    def __init__(self, data: DataDirectory, region: str) -> None:
        self._log = data.path / "emulator.log"
        self._stopping = False
        with socket.socket() as listener:
            # Listening before the child starts: whoever connects early waits for it instead of
            # being refused, and nobody can take the port in between.
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
                    # The lock on the data stays held until the child has saved it as well.
                    pass_fds=(listener.fileno(), data.state_lock),
                    # Ctrl-C reaches the terminal's whole group; the child is to end after us.
                    start_new_session=True,
                )

    def watch(self, on_death: Callable[[str], None]) -> None:
        """Call back, once, if the child ends without being asked to."""
        threading.Thread(target=self._watch, args=(on_death,), daemon=True).start()

    def await_ready(self) -> None:
        """Wait for the child's first answer; raises CommandError if it ends or stays silent."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise CommandError(self._obituary())
            time.sleep(_POLL_SECONDS)

    def _answers(self) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            # The socket listens from the start, so a short limit shows a child that has ended.
            with opener.open(self.endpoint + "/_ministack/health", timeout=1) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False

    def stop(self) -> None:
        """End the child and wait until its state is saved."""
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
            on_death(self._obituary())

    def _obituary(self) -> str:
        return f"The AWS emulator has ended by itself; its last words are in {self._log}."


def _environ(data: DataDirectory, port: int, region: str) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        # Its settings have names of their own; ours, such as LOG_LEVEL, are not meant for it.
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
