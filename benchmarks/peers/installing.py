"""Installs the pinned peers under build/, and starts them to measure their calls."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCRIPTS = Path(__file__).parent / "scripts"
_HOME = _SCRIPTS.parents[2] / "build" / "peers"
_SECONDS = 400


class PeerMissingError(Exception):
    """A peer can't be installed or run on this machine; the message says why."""


@dataclass(frozen=True)
class Peer:
    """A running peer."""

    child: subprocess.Popen[str]

    def ask(self, subject: str, calls: int) -> float:
        """Return the mean CPU milliseconds of one call; raises PeerMissingError."""
        if self.child.stdin is None or self.child.stdout is None:
            raise PeerMissingError("it has no pipes")
        with contextlib.suppress(BrokenPipeError):
            self.child.stdin.write(f"{subject} {calls}\n")
            self.child.stdin.flush()
        output = self.child.stdout.readline()
        if not output:
            raise PeerMissingError("it ended")
        return float(output) / calls


def python_peers() -> Path:
    """Return the interpreter of an environment with the Python peers; raises PeerMissingError."""
    home = _HOME / "python"
    python = home / "bin" / "python"
    pins = _SCRIPTS / "requirements.txt"
    if not _is_made(home, pins):
        venv.create(home, with_pip=True, clear=True)
        _run([str(python), "-m", "pip", "install", "--quiet", "--requirement", str(pins)])
        _note(home, pins)
    return python


def node_peer() -> Path:
    """Return a directory with the node peer installed; raises PeerMissingError."""
    home = _HOME / "node"
    pins = _SCRIPTS / "package.json"
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise PeerMissingError("there is no node or no npm on the PATH")
    if not _is_made(home, pins):
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        shutil.copy(pins, home)
        # Its plugin requires another release of a helper than its core does.
        _run(["npm", "install", "--prefix", str(home), "--no-audit", "--no-fund", _LEGACY])
        _note(home, pins)
    return home


@contextlib.contextmanager
def started(script: str, scratch: Path, *arguments: str) -> Iterator[Peer]:
    """Run a peer's script on an empty database; raises PeerMissingError."""
    database = str(scratch / f"{script}-{'-'.join(arguments)}.sqlite3")
    if script.endswith(".mjs"):
        # node looks for packages beside the script.
        command = ["node", shutil.copy(_SCRIPTS / script, node_peer())]
    else:
        command = [str(python_peers()), str(_SCRIPTS / script)]
    command += [database, *arguments]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(scratch)},
    ) as child:
        try:
            yield Peer(child)
        finally:
            child.terminate()


_LEGACY = "--legacy-peer-deps"


def _is_made(home: Path, pins: Path) -> bool:
    note = home / "made-of"
    return note.exists() and note.read_bytes() == pins.read_bytes()


def _note(home: Path, pins: Path) -> None:
    (home / "made-of").write_bytes(pins.read_bytes())


def _run(command: list[str]) -> None:
    sys.stderr.write(f"Installing peers: {' '.join(command[-3:])} ...\n")
    try:
        subprocess.run(  # noqa: S603 - our own arguments
            command, check=True, capture_output=True, text=True, timeout=_SECONDS
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        output = str(error.stderr or error).strip()[-300:]
        message = f"its packages could not be installed: {output}"
        raise PeerMissingError(message) from error
