"""Many concurrent callers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

CALLERS = 20


def race(
    call: Callable[[int], T], refusals: tuple[type[Exception], ...] = (), callers: int = CALLERS
) -> list[T | Exception]:
    """Call with 0, 1, 2 … at once; returns each result, expected refusals included."""
    start = Barrier(callers)

    def one(number: int) -> T | Exception:
        start.wait()
        try:
            return call(number)
        except refusals as refusal:
            return refusal

    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(one, range(callers)))


def winners(outcomes: list[T | Exception]) -> list[T]:
    """Return the results that aren't refusals."""
    return [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
