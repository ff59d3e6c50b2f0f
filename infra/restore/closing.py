"""Closes a stage while its tables change: no function runs, so nothing is written meanwhile."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@contextmanager
def closed(
    functions: Any, names: Sequence[str], wait: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Stop these functions until the block succeeds.

    Calls in progress still finish, so wait for the longest timeout: a sign-in would leave a session
    in the emptied table. After a failure the functions stay stopped, since half a restore is worse
    than none; run the command again. Mails wait in their queue.
    """
    # SQS would still offer messages to a stopped function, and move them to the dead letters after
    # five attempts.
    queues = _queues(functions, names)
    for queue in queues:
        functions.update_event_source_mapping(UUID=queue, Enabled=False)
    before = {name: _reserved(functions, name) for name in names}
    for name in names:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    wait(max(_longest(functions, name) for name in names))
    yield
    for name, reserved in before.items():
        # An interrupted restore leaves zero.
        if reserved:
            functions.put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=reserved
            )
        else:
            functions.delete_function_concurrency(FunctionName=name)
    for queue in queues:
        functions.update_event_source_mapping(UUID=queue, Enabled=True)


def _queues(functions: Any, names: Sequence[str]) -> list[str]:
    return [
        mapping["UUID"]
        for name in names
        for mapping in functions.list_event_source_mappings(FunctionName=name)[
            "EventSourceMappings"
        ]
    ]


def _reserved(functions: Any, name: str) -> int | None:
    reserved: int | None = functions.get_function_concurrency(FunctionName=name).get(
        "ReservedConcurrentExecutions"
    )
    return reserved


def _longest(functions: Any, name: str) -> int:
    """Return how many seconds a call may take."""
    seconds: int = functions.get_function_configuration(FunctionName=name)["Timeout"]
    return seconds
