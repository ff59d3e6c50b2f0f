"""What one source does at one email: it may lock the email once, and from then on itself alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.sign_in.lockout import AttemptState, Reservation

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.sign_in.lockout import AttemptRules

_LONGEST_LOCK = timedelta(days=1)
# Doubled so often, a lock of a second is longer than the longest one.
_DOUBLINGS = 20


@dataclass(frozen=True)
class SourcePair:
    """A source at an email: what it added to the email's count, and then its own count.

    `own` counts the attempts that the email's count is spared; `level` is how often they locked.
    """

    own: AttemptState = field(default_factory=AttemptState)
    added: int = 0
    caused_lock: bool = False
    level: int = 0

    def is_spent(self, rules: AttemptRules) -> bool:
        """Whether the source has done to the email what one source may do since its last success.

        A lock, or as many failures as make one: four in each window would otherwise keep the email
        one mistake away from a lock, for as long as they go on.
        """
        return self.caused_lock or self.added >= rules.attempts

    def reserve(self, email: AttemptState, now: datetime, rules: AttemptRules) -> PairReservation:
        """Count an attempt at the email, or at the pair once the source is spent."""
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
    """An attempt from a new browser: counted at the email, or else at the pair alone."""

    pair: SourcePair
    at_email: Reservation | None = None
    at_pair: Reservation | None = None

    @property
    def made(self) -> Reservation:
        """Return what the attempt may do; a lock of one source is no lock of the email."""
        if self.at_email is not None:
            return self.at_email
        own = self.at_pair or Reservation(self.pair.own, granted=False)
        return Reservation(own.state, granted=own.granted)
