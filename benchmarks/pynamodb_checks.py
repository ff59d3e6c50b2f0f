"""The key check with pynamodb's model, to compare the shipped one with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pynamodb.expressions.operand import Path

from chalicelib.domain.keys.api_key import KeyUse, minute_of
from chalicelib.storage.dynamo.tables import ApiKeyRow

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class PynamodbChecks:
    """Check and count in one update, as `KeyChecks` does; a refusal is pynamodb's own error."""

    limit: int

    def use(self, digest: str, now: datetime) -> KeyUse:
        """Check a key."""
        minute, seconds_left = minute_of(now)
        counter = Path([f"m{minute}"])
        row = ApiKeyRow(digest)
        answer = row.update(
            actions=[
                ApiKeyRow.last_used_at.set(now),
                counter.add(1),
                *(Path([f"m{minute - age}"]).remove() for age in range(12, 16)),
            ],
            condition=ApiKeyRow.digest.exists()
            & ApiKeyRow.revoked_at.does_not_exist()
            & (counter.does_not_exist() | (counter < self.limit)),
        )
        return KeyUse(
            account_id=row.account_id,
            key_id=row.key_id,
            limit=self.limit,
            remaining=self.limit - int(answer["Attributes"][f"m{minute}"]["N"]),
            seconds_left=seconds_left,
        )
