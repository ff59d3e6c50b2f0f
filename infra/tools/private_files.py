"""Files for their owner's eyes alone: secrets, hashes of passwords, people's addresses."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def private_file(path: Path) -> Iterator[IO[str]]:
    """Write a new file that no one else can read, in the place of whatever is there, once whole.

    It is never another's file that is filled, and nothing is left where it can't be finished: what
    is in it may be worth stealing. Raises OSError.
    """
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
