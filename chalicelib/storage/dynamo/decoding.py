"""Decodes rows from DynamoDB's answers, and decoys where a row is missing.

Without a decoy a missing row takes no time to decode, and enough samples would show which emails
have a user. Where that must stay hidden, a decoy of the usual shape is decoded instead, from JSON
on, as the row would have been (`B3`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from pynamodb.attributes import MapAttribute

from chalicelib.domain.roles import Role
from chalicelib.domain.user import Membership
from chalicelib.storage.dynamo.rows import membership_map
from chalicelib.storage.dynamo.tables import DomainRow, EmailRow, LimitRow, SignUpRow, UserRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynamodb.models import Model

    Item = dict[str, dict[str, Any]]
    # An attribute's name in Python, its name in the table, and the function that reads its value.
    Reader = tuple[str, str, Callable[[dict[str, Any]], Any]]

_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
_ID = "0" * 32
_ADDRESS = "nobody@decoy.invalid"
_HASH = f"1$argon2id$v=19$m=47104,t=1,p=1${'A' * 22}${'A' * 43}"


@dataclass(frozen=True)
class Found:
    """A row, or the decoy that was decoded instead."""

    row: Any
    exists: bool


def row_of(model: type[Model], item: Item) -> Any:
    """Decode a row as pynamodb does, without defaults, which our models don't have.

    pynamodb sets each attribute through a descriptor, twice, which takes three times as long.
    """
    row = model.__new__(model)
    row.attribute_values = {
        name: read(item[stored]) for name, stored, read in _readers(model) if stored in item
    }
    return row


def found(model: type[Model], item: Item | None) -> Found:
    """Decode a row, or a decoy where it is missing."""
    if item is None:
        return Found(row_of(model, json.loads(_decoys()[model])), exists=False)
    return Found(row_of(model, item), exists=True)


@cache
def _readers(model: type[Model]) -> tuple[Reader, ...]:
    attributes = model.get_attributes().items()
    return tuple((name, attribute.attr_name, _reader(attribute)) for name, attribute in attributes)


def _reader(attribute: Any) -> Callable[[dict[str, Any]], Any]:
    def read(value: dict[str, Any]) -> Any:
        if "NULL" in value:
            return None
        content = attribute.deserialize(attribute.get_value(value))
        return MapAttribute(**content) if is_map else content

    is_map = isinstance(attribute, MapAttribute)
    return read


@cache
def _decoys() -> dict[type[Model], str]:
    membership = Membership(f"acc_{_ID}", "Nobody's", Role.OWNER, grant=f"grt_{_ID}")
    user = UserRow(
        f"usr_{_ID}",
        email=_ADDRESS,
        name="Nobody",
        created_at=_LONG_AGO,
        credentials_version=1,
        password_hash=_HASH,
        memberships={membership.account_id: membership_map(membership)},
        signed_in_version=1,
    )
    sign_up = SignUpRow(
        _ADDRESS,
        "latest",
        sign_up_id=f"sup_{_ID}",
        name="Nobody",
        account_name="Nobody's",
        password_hash=_HASH,
        browser_digest=_ID * 2,
        created_at=_LONG_AGO,
        ttl=_LONG_AGO,
    )
    count = LimitRow(
        f"address#{_ID * 2}",
        version=1,
        failed_at=[_LONG_AGO.timestamp()],
        locked_until=_LONG_AGO,
        consecutive=1,
        ttl=_LONG_AGO,
    )
    rows: list[Model] = [
        user,
        sign_up,
        count,
        EmailRow(_ADDRESS, user_id=user.user_id),
        DomainRow("decoy.invalid", account_id=f"acc_{_ID}", connection_id=f"con_{_ID}", enforced=0),
    ]
    return {type(row): json.dumps(row.to_dynamodb_dict()) for row in rows}
