"""Counting failed passwords: what each attempt may do, decided before the password is looked at.

An attempt is reserved as if it would fail, so that no race can have more passwords checked than the
budget allows; a success clears the count, also for those who race with it.
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
    # Inside a session: to prove oneself again, or to change one's email or password.
    PROOF = "proof"


class AttemptOrigin(Enum):
    """What brings a password, which says where its attempt counts.

    Only a new browser falls under what its source did before: an office isn't shut out of its own
    sessions and browsers by one machine in it.
    """

    # At the email, or at its source's pair with it; and at the source.
    NEW_BROWSER = auto()
    # At the browser alone.
    KNOWN_BROWSER = auto()
    # In a session of the user's own, from a browser that isn't known: at the email alone.
    SESSION = auto()


@dataclass(frozen=True)
class AttemptRules:
    """The numbers of the lock (`B4`, `B6`) and of the limit for one source."""

    attempts: int
    window: timedelta
    lockout: timedelta
    consecutive: int
    source_failures: int
    source_window: timedelta


@dataclass(frozen=True)
class AttemptState:
    """What is remembered of the attempts at one address, or of one known browser at it.

    `failures` are the attempts of the running window; `consecutive` counts all since the last
    success or reset and survives locks; `version` grows with each write.
    """

    failures: tuple[datetime, ...] = ()
    locked_until: datetime | None = None
    consecutive: int = 0
    version: int = 0

    def reserve(self, now: datetime, rules: AttemptRules) -> Reservation:
        """Count one attempt, and say whether its password may be checked."""
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
        """Whether no password counts at present, the right one included."""
        if self.consecutive >= rules.consecutive:
            return True
        return self.locked_until is not None and now < self.locked_until

    def _running(self, now: datetime, rules: AttemptRules) -> tuple[datetime, ...]:
        if self.locked_until is not None:
            # The lock is over: the next attempts have a budget of their own.
            return ()
        return tuple(at for at in self.failures if at > now - rules.window)


@dataclass(frozen=True)
class Reservation:
    """An attempt that is counted: the state with it, and what it may do.

    `locks` says that it is the last of its budget: unless it succeeds, the address is locked.
    `stops` says that it is the last of all: unless it succeeds, only a reset helps (`B4`).
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
    """The attempts from one client address in the window that began with the first of them."""

    began_at: datetime | None = None
    failures: int = 0

    def blocked_until(self, now: datetime, rules: AttemptRules) -> datetime | None:
        """Return when the source may try again, or None where it may now."""
        if not self.is_running(now, rules) or self.failures < rules.source_failures:
            return None
        return (self.began_at or now) + rules.source_window

    def is_running(self, now: datetime, rules: AttemptRules) -> bool:
        """Whether its window still counts."""
        return self.began_at is not None and now < self.began_at + rules.source_window
