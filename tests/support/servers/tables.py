"""Tables for one test: made from the template that deploys them, and gone afterwards."""

from __future__ import annotations

import contextlib
import json
import secrets
from typing import TYPE_CHECKING

from tests.support.servers.engines import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.servers.engines import Engine

# Of the first tables in an empty moto.
FIRST_PREFIX = "t00000000-"


@contextlib.contextmanager
def fresh_tables(engine: Engine) -> Iterator[str]:
    """Create every table under a prefix of its own, and give the prefix."""
    if engine.endpoint is None:
        # moto is emptied as a whole.
        yield _tables_in_moto(engine)
        return
    prefix = f"t{secrets.token_hex(4)}-"
    _create(engine, prefix)
    yield prefix
    client = engine.client("dynamodb")
    for name in client.list_tables()["TableNames"]:
        if name.startswith(prefix):
            client.delete_table(TableName=name)


def _create(engine: Engine, prefix: str) -> None:
    from infra.stack.resources import table_definitions

    client = engine.client("dynamodb")
    for definition in table_definitions(prefix):
        client.create_table(**definition)


# Empty tables, by their prefix.
_copies: dict[str, bytes] = {}


def _tables_in_moto(engine: Engine) -> str:
    """Create them once, and from then on add copies, since creating them takes 20 ms."""
    from tests.support.servers import moto_state

    prefix = f"t{moto_state.number_of_tables(REGION):08}-"
    if prefix in _copies:
        moto_state.unpack(REGION, _copies[prefix])
        return prefix
    _create(engine, prefix)
    names = engine.client("dynamodb").list_tables()["TableNames"]
    ours = [name for name in names if name.startswith(prefix)]
    _copies[prefix] = moto_state.packed(REGION, ours)
    return prefix


def everything(engine: Engine, prefix: str) -> Mapping[str, list[str]]:
    """Read every row of every table, to be compared with a later reading."""
    client = engine.client("dynamodb")
    names = [name for name in client.list_tables()["TableNames"] if name.startswith(prefix)]
    return {name: sorted(map(_text, client.scan(TableName=name)["Items"])) for name in names}


def _text(item: Mapping[str, object]) -> str:
    return json.dumps(item, sort_keys=True, default=str)
