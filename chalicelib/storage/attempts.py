"""The attempts at addresses, from known browsers and from sources: read, then reserved.

Both counts of an attempt are written in one transaction, with the condition that they still are
what the decision was made on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from pynamodb.exceptions import UpdateError

from chalicelib.domain.addresses import source_of
from chalicelib.domain.attempts import AttemptRules, AttemptState, Reservation, SourceState
from chalicelib.domain.errors import TooManyAttemptsError, UnavailableError
from chalicelib.storage.attempt_counts import clear, count, state_of
from chalicelib.storage.rows import user_of
from chalicelib.storage.tables import LimitRow, UserRow
from chalicelib.storage.transactions import ConditionFailedError, read_alike, write_all

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pynamodb.connection.base import Connection
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action
    from pynamodb.transactions import TransactWrite

    from chalicelib.domain.addresses import AddressKeys
    from chalicelib.domain.attempts import AttemptStep
    from chalicelib.domain.devices import Device
    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.people import User
    from chalicelib.domain.sessions import Client
    from chalicelib.storage.decoding import Found

# Racers for one address take turns; each turn decides one, and after the budget all are refused.
_TRIES = 100
_NOBODY = "nobody"
_FOR_GOOD = timedelta(days=36_500)


@dataclass(frozen=True)
class AttemptKeys:
    """Where an attempt counts: keyed hashes, made the same for known and unknown addresses."""

    address: str
    device: str
    source: str


@dataclass(frozen=True)
class AttemptKeyMaker:
    """Makes the keys of an attempt; only the deployment's secret can make the same ones."""

    keys: AddressKeys

    def of(self, email: EmailAddress, device: Device | None, client: Client) -> AttemptKeys:
        """Key an address, a known browser at it, and where the attempt comes from (`G5`)."""
        return AttemptKeys(
            address=self.address(email),
            device=f"device#{self.keys.of(device.id)}" if device else self.no_device,
            source=f"source#{self.keys.of(source_of(client.address))}",
        )

    def address(self, email: EmailAddress) -> str:
        """Key an address alone."""
        return f"address#{self.keys.of(email.value)}"

    @property
    def no_device(self) -> str:
        """The key that stands where no known browser asks; nothing counts under it."""
        return f"device#{self.keys.of('')}"


