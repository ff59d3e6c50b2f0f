"""Parts that are built by need."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from chalicelib.bootstrap.by_need import by_need


class _Parts:
    def __init__(self) -> None:
        self.made: list[object] = []

    @by_need
    def client(self) -> object:
        # Long enough for the other threads to come in.
        time.sleep(0.05)
        self.made.append(object())
        return self.made[-1]


def test_threads_that_ask_at_once_get_the_same_part() -> None:
    parts, together = _Parts(), Barrier(8)

    def ask(_: int) -> object:
        together.wait()
        return parts.client

    with ThreadPoolExecutor(8) as threads:
        given = set(threads.map(ask, range(8)))
    assert given == set(parts.made)
    assert len(parts.made) == 1


def test_nothing_is_built_before_it_is_asked_for() -> None:
    assert _Parts().made == []
