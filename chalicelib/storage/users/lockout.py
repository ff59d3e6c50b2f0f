"""The attempts at emails, from known browsers and from sources: read, then reserved.

All counts of an attempt are written in one transaction, on the condition that they are unchanged
since they were read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.errors import TooManyAttemptsError, UnavailableError
from chalicelib.domain.sign_in.lockout import (
    AttemptOrigin,
    AttemptRules,
    AttemptState,
    Reservation,
    SourceState,
)
from chalicelib.storage.dynamo.reading import read_alike
from chalicelib.storage.dynamo.rows import user_of
from chalicelib.storage.dynamo.tables import LimitRow, UserRow
from chalicelib.storage.dynamo.transaction import Transaction, write_one
from chalicelib.storage.users.lockout_counts import (
    clear,
    count,
    count_pair,
    keep,
    pair_of,
    state_of,
)
from chalicelib.storage.users.source_counts import count_source, lower_source, source_state_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.sign_in.attempt_keys import AttemptKeys
    from chalicelib.domain.sign_in.lockout import AttemptStep
    from chalicelib.domain.sign_in.source_pair import PairReservation, SourcePair
    from chalicelib.domain.user import User

# Of racing attempts at one email each round decides one. After the budget all are refused.
_TRIES = 100
_NOBODY = "nobody"
_FOR_GOOD = timedelta(days=36_500)


class _CountsChangedError(Exception):
    """The counts changed since they were read."""


@dataclass(frozen=True)
class AttemptRecord:
    """The counts that an attempt falls under, and its user, read in one request."""

    user: User | None
    keys: AttemptKeys
    address: AttemptState
    device: AttemptState
    source: SourceState
    pair: SourcePair

    def failures(self, origin: AttemptOrigin) -> int:
        """Return the failures in a row before this attempt, in the count that it falls under."""
        if origin is AttemptOrigin.NEW_BROWSER:
            return self.address.consecutive + self.pair.own.consecutive
        return self.single(origin)[1].consecutive

    def single(self, origin: AttemptOrigin) -> tuple[str, AttemptState]:
        """Return the count of an attempt that isn't counted by source."""
        if origin is AttemptOrigin.KNOWN_BROWSER:
            return self.keys.device, self.device
        return self.keys.address, self.address

    def report(self, made: Reservation, step: AttemptStep) -> dict[str, str]:
        """Return the details of a failed attempt, in one shape for every email."""
        return {
            "step": step.value,
            "checked": "yes" if made.granted else "",
            "locks": "yes" if made.locks else "",
            "stops": "yes" if made.stops else "",
            "device": self.keys.device,
        }


@dataclass(frozen=True)
class Attempts:
    """The counts of failed passwords."""

    connection: Connection
    rules: AttemptRules
    kept: timedelta

    def open(self, keys: AttemptKeys, user_id: str | None) -> AttemptRecord:
        """Read the counts and the user in one request, which takes as long for a user of None."""
        user, address, device, source, pair = read_alike(
            self.connection, (UserRow, user_id or _NOBODY, None), *_rows_of(keys)
        )
        read = user_of(user.row)
        return AttemptRecord(
            user=read if user.exists else None,
            keys=keys,
            address=state_of(address),
            device=state_of(device),
            source=source_state_of(source),
            pair=pair_of(pair),
        )

    def look(self, key: str) -> AttemptState:
        """Read one count, for operators."""
        (found,) = read_alike(self.connection, (LimitRow, key, None))
        return state_of(found)

    def reserve(
        self, attempt_record: AttemptRecord, now: datetime, origin: AttemptOrigin
    ) -> Reservation:
        """Count an attempt before its password is checked; raises TooManyAttemptsError.

        A source over its limit is refused before it can count against a user.
        """
        for _ in range(_TRIES):
            try:
                with Transaction(self.connection, _CountsChangedError) as tx:
                    made = self._count(tx, attempt_record, now, origin)
            except _CountsChangedError:
                attempt_record = self._again(attempt_record)
            else:
                return made
        raise UnavailableError

    def keep_stopped(self, keys: Iterable[str], now: datetime) -> bool:
        """Keep the full ones of these counts, and return whether there are any.

        DynamoDB deletes counts that are long untouched. A full count of a user must stay, or their
        stopped password would work again (`B4`). Counts of unknown emails may go.
        """
        full = LimitRow.consecutive >= self.rules.consecutive
        held = [_holds(LimitRow(key), full, now + _FOR_GOOD) for key in keys]
        return any(held)

    def forgive(self, attempt_record: AttemptRecord, now: datetime, origin: AttemptOrigin) -> None:
        """Take back an attempt that succeeded: clear its counts and lower its source's."""
        with Transaction(self.connection) as tx:
            self.forgive_parts(tx, attempt_record, now, origin)

    def forgive_parts(
        self,
        tx: Transaction,
        attempt_record: AttemptRecord,
        now: datetime,
        origin: AttemptOrigin,
    ) -> None:
        """Add the same to a transaction, such as the one that starts a session."""
        if origin is not AttemptOrigin.NEW_BROWSER:
            clear(tx, attempt_record.single(origin)[0], now)
            return
        for key in (attempt_record.keys.address, attempt_record.keys.pair):
            clear(tx, key, now)
        lower_source(tx, attempt_record.keys.source, now, self.rules)

    def _count(
        self, tx: Transaction, attempt_record: AttemptRecord, now: datetime, origin: AttemptOrigin
    ) -> Reservation:
        """Decide from the read counts what an attempt may do, and count it if they still hold."""
        kept_until = now + self.kept
        if origin is AttemptOrigin.NEW_BROWSER:
            self._refuse_blocked(attempt_record.source, now)
            tried = attempt_record.pair.reserve(attempt_record.address, now, self.rules)
            _count_tried(tx, attempt_record, tried, kept_until)
            count_source(tx, attempt_record.keys.source, attempt_record.source, now, self.rules)
            return tried.made
        subject, state = attempt_record.single(origin)
        made = state.reserve(now, self.rules)
        count(tx, subject, state, made, kept_until)
        return made

    def _refuse_blocked(self, source: SourceState, now: datetime) -> None:
        until = source.blocked_until(now, self.rules)
        if until is not None:
            raise TooManyAttemptsError(max(1, math.ceil((until - now).total_seconds())))

    def _again(self, attempt_record: AttemptRecord) -> AttemptRecord:
        rows = read_alike(self.connection, *_rows_of(attempt_record.keys))
        address, device, source, pair = rows
        return replace(
            attempt_record,
            address=state_of(address),
            device=state_of(device),
            source=source_state_of(source),
            pair=pair_of(pair),
        )


def _rows_of(keys: AttemptKeys) -> tuple[tuple[type[LimitRow], str, None], ...]:
    subjects = (keys.address, keys.device, keys.source, keys.pair)
    return tuple((LimitRow, subject, None) for subject in subjects)


def _count_tried(
    tx: Transaction,
    attempt_record: AttemptRecord,
    tried: PairReservation,
    kept_until: datetime,
) -> None:
    keys = attempt_record.keys
    if tried.at_email is not None:
        count(tx, keys.address, attempt_record.address, tried.at_email, kept_until)
    else:
        # The email's count stays as it is, but a lockout written meanwhile applies here too.
        keep(tx, keys.address, attempt_record.address, kept_until)
    count_pair(tx, keys.pair, attempt_record.pair, tried, kept_until)


def _holds(row: LimitRow, condition: Condition, ttl: datetime) -> bool:
    return write_one(lambda: row.update(actions=[LimitRow.ttl.set(ttl)], condition=condition))
