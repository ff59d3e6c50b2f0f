"""Transactions over several tables, and what their failures mean."""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, Any

from pynamodb.exceptions import DoesNotExist, TransactGetError, TransactWriteError
from pynamodb.expressions.operand import Path
from pynamodb.transactions import TransactGet, TransactWrite

from chalicelib.domain.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynamodb.connection.base import Connection
    from pynamodb.models import Model

_log = logging.getLogger(__name__)

_CONFLICT = "TransactionConflict"
_TRIES = 12
_PAUSE_SECONDS = 0.02


class ConditionFailedError(Exception):
    """A condition of a write did not hold; `failed` are the places of the parts that refused.

    Places count from 0 in the order checks, deletes, puts, updates, in which pynamodb sends them.
    """

    def __init__(self, failed: frozenset[int]) -> None:
        """Keep which parts refused."""
        super().__init__(f"parts {sorted(failed)} refused")
        self.failed = failed


def write_all(connection: Connection, add: Callable[[TransactWrite], None]) -> None:
    """Write all parts that `add` adds, or none; raises ConditionFailedError.

    DynamoDB cancels a transaction that meets another one on the same row; the loser of that race
    has decided nothing yet and tries again.
    """
    for attempt in range(_TRIES):
        try:
            with TransactWrite(connection=connection) as transaction:
                add(transaction)
        except TransactWriteError as error:
            codes = [reason.code if reason else "" for reason in error.cancellation_reasons]
            refused = frozenset(
                place for place, code in enumerate(codes) if code == "ConditionalCheckFailed"
            )
            if refused:
                raise ConditionFailedError(refused) from error
            if error.cause_response_code != "TransactionCanceledException":
                raise
            if _CONFLICT not in codes:
                _log.exception("transaction_canceled")
                raise UnavailableError from error
            _pause(attempt)
        else:
            return
    raise UnavailableError


def read_all(connection: Connection, *keys: tuple[type[Model], str, str | None]) -> list[Any]:
    """Read rows of any tables at one moment, in one request; a missing row is None."""
    for attempt in range(_TRIES):
        try:
            with TransactGet(connection=connection) as transaction:
                futures = [transaction.get(model, key, part) for model, key, part in keys]
        except TransactGetError as error:
            if _CONFLICT not in (error.cause_response_message or ""):
                raise
            _pause(attempt)
        else:
            return [_row(future) for future in futures]
    raise UnavailableError


def put_new(transaction: TransactWrite, row: Model) -> None:
    """Add a row that must not exist yet."""
    transaction.save(row, condition=Path(_hash_key_name(row)).does_not_exist())


def _hash_key_name(row: Model) -> str:
    return next(a.attr_name for a in row.get_attributes().values() if a.is_hash_key)


def _row(future: Any) -> Any:
    try:
        return future.get()
    except DoesNotExist:
        return None


def _pause(attempt: int) -> None:
    # Full jitter, so that racers don't meet again in step; no secret hangs on it.
    time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**min(attempt, 5)))  # noqa: S311
