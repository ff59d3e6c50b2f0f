"""Runs the steps of a command in order and prints each result."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.aws import AWS_ERRORS
from infra.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from infra.deploy.stage_lock import StageLock


@dataclass(frozen=True)
class Step:
    """One idempotent step."""

    title: str
    # Takes a function that shows its progress; returns its result.
    do: Callable[[Callable[[str], None]], str]
    hint: str = "Look at what AWS says above."


@contextlib.contextmanager
def locked(stage_lock: StageLock, console: Console) -> Iterator[None]:
    """Hold the stage's lock inside the block, and show the wait for it."""
    with contextlib.ExitStack() as held:
        with console.status("Looking whether another command is at work") as status:
            held.enter_context(stage_lock.taken(lambda now: status.update(_plain(now))))
        yield


def run(steps: Sequence[Step], console: Console, stage_lock: StageLock) -> None:
    """Run every step while holding the stage's lock.

    Raises CommandError with what to do when a step fails or another command holds the lock.
    """
    with locked(stage_lock, console):
        for number, step in enumerate(steps, 1):
            place = f"[{number}/{len(steps)}] {step.title}"
            began = time.monotonic()
            said = _do(step, place, console, stage_lock)
            seconds = time.monotonic() - began
            line = f"{place}: {said} ({seconds:.0f} s)"
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def _do(step: Step, place: str, console: Console, stage_lock: StageLock) -> str:
    with console.status(_plain(place)) as status:

        def tell(now: str) -> None:
            stage_lock.check()
            status.update(_plain(f"{place}: {now}"))

        try:
            stage_lock.check()
            return step.do(tell)
        except (*AWS_ERRORS, CommandError) as error:
            hint = "" if isinstance(error, CommandError) else f"\n{step.hint}"
            message = (
                f"{step.title} failed: {error}{hint}\n"
                "What was done before it stays. Run the same command again when that is put right."
            )
            raise CommandError(message) from error


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
