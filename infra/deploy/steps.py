"""Runs the steps of a command one after the other, and says of each what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.problems import DeployError
from infra.package.problems import PackageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console


@dataclass(frozen=True)
class Step:
    """One step: doing it twice does nothing more than doing it once."""

    title: str
    # Is given a way to say what it is at; returns what came of it.
    do: Callable[[Callable[[str], None]], str]
    hint: str = "Look at what AWS says above."


def run(steps: Sequence[Step], console: Console) -> None:
    """Run every step; raises DeployError at the first that fails, with what to do about it."""
    for number, step in enumerate(steps, 1):
        place = f"[{number}/{len(steps)}] {step.title}"
        began = time.monotonic()
        said = _do(step, place, console)
        seconds = time.monotonic() - began
        line = f"{place}: {said} ({seconds:.0f} s)"
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _do(step: Step, place: str, console: Console) -> str:
    with console.status(_plain(place)) as status:
        try:
            return step.do(lambda now: status.update(_plain(f"{place}: {now}")))
        except (BotoCoreError, ClientError, DeployError, PackageError) as error:
            hint = "" if isinstance(error, DeployError) else f"\n{step.hint}"
            message = (
                f"{step.title} failed: {error}{hint}\n"
                "What was done before it stays. Run the same command again when that is put right."
            )
            raise DeployError(message) from error


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
