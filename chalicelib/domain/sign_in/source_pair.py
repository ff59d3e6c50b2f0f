"""One source at one email: it can lock the email once, after that only itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.sign_in.lockout import AttemptState, Reservation

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.sign_in.lockout import AttemptRules

_LONGEST_LOCK = timedelta(days=1)
# A lockout of one second, doubled this often, is longer than the longest one.
_DOUBLINGS = 20


@dataclass(frozen=True)
class SourcePair:
    """A source at an email: its part of the email's count, and later its own count.

    `own` counts the attempts that the email's count leaves out; `level` is how often they locked.
    """

    own: AttemptState = field(default_factory=AttemptState)
    added: int = 0
    caused_lock: bool = False
    level: int = 0

    def is_spent(self, rules: AttemptRules) -> bool:
        """Check whether the source has done what one source may do since its last success.

        That is a lockout, or as many failures as cause one: with four failures in each window it
        would otherwise keep the email one mistake away from a lockout forever.
        """
        return self.caused_lock or self.added >= rules.attempts

    def reserve(self, email: AttemptState, now: datetime, rules: AttemptRules) -> PairReservation:
        """Count an attempt at the email, or for the pair once the source is spent."""
        if email.is_refused(now, rules):
            return PairReservation(pair=self, at_email=email.reserve(now, rules))
        if not self.is_spent(rules):
            return self._reserve_at_email(email.reserve(now, rules))
        own = self.own.reserve(now, replace(rules, lockout=self._lockout(rules)))
        pair = replace(self, own=own.state, level=self.level + own.locks)
        return PairReservation(pair=pair, at_pair=own)

    def _reserve_at_email(self, made: Reservation) -> PairReservation:
        pair = replace(
            self,
            own=replace(self.own, version=self.own.version + 1),
            added=self.added + 1,
            caused_lock=self.caused_lock or made.locks or made.stops,
        )
        return PairReservation(pair=pair, at_email=made)

    def _lockout(self, rules: AttemptRules) -> timedelta:
        doubled: timedelta = rules.lockout * 2 ** min(self.level + 1, _DOUBLINGS)
        return min(doubled, max(_LONGEST_LOCK, rules.lockout))


@dataclass(frozen=True)
class PairReservation:
    """An attempt from a new browser: counted at the email, or for the pair alone."""

    pair: SourcePair
    at_email: Reservation | None = None
    at_pair: Reservation | None = None

    @property
    def made(self) -> Reservation:
        """Return what the attempt may do; a lockout of one source doesn't lock the email."""
        if self.at_email is not None:
            return self.at_email
        own = self.at_pair or Reservation(self.pair.own, granted=False)
        return Reservation(own.state, granted=own.granted)
