"""List prices, all in one place. Change them here for another Region or a later date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.operations.counting import Operation

AS_OF = "November 2026, us-east-1, without free tiers and discounts"


@dataclass(frozen=True)
class Price:
    """One row of a price list, in dollars per million units."""

    what: str
    per_million: float


READ_UNIT = Price("DynamoDB on demand, read units", 0.125)
WRITE_UNIT = Price("DynamoDB on demand, write units", 0.625)
CALL = Price("API Gateway, REST API, calls", 3.50)
INVOCATION = Price("Lambda, invocations", 0.20)
GB_SECOND = Price("Lambda on arm64, GB-seconds", 13.3334)
QUEUE_CALL = Price("SQS standard, calls", 0.40)
MAIL = Price("SES, mails", 100.0)
LOG_KB = Price("CloudWatch Logs, KB ingested", 0.50)
PRICES = (READ_UNIT, WRITE_UNIT, CALL, INVOCATION, GB_SECOND, QUEUE_CALL, MAIL, LOG_KB)

# A message is sent, received and deleted.
_CALLS_PER_MESSAGE = 3

# Memory in GB and seconds for each function. The memory is that of .chalice/config.json. The
# seconds are assumptions, higher than what this code takes on a current core: nothing was timed
# on AWS. A password hash is added separately.
_GB = {"api": 1.0, "key_check": 0.25, "mail": 0.5}
SECONDS = {"api": 0.030, "key_check": 0.010, "mail": 0.060}
HASH_SECONDS = 0.090


@dataclass(frozen=True)
class Cost:
    """The cost of a million operations in dollars, by service."""

    database: float
    functions: float
    queue: float
    mails: float
    logs: float
    gateway: float

    @property
    def without_gateway(self) -> float:
        """All costs except API Gateway and mails, which could be sent another way."""
        return self.database + self.functions + self.queue + self.logs

    @property
    def whole(self) -> float:
        """All costs."""
        return self.without_gateway + self.mails + self.gateway


def cost(operation: Operation) -> Cost:
    """Price an operation from what was counted."""
    bill, invoked = operation.bill, operation.invocations
    invocations = sum(invoked.values())
    gb_seconds = sum(_GB[name] * SECONDS[name] * times for name, times in invoked.items())
    gb_seconds += _GB["api"] * HASH_SECONDS * operation.hashes
    return Cost(
        database=bill.read_units * READ_UNIT.per_million
        + bill.write_units * WRITE_UNIT.per_million,
        functions=invocations * INVOCATION.per_million + gb_seconds * GB_SECOND.per_million,
        queue=bill.messages * _CALLS_PER_MESSAGE * QUEUE_CALL.per_million,
        mails=bill.mails * MAIL.per_million,
        logs=operation.log_bytes / 1_000 * LOG_KB.per_million,
        gateway=max(invoked["api"], invoked["key_check"]) * CALL.per_million,
    )
