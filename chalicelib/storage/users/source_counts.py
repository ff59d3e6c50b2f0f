"""The attempts of one source at any email, in their row: read, counted and lowered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.sign_in.lockout import SourceState
from chalicelib.storage.dynamo.tables import LimitRow

if TYPE_CHECKING:
    from datetime import datetime

    from pynamodb.expressions.update import Action

    from chalicelib.domain.sign_in.lockout import AttemptRules
    from chalicelib.storage.dynamo.decoding import Found
    from chalicelib.storage.dynamo.transaction import Transaction


def source_state_of(count: Found) -> SourceState:
    """Read the count of a source; a missing one is empty."""
    state = SourceState(count.row.began_at, int(count.row.hits or 0))
    return state if count.exists else SourceState()


def count_source(
    tx: Transaction, key: str, source: SourceState, now: datetime, rules: AttemptRules
) -> None:
    """Add an attempt to a source, or start its next window."""
    if source.is_running(now, rules):
        actions: list[Action] = [LimitRow.hits.add(1)]
        condition = (LimitRow.began_at == source.began_at) & (LimitRow.hits < rules.source_failures)
    else:
        actions = [
            LimitRow.began_at.set(now),
            LimitRow.hits.set(1),
            LimitRow.ttl.set(now + rules.source_window),
        ]
        condition = (
            LimitRow.began_at == source.began_at
            if source.began_at
            else LimitRow.began_at.does_not_exist()
        )
    tx.update(LimitRow(key), actions=actions, condition=condition)


def lower_source(tx: Transaction, key: str, now: datetime, rules: AttemptRules) -> None:
    """Take back an attempt that succeeded.

    Without a condition: if the window has ended meanwhile, the next attempt sets the count anew.
    """
    tx.update(
        LimitRow(key),
        actions=[
            LimitRow.hits.add(-1),
            LimitRow.ttl.set(LimitRow.ttl | (now + rules.source_window)),
        ],
    )
