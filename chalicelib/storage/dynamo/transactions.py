"""Reading and writing rows of several tables in one request."""

from __future__ import annotations

import logging
import random
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.operand import Path
from pynamodb.transactions import TransactWrite

from chalicelib.domain.errors import UnavailableError
from chalicelib.storage.dynamo.decoding import found, row_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pynamodb.connection.base import Connection
    from pynamodb.models import Model

    from chalicelib.storage.dynamo.decoding import Found, Item

    # Which row: its model, its hash key, and its range key where there is one.
    Key = tuple[type[Model], str, str | None]
    # A table's name and the values of a key.
    Place = tuple[str, ...]

_log = logging.getLogger(__name__)

_CONFLICT = "TransactionConflict"
_TRIES = 12
# What one BatchGetItem takes.
_BATCH = 100
_PAUSE_SECONDS = 0.02


class ConditionFailedError(Exception):
    """A condition of a write did not hold; `failed` are the places of the parts that refused.

    Places count from 0 in the order checks, deletes, puts, updates, in which pynamodb sends them.
    """

    def __init__(self, failed: frozenset[int]) -> None:
        """Keep which parts refused."""
        super().__init__(f"parts {sorted(failed)} refused")
        self.failed = failed


def nothing_more(_: TransactWrite) -> None:
    """Add no part: what a store's caller adds that has nothing to add."""


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


def read_all(connection: Connection, *keys: Key) -> list[Any]:
    """Read rows of any tables strongly, in one request; a missing row is None.

    A batch rather than a transaction: half the price, and a write to one of the rows at the same
    time doesn't cancel it.
    """
    items = _items(connection, keys)
    return [
        None if item is None else row_of(model, item)
        for (model, *_), item in zip(keys, items, strict=True)
    ]


def read_many(connection: Connection, keys: Iterable[Key]) -> Iterator[Any]:
    """Read any number of rows strongly, in their order, one request for each hundred.

    A missing row is None. Each hundred is read when it is come to, so that few are held at once.
    """
    rest = iter(keys)
    while batch := tuple(islice(rest, _BATCH)):
        yield from read_all(connection, *batch)


def read_alike(connection: Connection, *keys: Key) -> list[Found]:
    """Read the same, and for a missing row a decoy, so that both take the same time."""
    items = _items(connection, keys)
    return [found(model, item) for (model, *_), item in zip(keys, items, strict=True)]


def put_new(transaction: TransactWrite, row: Model) -> None:
    """Add a row that must not exist yet."""
    transaction.save(row, condition=Path(_hash_key_name(row)).does_not_exist())


def _hash_key_name(row: Model) -> str:
    return next(a.attr_name for a in row.get_attributes().values() if a.is_hash_key)


def _items(connection: Connection, keys: tuple[Key, ...]) -> list[Item | None]:
    answered: dict[Place, Item] = {}
    pending = _batch(keys)
    for attempt in range(_TRIES):
        answer = connection.dispatch("BatchGetItem", {"RequestItems": pending})
        for table, items in answer["Responses"].items():
            names = tuple(pending[table]["Keys"][0])
            answered.update({_place(table, names, item): item for item in items})
        pending = answer.get("UnprocessedKeys") or {}
        if not pending:
            wanted = ((model.Meta.table_name, _key(model, key, part)) for model, key, part in keys)
            return [answered.get(_place(table, tuple(key), key)) for table, key in wanted]
        _pause(attempt)
    raise UnavailableError


def _batch(keys: tuple[Key, ...]) -> dict[str, Any]:
    batch: dict[str, Any] = {}
    for model, key, part in keys:
        request = batch.setdefault(model.Meta.table_name, {"Keys": [], "ConsistentRead": True})
        request["Keys"].append(_key(model, key, part))
    return batch


def _key(model: type[Model], key: str, part: str | None) -> dict[str, dict[str, str]]:
    attributes = model.get_attributes().values()
    names = {a.attr_name: key for a in attributes if a.is_hash_key}
    names |= {a.attr_name: part for a in attributes if a.is_range_key and part is not None}
    return {name: {"S": value} for name, value in names.items()}


def _place(table: str, names: tuple[str, ...], item: Item) -> Place:
    return table, *(item[name]["S"] for name in names)


def _pause(attempt: int) -> None:
    # Full jitter, so that racers don't meet again in step; no secret hangs on it.
    time.sleep(random.uniform(0, _PAUSE_SECONDS * 2 ** min(attempt, 5)))  # noqa: S311