@dataclass(frozen=True)
class Ledger:
    """What stands against an attempt, and the user it is about, read in one request."""

    user: User | None
    keys: AttemptKeys
    address: AttemptState
    device: AttemptState
    source: SourceState

    def failures(self, *, known_device: bool) -> int:
        """Count the failures in a row before this attempt, where it counts itself."""
        return (self.device if known_device else self.address).consecutive

    def report(self, made: Reservation, step: AttemptStep) -> dict[str, str]:
        """Tell the worker of a failed attempt, in a message of one shape for everybody."""
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

    def open(self, keys: AttemptKeys, user_id: str | None) -> Ledger:
        """Read the counts and the user in one request, and in one time, also for a user of None."""
        user, address, device, source = read_alike(
            self.connection,
            (UserRow, user_id or _NOBODY, None),
            (LimitRow, keys.address, None),
            (LimitRow, keys.device, None),
            (LimitRow, keys.source, None),
        )
        person = user_of(user.row)
        return Ledger(
            user=person if user.exists else None,
            keys=keys,
            address=state_of(address),
            device=state_of(device),
            source=_source_of(source),
        )

    def look(self, key: str) -> AttemptState:
        """Read one count, for whoever helps the person."""
        (found,) = read_alike(self.connection, (LimitRow, key, None))
        return state_of(found)

    def reserve(self, ledger: Ledger, now: datetime, *, known_device: bool) -> Reservation:
        """Count an attempt before its password is checked; raises TooManyAttemptsError.

        The budget is the known browser's own, or else the address's. A source over its limit is
        refused before it can count against anybody.
        """
        subject = ledger.keys.device if known_device else ledger.keys.address
        state = ledger.device if known_device else ledger.address
        source = ledger.source
        for _ in range(_TRIES):
            self._refuse_blocked(source, now)
            reservation = state.reserve(now, self.rules)

            def parts(
                transaction: TransactWrite,
                before: AttemptState = state,
                made: Reservation = reservation,
                from_source: SourceState = source,
            ) -> None:
                count(transaction, subject, before, made, now + self.kept)
                self._count_source(transaction, ledger.keys.source, from_source, now)

            try:
                write_all(self.connection, parts)
            except ConditionFailedError:
                state, source = self._again(subject, ledger.keys.source)
            else:
                return reservation
        raise UnavailableError

    def keep_stopped(self, keys: Iterable[str], now: datetime) -> bool:
        """Keep, of these counts, those that only a reset ends; whether there are any.

        What is long untouched is tidied away, but a person's password mustn't come back by it
        (`B4`); so this is for the counts of people, not of addresses that nobody has.
        """
        full = LimitRow.consecutive >= self.rules.consecutive
        held = [_holds(LimitRow(key), full, now + _FOR_GOOD) for key in keys]
        return any(held)

    def forgive(self, ledger: Ledger, now: datetime, *, known_device: bool) -> None:
        """Take back an attempt that succeeded: its count is cleared, its source's is lowered."""
        write_all(
            self.connection,
            lambda transaction: self.forgive_parts(
                transaction, ledger, now, known_device=known_device
            ),
        )

    def forgive_parts(
        self, transaction: TransactWrite, ledger: Ledger, now: datetime, *, known_device: bool
    ) -> None:
        """Add the same to a transaction, such as the one that begins a session."""
        subject = ledger.keys.device if known_device else ledger.keys.address
        clear(transaction, subject, now)
        # Without a condition: where the window has turned meanwhile, the next attempt sets the
        # count anew whatever it is.
        transaction.update(
            LimitRow(ledger.keys.source),
            actions=[
                LimitRow.hits.add(-1),
                LimitRow.ttl.set(LimitRow.ttl | (now + self.rules.source_window)),
            ],
        )

    def clear_parts(self, transaction: TransactWrite, key: str, now: datetime) -> None:
        """Add to a transaction that a count begins anew, as one person's own."""
        clear(transaction, key, now)

    def _refuse_blocked(self, source: SourceState, now: datetime) -> None:
        until = source.blocked_until(now, self.rules)
        if until is not None:
            raise TooManyAttemptsError(max(1, math.ceil((until - now).total_seconds())))

    def _count_source(
        self, transaction: TransactWrite, key: str, source: SourceState, now: datetime
    ) -> None:
        if source.is_running(now, self.rules):
            actions: list[Action] = [LimitRow.hits.add(1)]
            condition = (LimitRow.began_at == source.began_at) & (
                LimitRow.hits < self.rules.source_failures
            )
        else:
            actions = [
                LimitRow.began_at.set(now),
                LimitRow.hits.set(1),
                LimitRow.ttl.set(now + self.rules.source_window),
            ]
            condition = (
                LimitRow.began_at == source.began_at
                if source.began_at
                else LimitRow.began_at.does_not_exist()
            )
        transaction.update(LimitRow(key), actions=actions, condition=condition)

    def _again(self, subject: str, source_key: str) -> tuple[AttemptState, SourceState]:
        state, source = read_alike(
            self.connection, (LimitRow, subject, None), (LimitRow, source_key, None)
        )
        return state_of(state), _source_of(source)


def _holds(row: LimitRow, condition: Condition, ttl: datetime) -> bool:
    try:
        row.update(actions=[LimitRow.ttl.set(ttl)], condition=condition)
    except UpdateError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _source_of(count: Found) -> SourceState:
    state = SourceState(count.row.began_at, int(count.row.hits or 0))
    return state if count.exists else SourceState()
