"""The directory that a local run keeps its data in, for one run at a time."""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING

from infra.local.problems import LocalRunError

if TYPE_CHECKING:
    from pathlib import Path

# A run that was killed leaves its emulator a moment to save, and that holds the lock as well.
_WAIT_SECONDS = 10.0


class DataDirectory:
    """Where secrets, the emulator's state and its log are."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            message = f"The data directory {self.path} can't be used: {error.strerror}."
            raise LocalRunError(message) from error

    def lock(self) -> None:
        """Claim the directory; raises LocalRunError when another run has it."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while not self._claimed():
            if time.monotonic() > deadline:
                message = f"Another local run uses {self.path}; stop it first."
                raise LocalRunError(message)
            time.sleep(0.1)

    def unlock(self) -> None:
        """Let the next run have it."""
        os.close(self.descriptor)

    def _claimed(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
