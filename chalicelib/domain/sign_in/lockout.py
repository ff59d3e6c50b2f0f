"""Counting failed passwords: whether an attempt may go on, before its password is checked.

An attempt is counted as a failure beforehand, so that concurrent requests can't check more
passwords than allowed. A success clears the count, for concurrent attempts too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta


class AttemptStep(StrEnum):
    """Where a password was asked for."""

    SIGN_IN = "sign_in"
    EMAIL_CONFIRMATION = "email_confirmation"
    # In a session: for a new proof, or to change the email or password.
    PROOF = "proof"


class AttemptOrigin(Enum):
    """Where a password comes from, which decides where its attempt counts.

    Only a new browser is refused because of its source: one machine in an office must not shut the
    office out of its own sessions and browsers.
    """

    # Counts at the email, or for this source at this email; and at the source.
    NEW_BROWSER = auto()
    # Counts at the browser alone.
    KNOWN_BROWSER = auto()
    # In a session of the user's own, from an unknown browser: counts at the email alone.
    SESSION = auto()


@dataclass(frozen=True)
class AttemptRules:
    """The limits of the lockout (`B4`, `B6`) and of a source."""

    attempts: int
    window: timedelta
    lockout: timedelta
    consecutive: int
    source_failures: int
    source_window: timedelta


@dataclass(frozen=True)
class AttemptState:
    """The attempt record of an email, or of a known browser for it.

    `failures` counts the attempts of the current window. `consecutive` counts all since the last
    success or reset, through lockouts. `version` grows with each write.
    """

    failures: tuple[datetime, ...] = ()
    locked_until: datetime | None = None
    consecutive: int = 0
    version: int = 0

    def reserve(self, now: datetime, rules: AttemptRules) -> Reservation:
        """Count an attempt, and decide whether its password may be checked."""
        if self.is_refused(now, rules):
            return Reservation(replace(self, version=self.version + 1), granted=False)
        failures = (*self._running(now, rules), now)
        is_last = len(failures) >= rules.attempts
        state = AttemptState(
            failures=failures,
            locked_until=now + rules.lockout if is_last else None,
            consecutive=self.consecutive + 1,
            version=self.version + 1,
        )
        is_last_of_all = state.consecutive >= rules.consecutive
        return Reservation(state, granted=True, locks=is_last, stops=is_last_of_all)

    def is_refused(self, now: datetime, rules: AttemptRules) -> bool:
        """Check whether every password is refused now, the right one included."""
        if self.consecutive >= rules.consecutive:
            return True
        return self.locked_until is not None and now < self.locked_until

    def _running(self, now: datetime, rules: AttemptRules) -> tuple[datetime, ...]:
        if self.locked_until is not None:
            # The lockout is over: the next attempts start a new count.
            return ()
        return tuple(at for at in self.failures if at > now - rules.window)


@dataclass(frozen=True)
class Reservation:
    """A counted attempt: the new record, and what the attempt may do.

    `locks`: it is the last one before a lockout; unless it succeeds, the email is locked. `stops`:
    it is the last one of all; unless it succeeds, only a reset helps (`B4`).
    """

    state: AttemptState
    granted: bool
    locks: bool = False
    stops: bool = False

    def admits(self, stored_hash: str | None) -> str | None:
        """Return the hash to check against: none for a refused attempt, which can't match."""
        return stored_hash if self.granted else None


@dataclass(frozen=True)
class SourceState:
    """The attempts from one source in the window that began with the first of them."""

    began_at: datetime | None = None
    failures: int = 0

    def blocked_until(self, now: datetime, rules: AttemptRules) -> datetime | None:
        """Return when the source may try again, or None if it may now."""
        if not self.is_running(now, rules) or self.failures < rules.source_failures:
            return None
        return (self.began_at or now) + rules.source_window

    def is_running(self, now: datetime, rules: AttemptRules) -> bool:
        """Check whether its window is still open."""
        return self.began_at is not None and now < self.began_at + rules.source_window
