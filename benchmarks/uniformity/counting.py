"""How many functions an answer calls: what no clock resolves, and no other process disturbs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from benchmarks.uniformity.study import TIMED, asked_of
from tests.support.uniformity.observing import Asked, send

if TYPE_CHECKING:
    from tests.support.uniformity.states import State
    from tests.support.uniformity.steps import Step
    from tests.support.uniformity.world import World


def count_calls(made: World, step: Step, states: tuple[State, ...] = TIMED) -> dict[State, int]:
    """Count the functions, Python's and C's, that a step calls in each state once it is warm."""
    return {state: _calls(made, asked_of(step, state)) for state in states}


def _calls(made: World, asked: Asked) -> int:
    count = 0

    def note(_frame: object, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        send(made, asked)
    finally:
        sys.setprofile(before)
    return count
