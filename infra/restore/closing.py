"""Closes a stage while its tables are changed under it: no function runs, so no request is lost."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@contextmanager
def closed(functions: Any, names: Sequence[str]) -> Iterator[None]:
    """Let no instance of these functions run until the block ends well.

    After a failure they stay closed: half of a restore is worse than none, and the command can be
    run again. Mails wait in their queue meanwhile.
    """
    before = {name: _reserved(functions, name) for name in names}
    for name in names:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    yield
    for name, reserved in before.items():
        # Zero is what an interrupted restore left behind.
        if reserved:
            functions.put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=reserved
            )
        else:
            functions.delete_function_concurrency(FunctionName=name)


def _reserved(functions: Any, name: str) -> int | None:
    reserved: int | None = functions.get_function_concurrency(FunctionName=name).get(
        "ReservedConcurrentExecutions"
    )
    return reserved
