"""Errors of AWS in the place of single calls, where no engine can be made to give them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.client import BaseClient
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@contextlib.contextmanager
def failing(
    code: str, meant: Callable[[str, Mapping[str, Any]], bool], message: str = "No."
) -> Iterator[list[str]]:
    """Fail every call that is meant, by its operation and parameters; lists those that failed."""
    call = BaseClient._make_api_call  # noqa: SLF001 - every AWS call passes here
    failed: list[str] = []

    def made(self: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        if meant(operation, parameters):
            failed.append(operation)
            error = {"Error": {"Code": code, "Message": message}}
            raise ClientError(error, operation)
        return call(self, operation, parameters)

    with mock.patch.object(BaseClient, "_make_api_call", made):
        yield failed
