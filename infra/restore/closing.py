"""Closes a stage while its tables are changed under it: no function runs, so no request is lost."""

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
    """Let no instance of these functions run until the block ends well.

    Whoever is at work when the door shuts goes on, so it waits for as long as the slowest may take:
    a sign-in would leave a session in the emptied table. After a failure they stay closed: half of
    a restore is worse than none, and the command can be run again. Mails wait in their queue
    meanwhile.
    """
    # A closed function would still be offered the queue's messages, and what it turns down five
    # times is parked as failed.
    queues = _queues(functions, names)
    for queue in queues:
        functions.update_event_source_mapping(UUID=queue, Enabled=False)
    before = {name: _reserved(functions, name) for name in names}
    for name in names:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    wait(max(_longest(functions, name) for name in names))
    yield
    for name, reserved in before.items():
        # Zero is what an interrupted restore left behind.
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
    """Say how many seconds a call may take."""
    seconds: int = functions.get_function_configuration(FunctionName=name)["Timeout"]
    return seconds
