"""How long tests wait, at most, for something that takes a moment."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Long enough for a busy machine: only what never happens takes this long. Shorter than pytest's own
# limit for a test, so that the test says what it waited for.
PATIENCE = 120.0
_PAUSE = 0.05


def eventually(true: Callable[[], bool], what: str = "it") -> None:
    """Wait until the condition holds; raises AssertionError if it never does."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(_PAUSE)
