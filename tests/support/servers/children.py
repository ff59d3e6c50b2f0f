"""Child processes that tests start: on free ports, awaited, and never left behind."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING

from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[3]
# Long enough to save what it holds, however busy the machine is.
_STOP_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1
_FIRST_PORT = 10_000
_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """Find a port that nobody uses, and that the system gives to nobody in the meantime.

    A port from the range of outgoing connections could be taken by one of them before the server
    that it is meant for has started. Workers that run at once each have ports of their own.
    """
    ports = _ports_of_this_worker()
    while ports:
        port = ports.pop()
        if _is_free(port):
            return port
    message = "no port is left"
    raise OSError(message)


@cache
def _ports_of_this_worker() -> list[int]:
    """Return what this process may use, in random order: other runs choose from the same."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ports = list(range(_FIRST_PORT + worker, _first_outgoing_port(), workers))
    SystemRandom().shuffle(ports)
    return ports


def _first_outgoing_port() -> int:
    try:
        first = int(_OUTGOING.read_text().split()[0])
    except OSError:
        # What IANA calls dynamic, which other systems use.
        first = 49_152
    return first if first > _FIRST_PORT else 65_536


def _is_free(port: int) -> bool:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.bind((host, port))
        except OSError as error:
            # A machine without IPv6 has no such address.
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                return False
    return True


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
    seconds: float = PATIENCE,
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
