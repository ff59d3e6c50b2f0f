"""One count of failed passwords, in its row: read, counted on, lifted and cleared.

A row is never deleted before it is long untouched: `version` only grows, so what was read before a
count was cleared can't be taken for what stands there now.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.attempts import AttemptState
from chalicelib.storage.tables import LimitRow

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action
    from pynamodb.transactions import TransactWrite

    from chalicelib.domain.attempts import Reservation

_EMPTY_KEPT = timedelta(days=1)


def state_of(row: LimitRow | None) -> AttemptState:
    """Read a count; one that was never made is empty."""
    if row is None:
        return AttemptState()
    return AttemptState(
        failures=tuple(datetime.fromtimestamp(at, UTC) for at in row.failures or ()),
        locked_until=row.locked_until,
        consecutive=int(row.consecutive or 0),
        version=int(row.version or 0),
    )


def count(
    transaction: TransactWrite,
    key: str,
    before: AttemptState,
    made: Reservation,
    kept: timedelta,
) -> None:
    """Write a reservation, if the count still is what it was decided on."""
    after = made.state
    if made.granted:
        lock = LimitRow.locked_until
        actions: list[Action] = [
            LimitRow.version.set(after.version),
            LimitRow.failures.set([at.timestamp() for at in after.failures]),
            LimitRow.consecutive.set(after.consecutive),
            LimitRow.ttl.set(after.failures[-1] + kept),
            lock.set(after.locked_until) if after.locked_until else lock.remove(),
        ]
        condition = _unchanged(before.version)
    else:
        # Refusals needn't take turns: they hold for as long as nobody lifts them.
        actions = [LimitRow.version.add(1)]
        condition = _still_refused(before)
    transaction.update(LimitRow(key), actions=actions, condition=condition)


def lift(transaction: TransactWrite, key: str, now: datetime) -> None:
    """End a lock and begin a new budget; the count of consecutive failures stays."""
    actions = [
        LimitRow.failures.remove(),
        LimitRow.locked_until.remove(),
        LimitRow.version.add(1),
        # Where nothing was counted, this makes a row; it must not stay.
        LimitRow.ttl.set(LimitRow.ttl | (now + _EMPTY_KEPT)),
    ]
    transaction.update(LimitRow(key), actions=actions)


def clear(transaction: TransactWrite, key: str, now: datetime) -> None:
    """Forget every failure."""
    actions = [
        LimitRow.failures.remove(),
        LimitRow.locked_until.remove(),
        LimitRow.consecutive.remove(),
        LimitRow.version.add(1),
        LimitRow.ttl.set(now + _EMPTY_KEPT),
    ]
    transaction.update(LimitRow(key), actions=actions)


def _unchanged(version: int) -> Condition:
    condition: Condition = (
        LimitRow.version == version if version else LimitRow.subject.does_not_exist()
    )
    return condition


def _still_refused(before: AttemptState) -> Condition:
    condition: Condition = (
        LimitRow.locked_until == before.locked_until
        if before.locked_until is not None
        else LimitRow.consecutive == before.consecutive
    )
    return condition
