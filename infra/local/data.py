"""The data directory of a local run, locked for one run at a time."""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING

from infra.errors import CommandError

if TYPE_CHECKING:
    from pathlib import Path

# After a run is killed, its emulator may take this long to save.
_SAVE_SECONDS = 25.0


class DataDirectory:
    """The directory of the secrets and of the emulator's state and log.

    It has two locks, which end with the processes that hold them: the run's own, and one on the
    state, which the emulator inherits and holds until it has saved.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._run_lock = self._open("run.lock")
            self.state_lock = self._open("state.lock")
        except OSError as error:
            message = f"The data directory {self.path} can't be used: {error.strerror}."
            raise CommandError(message) from error

    def lock(self) -> None:
        """Lock the directory; raises CommandError if another run holds it."""
        message = f"Another local run uses {self.path}; stop it first."
        if not _claimed(self._run_lock):
            raise CommandError(message)
        deadline = time.monotonic() + _SAVE_SECONDS
        while not _claimed(self.state_lock):
            if time.monotonic() > deadline:
                raise CommandError(message)
            time.sleep(0.1)

    def unlock(self) -> None:
        """Release the directory for the next run."""
        os.close(self.state_lock)
        os.close(self._run_lock)

    def _open(self, name: str) -> int:
        return os.open(self.path / name, os.O_RDWR | os.O_CREAT, 0o600)


def _claimed(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
