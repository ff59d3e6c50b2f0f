"""Conditional writes that name the error to raise when a condition fails.

`Transaction` writes several rows together; `write_one` writes a single row. Both raise the error
that the failed part names, so no store reads positions or error codes out of DynamoDB's answers.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from pynamodb.exceptions import DeleteError, PutError, TransactWriteError, UpdateError
from pynamodb.expressions.operand import Path
from pynamodb.transactions import TransactWrite

from chalicelib.domain.errors import ConflictError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action
    from pynamodb.models import Model

    # An error class, or a function that makes an error with its details.
    Otherwise = Callable[[], Exception]

_log = logging.getLogger(__name__)

_CONDITION_FAILED = "ConditionalCheckFailed"
_CONFLICT = "TransactionConflict"
_TRIES = 12
_PAUSE_SECONDS = 0.02
# pynamodb sends the parts of a transaction grouped in this order, and DynamoDB answers in it.
_CHECK, _DELETE, _PUT, _UPDATE = range(4)


@dataclass(frozen=True)
class _Part:
    kind: int
    add: Callable[[TransactWrite], None]
    otherwise: Otherwise | None


@dataclass
class Transaction:
    """Rows that DynamoDB writes together or not at all.

    Used as a context account_admin: the write happens when the block ends without an error. When
    conditions fail, the error of the first failed part is raised, in the order in which the parts
    were added. A part that names no error raises the transaction's own, `otherwise`.
    """

    connection: Connection
    otherwise: Otherwise = ConflictError
    _parts: list[_Part] = field(default_factory=list)

    def check(
        self,
        model: type[Model],
        hash_key: str,
        range_key: str | None = None,
        *,
        condition: Condition,
        otherwise: Otherwise | None = None,
    ) -> None:
        """Require a condition of a row that the transaction doesn't write."""

        def add(write: TransactWrite) -> None:
            write.condition_check(model, hash_key, range_key, condition=condition)

        self._parts.append(_Part(_CHECK, add, otherwise))

    def put(
        self,
        row: Model,
        condition: Condition | None = None,
        otherwise: Otherwise | None = None,
    ) -> None:
        """Write a whole row."""

        def add(write: TransactWrite) -> None:
            write.save(row, condition=condition)

        self._parts.append(_Part(_PUT, add, otherwise))

    def put_new(self, row: Model, otherwise: Otherwise | None = None) -> None:
        """Write a row that must not exist yet."""
        self.put(row, absent(row), otherwise)

    def update(
        self,
        row: Model,
        actions: Sequence[Action],
        condition: Condition | None = None,
        otherwise: Otherwise | None = None,
    ) -> None:
        """Change attributes of a row."""

        def add(write: TransactWrite) -> None:
            write.update(row, actions=list(actions), condition=condition)

        self._parts.append(_Part(_UPDATE, add, otherwise))

    def delete(
        self,
        row: Model,
        condition: Condition | None = None,
        otherwise: Otherwise | None = None,
    ) -> None:
        """Remove a row."""

        def add(write: TransactWrite) -> None:
            write.delete(row, condition=condition)

        self._parts.append(_Part(_DELETE, add, otherwise))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self._commit()

    def _commit(self) -> None:
        """Write all parts.

        DynamoDB cancels a transaction that meets another one on the same row. The loser has
        decided nothing yet, so it tries again.
        """
        for attempt in range(_TRIES):
            try:
                with TransactWrite(connection=self.connection) as write:
                    for part in self._parts:
                        part.add(write)
            except TransactWriteError as error:
                self._judge(error)
                pause(attempt)
            else:
                return
        raise UnavailableError

    def _judge(self, error: TransactWriteError) -> None:
        """Raise what a cancelled transaction means, unless it should be tried again."""
        codes = [reason.code if reason else "" for reason in error.cancellation_reasons]
        sent = sorted(range(len(self._parts)), key=lambda place: self._parts[place].kind)
        failed = [
            place for place, code in zip(sent, codes, strict=False) if code == _CONDITION_FAILED
        ]
        if failed:
            refusal = self._parts[min(failed)].otherwise or self.otherwise
            raise refusal() from error
        if error.cause_response_code != "TransactionCanceledException":
            raise error
        if _CONFLICT not in codes:
            _log.exception("transaction_canceled")
            raise UnavailableError from error


def write_one(write: Callable[[], Any], otherwise: Otherwise | None = None) -> bool:
    """Run one conditional write of a single row, such as `row.update` or `row.save`.

    When its condition fails, raise `otherwise`, or return False where there is none.
    """
    try:
        write()
    except (PutError, UpdateError, DeleteError) as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        if otherwise is not None:
            raise otherwise() from error
        return False
    return True


def absent(row: Model) -> Condition:
    """Return the condition that a row doesn't exist yet."""
    name = next(a.attr_name for a in row.get_attributes().values() if a.is_hash_key)
    condition: Condition = Path(name).does_not_exist()
    return condition


def pause(attempt: int) -> None:
    """Wait before a retry, with full jitter, so that racers don't meet again in step."""
    time.sleep(random.uniform(0, _PAUSE_SECONDS * 2 ** min(attempt, 5)))  # noqa: S311 - not a secret
