"""Lets only one command at a time change a stage, on any machine.

Two rotations at once could drop a pepper that hashes already depend on, and two first deployments
create two APIs. So a command creates a parameter that only one can create, and renews it while it
runs. A lock that is no longer renewed was left by a killed command.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws import AWS_ERRORS, code_of
from infra.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Seconds. A renewal may fail a few times before another command takes the lock over.
_RENEWED_EVERY = 20.0
_SILENT_FOR = 90.0


def _machine() -> str:
    """Identify this machine or container, within which process ids are unique; empty off Linux."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}-{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


@dataclass(frozen=True)
class Holder:
    """The command that holds a stage's lock."""

    pid: int = field(default_factory=os.getpid)
    host: str = field(default_factory=socket.gethostname)
    machine: str = field(default_factory=_machine)

    def is_gone(self) -> bool:
        """Return whether it ran on this machine and has ended; False if it ran elsewhere."""
        if not self.machine or self.machine != _machine():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


@dataclass
class StageLock:
    """The lock of a stage; `name` is its parameter.

    Parameter Store increments the parameter's version with each write, which orders commands that
    start at the same time, without a clock.
    """

    ssm: Any = field(repr=False)
    name: str
    holder: Holder = field(default_factory=Holder)
    renewed_every: float = _RENEWED_EVERY
    silent_for: float = _SILENT_FOR
    _version: int = 0
    _renewed: float = 0
    _lost: bool = False

    @contextlib.contextmanager
    def taken(self, tell: Callable[[str], None]) -> Iterator[None]:
        """Hold the lock inside the block; raises CommandError while another command holds it."""
        while not self._make():
            if (version := self._left_behind(tell)) is not None:
                self._take_over(version)
                break
        over = Event()
        renewing = Thread(target=self._renew_until, args=(over,), daemon=True)
        renewing.start()
        try:
            yield
        finally:
            over.set()
            renewing.join()
            # A lock left behind only costs the next command a wait; don't hide the error in flight.
            with contextlib.suppress(*AWS_ERRORS):
                if self._is_ours():
                    self.ssm.delete_parameters(Names=[self.name])

    def check(self) -> None:
        """Raise CommandError if another command may have taken the stage over."""
        if self._lost or time.monotonic() - self._renewed > self.silent_for:
            message = (
                "This command was silent for so long that another may have taken the stage over,"
                " so it goes no further."
            )
            raise CommandError(message)

    def _make(self) -> bool:
        try:
            self._write(overwrite=False)
        except ClientError as error:
            if code_of(error) != "ParameterAlreadyExists":
                raise
            return False
        return True

    def _left_behind(self, tell: Callable[[str], None]) -> int | None:
        """Wait for a renewal; return the version if none comes, None if it is released."""
        seen, end = self._look(), time.monotonic() + self.silent_for
        while (now := self._look()) and seen:
            version, holder = now
            who = f"Process {holder.pid} on {holder.host}"
            if version != seen[0]:
                message = f"{who} is changing this stage. Try again when it is done."
                raise CommandError(message)
            if holder.is_gone() or time.monotonic() > end:
                return version
            tell(f"{who} was changing this stage: waiting for a sign of it")
            # Often enough to see a renewal soon after it is made.
            time.sleep(self.renewed_every / 10)
        return None

    def _take_over(self, version: int) -> None:
        # Of all commands that try to take it over, the one that writes first gets it.
        self._write(overwrite=True)
        if self._version != version + 1:
            message = "Another command has just taken this stage. Try again when it is done."
            raise CommandError(message)

    def _renew_until(self, over: Event) -> None:
        while not over.wait(self.renewed_every):
            # A failed renewal doesn't lose the lock; check() fails if it lasts too long.
            with contextlib.suppress(*AWS_ERRORS):
                expected = self._version + 1
                if self._is_ours():
                    self._write(overwrite=True)
                self._lost = self._version != expected
            if self._lost:
                return

    def _is_ours(self) -> bool:
        found = self._look()
        return not self._lost and found is not None and found[0] == self._version

    def _look(self) -> tuple[int, Holder] | None:
        try:
            found = self.ssm.get_parameter(Name=self.name)["Parameter"]
        except ClientError as error:
            if code_of(error) == "ParameterNotFound":
                return None
            raise
        return found["Version"], Holder(**json.loads(found["Value"]))

    def _write(self, *, overwrite: bool) -> None:
        holder = {field: getattr(self.holder, field) for field in ("pid", "host", "machine")}
        begun = time.monotonic()
        self._version = self.ssm.put_parameter(
            Name=self.name, Value=json.dumps(holder), Type="String", Overwrite=overwrite
        )["Version"]
        self._renewed = begun
