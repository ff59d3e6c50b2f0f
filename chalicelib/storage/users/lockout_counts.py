"""One count of failed passwords, in its row: read, counted on, lifted and cleared.

A row is never deleted before it is long untouched: `version` only grows, so what was read before a
count was cleared can't be taken for what stands there now.
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
# Where there is no lock, so that a count is as much to read and to write with one and without.
_NEVER = datetime.fromtimestamp(0, UTC)


def state_of(found: Found) -> AttemptState:
    """Read a count; one that was never made is empty."""
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
    """Read the count of a source at an email; a missing row's decoy is read alike."""
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
    """Write a reservation, if the count still is what it was decided on.

    Refusals needn't take turns: they hold for as long as nobody lifts them, and what they write
    stands there already. They write it because a granted attempt does. How long the row is kept is
    left as it is: a count that only a reset ends stays for good.
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
    """Write what an attempt from a new browser leaves in the row of its source at the email."""
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
    """Leave the pair as it is, by a write of about the work of a counted attempt.

    With a smaller write an attempt at a locked email would take measurably less work.
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
    """Leave a count as it was read, or refuse; a write like any other."""
    actions: list[Action] = [LimitRow.ttl.set(LimitRow.ttl | kept_until)]
    tx.update(LimitRow(key), actions=actions, condition=_unchanged(before.version))


def lift_pair(tx: Transaction, key: str, now: datetime) -> None:
    """End the lock of a source at an email; what it did to the email before isn't forgotten.

    Its long count ends too: nobody hears of it but by a mail, so a mailed link has to help.
    """
    _lift(tx, key, now, LimitRow.consecutive.remove())


def lift(tx: Transaction, key: str, now: datetime) -> None:
    """End a lock and begin a new budget; the count of consecutive failures stays."""
    _lift(tx, key, now)


def clear(tx: Transaction, key: str, now: datetime) -> None:
    """Forget every failure."""
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
        # Where nothing was counted, this makes a row; it must not stay.
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
