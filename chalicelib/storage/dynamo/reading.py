"""Reads rows of several tables in one request."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.domain.errors import UnavailableError
from chalicelib.storage.dynamo.decoding import found, row_of
from chalicelib.storage.dynamo.transaction import pause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pynamodb.connection.base import Connection
    from pynamodb.models import Model

    from chalicelib.storage.dynamo.decoding import Found, Item

    # The key of a row: its model, its hash key, and its range key if there is one.
    Key = tuple[type[Model], str, str | None]
    # A table's name and the values of a key.
    Place = tuple[str, ...]

_TRIES = 12
# The limit of one BatchGetItem.
_BATCH = 100


def read_all(connection: Connection, *keys: Key) -> list[Any]:
    """Read rows of any tables with strong consistency, in one request; a missing row is None.

    A batch costs half as much as a transaction, and a concurrent write to one of the rows doesn't
    cancel it.
    """
    items = _items(connection, keys)
    return [
        None if item is None else row_of(model, item)
        for (model, *_), item in zip(keys, items, strict=True)
    ]


def read_many(connection: Connection, keys: Iterable[Key]) -> Iterator[Any]:
    """Read any number of rows strongly, in their order, with one request per hundred.

    A missing row is None. Each hundred is read when it is reached, so that memory holds few rows.
    """
    rest = iter(keys)
    while batch := tuple(islice(rest, _BATCH)):
        yield from read_all(connection, *batch)


def read_alike(connection: Connection, *keys: Key) -> list[Found]:
    """Read rows, with a decoy for each missing one, so that both take the same time."""
    items = _items(connection, keys)
    return [found(model, item) for (model, *_), item in zip(keys, items, strict=True)]


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
        pause(attempt)
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
