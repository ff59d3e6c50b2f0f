"""Counts the work of an answer: AWS calls by kind, and password hashes.

The only place where tests count calls, because the product promises that known and unknown emails
cost the same.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class AwsCall:
    """One request to AWS: the service, the operation, and its tables."""

    service: str
    operation: str
    tables: tuple[str, ...]
    # What the request contains besides its values: parts of a transaction, conditions, updates.
    shape: str

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.service}.{self.operation}({', '.join(self.tables)})"


@dataclass
class Ledger:
    """What was done since the last `clear`, in order."""

    calls: list[AwsCall] = field(default_factory=list)
    hashes: list[tuple[int, int]] = field(default_factory=list)

    def clear(self) -> None:
        """Forget everything so far."""
        self.calls.clear()
        self.hashes.clear()

    @property
    def work(self) -> tuple[tuple[AwsCall, ...], tuple[tuple[int, int], ...]]:
        """Return all of it for comparison: calls, and each hash by memory and time."""
        return tuple(self.calls), tuple(self.hashes)


@contextlib.contextmanager
def ledger() -> Iterator[Ledger]:
    """Record every AWS call and argon2 hash of this process."""
    from botocore.client import BaseClient

    from chalicelib.domain.passwords import hashing

    book = Ledger()
    call, hash_raw = BaseClient._make_api_call, hashing.hash_secret_raw  # noqa: SLF001 - every AWS call passes here

    def counted_call(self: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        service = self.meta.service_model.service_name
        book.calls.append(AwsCall(service, operation, *_described(parameters)))
        return call(self, operation, parameters)

    def counted_hash(*positional: Any, **named: Any) -> bytes:
        book.hashes.append((named["memory_cost"], named["time_cost"]))
        return hash_raw(*positional, **named)

    with (
        mock.patch.object(BaseClient, "_make_api_call", counted_call),
        mock.patch.object(hashing, "hash_secret_raw", counted_hash),
    ):
        yield book


def _described(parameters: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    if "RequestItems" in parameters:
        asked = sorted(parameters["RequestItems"].items())
        tables = tuple(name.rpartition("-")[2] for name, _ in asked)
        return tables, "; ".join(_asked(part) for _, part in asked)
    items = parameters.get("TransactItems") or [{"": parameters}]
    parts = [(kind, part) for item in items for kind, part in item.items()]
    tables = tuple(part.get("TableName", "").rpartition("-")[2] for _, part in parts)
    shape = "; ".join(f"{kind} {_names(part)}".strip() for kind, part in parts)
    return tables, shape


def _asked(part: Any) -> str:
    # A batch of writes is a list; a batch of reads has its keys.
    return f"{len(part)}" if isinstance(part, list) else f"{len(part['Keys'])} {_names(part)}"


def _names(part: Mapping[str, Any]) -> str:
    condition = part.get("ConditionExpression", "")
    return " ".join([*sorted(part), str(condition)]).strip()
