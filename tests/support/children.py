"""Child processes that tests start: on free ports, awaited, and never left behind."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
_STOP_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """Ask the system for a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether something accepts connections on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def running(
    command: Sequence[str],
    environ: Mapping[str, str],
    log: Path,
    ready: Callable[[], bool],
    seconds: float = 30.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the block ends; raises RuntimeError, with its last words, if it dies."""
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A killed run takes its children along; other systems rely on the block's end.
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
        )
    try:
        _await(child, ready, log, seconds)
        yield child
    finally:
        stop(child)


def stop(child: subprocess.Popen[bytes]) -> None:
    """End one child, politely first."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def clean_environ() -> dict[str, str]:
    """Return what a child needs of our environment, and nothing that points at an AWS account."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "JAVA_HOME", "CHROMIUM")
    ours = {k: v for k, v in os.environ.items() if k in kept or k.startswith("COVERAGE")}
    return {**ours, "PYTHONUNBUFFERED": "1"}


def _await(
    child: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path, seconds: float
) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if child.poll() is not None or time.monotonic() > end:
            last_words = log.read_text(errors="replace")[-2_000:]
            message = f"{child.args!r} was not ready after {seconds:g} s:\n{last_words}"
            raise RuntimeError(message)
        time.sleep(0.05)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
