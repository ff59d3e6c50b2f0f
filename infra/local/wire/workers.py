"""Threads for work that blocks; unlike an executor's, they never delay the end of the process."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.wire.messages import Answer

# More than the load test has callers that wait for an answer at one time.
_COUNT = 64


class Workers:
    """Daemon threads that share one queue."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        for _ in range(_COUNT):
            threading.Thread(target=self._work, daemon=True).start()

    async def run(self, make: Callable[[], Answer]) -> Answer:
        """Make an answer on one of the threads."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._queue.put(partial(_make, make, loop, future))
        return await future

    def stop(self) -> None:
        """End each thread when its work is done."""
        for _ in range(_COUNT):
            self._queue.put(None)

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            work()


def _make(
    make: Callable[[], Answer], loop: asyncio.AbstractEventLoop, future: asyncio.Future[Answer]
) -> None:
    try:
        settle = partial(_settle, future, future.set_result, make())
    except Exception as error:  # noqa: BLE001 - raised again where the answer is awaited
        settle = partial(_settle, future, future.set_exception, error)
    # The server may have stopped meanwhile, and its loop with it.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(settle)


def _settle(future: asyncio.Future[Answer], settle: Callable[[Any], None], outcome: object) -> None:
    # It is done already if the answer took too long.
    if not future.done():
        settle(outcome)
