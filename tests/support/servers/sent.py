"""What SES is given with each mail, which its outbox doesn't keep."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.client import BaseClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@contextlib.contextmanager
def recorded_mails() -> Iterator[list[Mapping[str, Any]]]:
    """List the parameters of every mail that is sent."""
    call = BaseClient._make_api_call  # noqa: SLF001 - every AWS call passes here
    sent: list[Mapping[str, Any]] = []

    def made(self: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        if operation == "SendRawEmail":
            sent.append(parameters)
        return call(self, operation, parameters)

    with mock.patch.object(BaseClient, "_make_api_call", made):
        yield sent
