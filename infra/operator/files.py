"""The files that commands read and write, with their progress."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from infra.errors import CommandError
from infra.tools.private_files import private_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STANDARD = "-"


@contextmanager
def reading(file: IO[bytes], verb: str) -> Iterator[tuple[Console, Callable[[int], None]]]:
    """Show on standard error how much of a file is read."""
    columns: tuple[Any, ...] = (
        TextColumn(verb),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(verb, total=_size(file))
        yield progress.console, lambda read: progress.advance(task, read)


@contextmanager
def writing(name: str) -> Iterator[IO[str]]:
    """Open a file that only its owner can read; it gets its name when it is complete.

    `-` is standard output. Raises CommandError if the file exists.
    """
    if name == STANDARD:
        yield sys.stdout
        return
    path = Path(name)
    if path.exists():
        message = f"{path} exists already. Choose another name."
        raise CommandError(message)
    try:
        with private_file(path) as file:
            yield file
    except OSError as error:
        message = f"{path} can't be written: {error.strerror}."
        raise CommandError(message) from error


def _size(file: IO[bytes]) -> int | None:
    try:
        found = os.fstat(file.fileno())
    except (OSError, ValueError):
        return None
    return found.st_size or None
