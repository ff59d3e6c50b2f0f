"""Counts requests and capacity units as DynamoDB itself bills them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_READS = frozenset({"GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems"})
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})


@dataclass
class Bill:
    """Requests to AWS: DynamoDB's requests and units, messages to the queue, and mails."""

    requests: int = 0
    read_units: float = 0
    write_units: float = 0
    messages: int = 0
    mails: int = 0

    def __sub__(self, other: Bill) -> Bill:
        """Return the difference to an earlier bill."""
        return Bill(
            self.requests - other.requests,
            self.read_units - other.read_units,
            self.write_units - other.write_units,
            self.messages - other.messages,
            self.mails - other.mails,
        )

    def copy(self) -> Bill:
        """Return a copy of the current values."""
        return self - Bill()


@contextlib.contextmanager
def metered() -> Iterator[Bill]:
    """Make every request of this process report its consumption, and add it up."""
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

    bill, call = Bill(), BaseClient._make_api_call  # noqa: SLF001 - every AWS call passes here

    def counted(self: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        service = self.meta.service_model.service_name
        if service == "sqs" and operation == "SendMessage":
            bill.messages += 1
        if service == "ses" and operation == "SendRawEmail":
            bill.mails += 1
        if service != "dynamodb" or operation not in _READS | _WRITES:
            return call(self, operation, parameters)
        bill.requests += 1
        try:
            answer = call(self, operation, {**parameters, "ReturnConsumedCapacity": "TOTAL"})
        except ClientError:
            # A refused write is billed like a successful one, but its error has no consumption. Our
            # items are under 1 KB, and an item in a transaction counts twice.
            bill.write_units += 2 * len(parameters.get("TransactItems", [])) or 1
            raise
        consumed = answer.get("ConsumedCapacity", [])
        for table in [consumed] if isinstance(consumed, dict) else consumed:
            if operation in _READS:
                bill.read_units += table["CapacityUnits"]
            else:
                bill.write_units += table["CapacityUnits"]
        return answer

    with mock.patch.object(BaseClient, "_make_api_call", counted):
        yield bill
