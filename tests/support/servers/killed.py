"""A process that is killed at one of its writes, as the store sees it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.client import BaseClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WRITES = frozenset(
    ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "SendMessage")
)


class KilledError(BaseException):
    """The process ends here; nothing that it would do about errors happens."""


@contextlib.contextmanager
def killed_at_write(number: int) -> Iterator[None]:
    """Let so many writes happen, and end the process at the next one."""
    call = BaseClient._make_api_call  # noqa: SLF001 - every AWS call passes here
    left = number

    def made(self: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        nonlocal left
        if operation in _WRITES:
            if not left:
                raise KilledError
            left -= 1
        return call(self, operation, parameters)

    with mock.patch.object(BaseClient, "_make_api_call", made):
        yield


@contextlib.contextmanager
def counted_writes() -> Iterator[list[str]]:
    """List the writes that happen."""
    call = BaseClient._make_api_call  # noqa: SLF001 - as above
    seen: list[str] = []

    def made(self: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        if operation in _WRITES:
            seen.append(operation)
        return call(self, operation, parameters)

    with mock.patch.object(BaseClient, "_make_api_call", made):
        yield seen
