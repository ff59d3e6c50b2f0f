"""Runs the commands of infra/deploy as an operator does, on an emulator that can be deployed to."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.stack.stages import Stage, read_stage
from tests.support.patience import PATIENCE
from tests.support.servers.children import ROOT, clean_environ
from tests.support.servers.engines import ministack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infra.package.build import Package
    from tests.support.servers.engines import Engine

STAGE: Stage = read_stage("prod")
_MODULE = "tests.support.servers.deployable_emulator"


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    status: int
    said: str


@dataclass(frozen=True)
class Operator:
    """Somebody with an account, which is an emulator, and a package."""

    engine: Engine
    package: Package

    def client(self, service: str) -> Any:
        """Make a client, to look at what a command did."""
        return self.engine.client(service)

    def up(self, *options: str, stage: str = STAGE.name) -> Done:
        """Deploy."""
        return self.run("up", stage, *self._taking_the_package(), *options)

    def rotate(self, what: str) -> Done:
        """Change a secret."""
        return self.run("rotate", STAGE.name, what)

    def destroy(self, *options: str, typed: str = STAGE.name) -> Done:
        """Take the stage away, typing a name when asked."""
        return self.run("destroy", STAGE.name, *options, typed=typed)

    def run(self, *arguments: str, typed: str = "") -> Done:
        """Run a command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "infra.deploy", *arguments],
            cwd=ROOT,
            env=self._environ(),
            input=f"{typed}\n",
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Done(done.returncode, done.stdout + done.stderr)

    def kill_a_deployment(self, when: Callable[[], bool]) -> None:
        """Deploy, and kill the command with all its children as soon as something is so."""
        child = subprocess.Popen(
            [
                *(sys.executable, "-m", "infra.deploy", "up", STAGE.name),
                *self._taking_the_package(),
            ],
            cwd=ROOT,
            env=self._environ(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            end = time.monotonic() + PATIENCE
            while not when():
                assert child.poll() is None, "it ended by itself"
                assert time.monotonic() < end
                time.sleep(0.02)
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def _taking_the_package(self) -> tuple[str, ...]:
        return "--package", str(self.package.archive.parent)

    def _environ(self) -> dict[str, str]:
        return {**clean_environ(), **self.engine.environ}


@contextlib.contextmanager
def operator(package: Package, scratch: Path) -> Iterator[Operator]:
    """Start an empty account."""
    with ministack(scratch, _MODULE) as engine:
        yield Operator(engine, package)
