"""One count of failed passwords in its row: read, raised, lifted and cleared.

A row is only deleted when it is long untouched. Its `version` only grows, so a count that was read
before it was cleared can't be mistaken for the present one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.sign_in.lockout import AttemptState, Reservation
from chalicelib.domain.sign_in.source_pair import SourcePair
from chalicelib.storage.dynamo.tables import LimitRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.domain.sign_in.source_pair import PairReservation
    from chalicelib.storage.dynamo.decoding import Found
    from chalicelib.storage.dynamo.transaction import Transaction

_EMPTY_KEPT = timedelta(days=1)
# Stored when there is no lockout, so that a count with one costs as much to read and write.
_NEVER = datetime.fromtimestamp(0, UTC)


def state_of(found: Found) -> AttemptState:
    """Read a count; a missing one is empty."""
    row = found.row
    locked_until = row.locked_until
    state = AttemptState(
        failures=tuple(datetime.fromtimestamp(at, UTC) for at in row.failed_at or ()),
        locked_until=None if locked_until == _NEVER else locked_until,
        consecutive=int(row.consecutive or 0),
        version=int(row.version or 0),
    )
    return state if found.exists else AttemptState()


def pair_of(found: Found) -> SourcePair:
    """Read the count of a source at an email; the decoy of a missing row is read too."""
    row = found.row
    pair = SourcePair(
        own=state_of(found),
        added=int(row.added or 0),
        caused_lock=bool(row.caused_lock),
        level=int(row.level or 0),
    )
    return pair if found.exists else SourcePair()


def count(
    tx: Transaction,
    key: str,
    before: AttemptState,
    made: Reservation,
    kept_until: datetime,
    more: Sequence[Action] = (),
) -> None:
    """Write a reservation, if the count is unchanged since it was read.

    A refused attempt writes the values that are stored already, because a granted one writes too.
    So refusals needn't be ordered: they are right until the lockout is lifted. They leave the row's
    ttl, so that a count that only a reset ends stays for good.
    """
    after, ttl = made.state, LimitRow.ttl
    actions: list[Action] = [
        LimitRow.version.add(1),
        LimitRow.failed_at.set([at.timestamp() for at in after.failures]),
        LimitRow.consecutive.set(after.consecutive),
        LimitRow.locked_until.set(after.locked_until or _NEVER),
        ttl.set(kept_until if made.granted else ttl | kept_until),
        *more,
    ]
    condition = _unchanged(before.version) if made.granted else _still_refused(before)
    tx.update(LimitRow(key), actions=actions, condition=condition)


def count_pair(
    tx: Transaction,
    key: str,
    before: SourcePair,
    made: PairReservation,
    kept_until: datetime,
) -> None:
    """Write an attempt from a new browser to the count of its source at the email."""
    after = made.pair
    if made.at_email is not None and not made.at_email.granted:
        _keep_pair(tx, key, kept_until)
        return
    counted = made.at_pair or Reservation(after.own, granted=True)
    more = [
        LimitRow.added.set(after.added),
        LimitRow.caused_lock.set(int(after.caused_lock)),
        LimitRow.level.set(after.level),
    ]
    count(tx, key, before.own, counted, kept_until, more)


def _keep_pair(tx: Transaction, key: str, kept_until: datetime) -> None:
    """Write the pair's row without changing it, with about the work of a counted attempt.

    With a smaller write an attempt at a locked email would take measurably less time.
    """
    kept: list[tuple[Any, Any]] = [
        (LimitRow.failed_at, []),
        (LimitRow.consecutive, 0),
        (LimitRow.locked_until, _NEVER),
        (LimitRow.added, 0),
        (LimitRow.caused_lock, 0),
        (LimitRow.ttl, kept_until),
    ]
    tx.update(
        LimitRow(key), [attribute.set(attribute | otherwise) for attribute, otherwise in kept]
    )


def keep(tx: Transaction, key: str, before: AttemptState, kept_until: datetime) -> None:
    """Write a count without changing it, and fail if it changed since it was read."""
    actions: list[Action] = [LimitRow.ttl.set(LimitRow.ttl | kept_until)]
    tx.update(LimitRow(key), actions=actions, condition=_unchanged(before.version))


def lift_pair(tx: Transaction, key: str, now: datetime) -> None:
    """End the lockout of a source at an email, but not the record of lockouts that it caused.

    Its count of failures in a row ends too: only a mail reports it, so the mailed link has to help.
    """
    _lift(tx, key, now, LimitRow.consecutive.remove())


def lift(tx: Transaction, key: str, now: datetime) -> None:
    """End a lockout and start a new budget; the count of failures in a row stays."""
    _lift(tx, key, now)


def clear(tx: Transaction, key: str, now: datetime) -> None:
    """Clear every failure."""
    actions = [
        LimitRow.failed_at.remove(),
        LimitRow.locked_until.remove(),
        LimitRow.consecutive.remove(),
        LimitRow.added.remove(),
        LimitRow.caused_lock.remove(),
        LimitRow.level.remove(),
        LimitRow.version.add(1),
        LimitRow.ttl.set(now + _EMPTY_KEPT),
    ]
    tx.update(LimitRow(key), actions=actions)


def _lift(tx: Transaction, key: str, now: datetime, *more: Action) -> None:
    actions = [
        LimitRow.failed_at.remove(),
        LimitRow.locked_until.remove(),
        *more,
        LimitRow.version.add(1),
        # Without an earlier count this creates a row, which must not stay.
        LimitRow.ttl.set(LimitRow.ttl | (now + _EMPTY_KEPT)),
    ]
    tx.update(LimitRow(key), actions=actions)


def _unchanged(version: int) -> Condition:
    condition: Condition = (
        LimitRow.version == version if version else LimitRow.version.does_not_exist()
    )
    return condition


def _still_refused(before: AttemptState) -> Condition:
    condition: Condition = (
        LimitRow.locked_until == before.locked_until
        if before.locked_until is not None
        else LimitRow.consecutive == before.consecutive
    )
    return condition
