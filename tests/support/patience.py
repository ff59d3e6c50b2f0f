"""How long tests wait for what takes a moment, at most."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Long enough for a machine that is busy with other things: only what never happens takes so long.
# Below pytest's own limit for a test, so that the test says what it waited for.
PATIENCE = 120.0
_PAUSE = 0.05


def eventually(true: Callable[[], bool], what: str = "it") -> None:
    """Wait until something is so; raises AssertionError if that never happens."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(_PAUSE)
