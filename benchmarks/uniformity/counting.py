"""Counts the functions that an answer calls: more exact than a clock, whatever else runs."""

from __future__ import annotations

import contextlib
import gc
import sys
from typing import TYPE_CHECKING, Any

from benchmarks.uniformity.study import TIMED, asked_of
from tests.support.uniformity.observing import Asked, send

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.uniformity.states import State
    from tests.support.uniformity.steps import Step
    from tests.support.uniformity.world import World


def count_calls(made: World, step: Step, states: tuple[State, ...] = TIMED) -> dict[State, int]:
    """Count the functions, Python's and C's, that a step calls in each state once it is warm."""
    with _without_collector():
        return {state: _calls(made, asked_of(step, state)) for state in states}


def _calls(made: World, asked: Asked) -> int:
    count = 0

    def note(_frame: object, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    # This only profiles the current thread; calls of other threads aren't counted.
    sys.setprofile(note)
    try:
        send(made, asked)
    finally:
        sys.setprofile(before)
    return count


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Keep the garbage collector out of the count.

    It runs in the next thread that allocates memory, and calls finalizers and callbacks of other
    code's garbage there. How many, and when, depends on the whole process.
    """
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
