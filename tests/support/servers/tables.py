"""Tables for one test: made from the template that deploys them, and gone afterwards."""

from __future__ import annotations

import contextlib
import json
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.servers.engines import Engine


@contextlib.contextmanager
def fresh_tables(engine: Engine) -> Iterator[str]:
    """Create every table under a prefix of its own, and give the prefix."""
    from infra.stack.resources import table_definitions

    prefix = f"t{secrets.token_hex(4)}-"
    client = engine.client("dynamodb")
    for definition in table_definitions(prefix):
        client.create_table(**definition)
    yield prefix
    if engine.endpoint is None:
        # moto is emptied as a whole.
        return
    for name in client.list_tables()["TableNames"]:
        if name.startswith(prefix):
            client.delete_table(TableName=name)


def everything(engine: Engine, prefix: str) -> Mapping[str, list[str]]:
    """Read every row of every table, to be compared with a later reading."""
    client = engine.client("dynamodb")
    names = [name for name in client.list_tables()["TableNames"] if name.startswith(prefix)]
    return {name: sorted(map(_text, client.scan(TableName=name)["Items"])) for name in names}


def _text(item: Mapping[str, object]) -> str:
    return json.dumps(item, sort_keys=True, default=str)
