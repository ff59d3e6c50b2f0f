"""The lockout as the specification words it, compared with the code under test, step by step.

`Expected` doesn't know how attempts are counted. It keeps what happened, and applies the sentences
of the specification to each new attempt.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chalicelib.domain.sign_in.lockout import AttemptRules
from tests.support.personas.users import NOON

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.sign_in.lockout import Reservation

# Small, so that a few steps reach every limit. 5 is no multiple of 3, so the last attempt of all
# isn't always one that locks.
RULES = AttemptRules(
    attempts=3,
    window=timedelta(minutes=15),
    lockout=timedelta(minutes=10),
    consecutive=5,
    source_failures=1_000_000,
    source_window=timedelta(minutes=15),
)
_SECOND = timedelta(seconds=1)
_WAITS = (_SECOND, RULES.window - _SECOND, RULES.window, timedelta(days=1))
STRANGER, OWN_BROWSER = "a stranger's browser", "the person's own browser"
FAR_STRANGER = "a stranger's browser elsewhere"
SOMEBODY = st.sampled_from((STRANGER, FAR_STRANGER, OWN_BROWSER))
ADDRESS = "address"
# The user shares a network with one of the strangers.
SHARED, FAR = "192.0.2.7", "198.51.100.7"
_SOURCES = {STRANGER: SHARED, OWN_BROWSER: SHARED, FAR_STRANGER: FAR}
_LONGEST_LOCK = timedelta(days=1)


@dataclass
class Expected:
    """One count: when passwords were checked since it was cleared, and since it was unlocked.

    Only checks since an unlock can cause a lockout; the long count continues.
    """

    in_a_row: int = 0
    checks: list[datetime] = field(default_factory=list)
    # How often each lockout is longer than the one before it, and how many were unlocked.
    grows: int = 1
    lifted: int = 0

    def lets_check(self, now: datetime) -> bool:
        """Check whether the next password is checked: neither stopped nor locked."""
        lock_end = self._lock_end()
        return self.in_a_row < RULES.consecutive and (lock_end is None or now >= lock_end)

    def check(self, now: datetime) -> None:
        """Record that a password was checked, as if it was wrong."""
        self.in_a_row += 1
        self.checks.append(now)

    @property
    def is_locked_by_the_last(self) -> bool:
        """Check whether the newest check caused a lockout."""
        return self._lock_end() is not None

    @property
    def is_dead(self) -> bool:
        """Check whether only a reset helps."""
        return self.in_a_row >= RULES.consecutive

    def lift(self) -> None:
        """Unlock: a new budget, and the long count continues."""
        self.checks = []

    def assert_allowed(self) -> None:
        """Check that no window has more checks than allowed without a lockout between."""
        most = RULES.attempts
        for first in range(len(self.checks) - most):
            together = self.checks[first : first + most + 1]
            waited = any(later - sooner >= RULES.lockout for sooner, later in pairwise(together))
            assert waited or together[-1] - together[0] >= RULES.window, together
        assert self.in_a_row <= RULES.consecutive

    def _lock_end(self) -> datetime | None:
        """Return when the lockout of the newest check ends, if it caused one."""
        return self.locks()[1]

    def locks(self) -> tuple[int, datetime | None]:
        """Return how many lockouts the checks caused, and when that of the newest check ends."""
        number, end, budget = self.lifted, None, list[timedelta]()
        for at in (moment - NOON for moment in self.checks):
            # A check after a lockout means that it was over: the whole budget is available again.
            left = [] if end is not None else [one for one in budget if at - one < RULES.window]
            budget, end = [*left, at], None
            if len(budget) == RULES.attempts:
                number += 1
                end = NOON + at + min(RULES.lockout * self.grows**number, _LONGEST_LOCK)
        return number, end


@dataclass
class ExpectedSource:
    """What one source did at the email since its last success, and its own count."""

    added: int = 0
    caused_lock: bool = False
    own: Expected = field(default_factory=lambda: Expected(grows=2))

    @property
    def is_spent(self) -> bool:
        """Check whether it may add nothing more to the email's count."""
        return self.caused_lock or self.added >= RULES.attempts

    def lift(self) -> None:
        """Its user used an unlock link: a new budget, and the next lockout is longer."""
        self.own.lifted, _ = self.own.locks()
        self.own.checks, self.own.in_a_row = [], 0


class LockMachine(RuleBasedStateMachine):
    """Wrong and right passwords, waits, unlocks and resets in any order; subclasses do them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        # The subject of the user's own browser, once it has signed in.
        self.device: str | None = None
        self.devices_made = 0
        self.expected: dict[str, Expected] = {}
        self.sources: dict[str, ExpectedSource] = {}

    @abstractmethod
    def attempt(self, subject: str, source: str) -> Reservation:
        """Reserve an attempt now."""

    @abstractmethod
    def succeed(self, subject: str, source: str) -> None:
        """Do what the right password does."""

    @abstractmethod
    def lift(self, subjects: list[str], source: str) -> None:
        """Use an unlock link."""

    @abstractmethod
    def clear(self, source: str) -> None:
        """Use a reset link."""

    @rule(who=SOMEBODY, times=st.integers(1, RULES.attempts))
    def guess_wrong(self, who: str, times: int) -> None:
        for _ in range(times):
            self.judge(who)

    @rule(who=SOMEBODY, early=st.booleans())
    def lock_and_wait(self, who: str, *, early: bool) -> None:
        """Cause a lockout and wait until it has just ended, or will in a second."""
        self.guess_wrong(who, RULES.attempts)
        self.wait(RULES.lockout - (_SECOND if early else timedelta(0)))

    @rule(who=SOMEBODY)
    def give_the_right_password(self, who: str) -> None:
        subject, source = self.subject(who), self.source(who)
        if not self.judge(who).granted:
            return
        self.succeed(subject, source)
        self.expected.pop(subject, None)
        if subject == ADDRESS:
            self.sources.pop(source)
        if who == OWN_BROWSER and self.device is None:
            self.devices_made += 1
            self.device = f"device {self.devices_made}"

    @rule(by=st.sampled_from(_WAITS))
    def wait(self, by: timedelta) -> None:
        self.now += by

    @rule(source=st.sampled_from((SHARED, FAR)))
    def unlock(self, source: str) -> None:
        subjects = [ADDRESS, *([self.device] if self.device else [])]
        self.lift(subjects, source)
        for subject in subjects:
            self.count(subject).lift()
        self.at(source).lift()

    @rule(source=st.sampled_from((SHARED, FAR)))
    def reset(self, source: str) -> None:
        self.clear(source)
        self.expected.pop(ADDRESS, None)
        self.at(source).lift()
        # Its cookie is as old as the previous password.
        self.device = None

    @invariant()
    def no_state_is_one_that_the_specification_forbids(self) -> None:
        for count in self.expected.values():
            count.assert_allowed()
        for source in self.sources.values():
            source.own.assert_allowed()
            # As many failures as cause one lockout, so one source never stops a password either.
            assert source.added <= RULES.attempts < RULES.consecutive

    def subject(self, who: str) -> str:
        """Return where attempts count while their source has done nothing."""
        return self.device or ADDRESS if who == OWN_BROWSER else ADDRESS

    def source(self, who: str) -> str:
        """Return the source of attempts."""
        return _SOURCES[who]

    def count(self, subject: str) -> Expected:
        """Return what is expected of a subject."""
        return self.expected.setdefault(subject, Expected())

    def at(self, source: str) -> ExpectedSource:
        """Return what is expected of a source."""
        return self.sources.setdefault(source, ExpectedSource())

    def judge(self, who: str) -> Reservation:
        """Make an attempt, and compare it with what is expected."""
        subject, source = self.subject(who), self.source(who)
        made = self.attempt(subject, source)
        self.compare(subject, source, made)
        return made

    def compare(self, subject: str, source: str, made: Reservation) -> None:
        """Compare a reservation with the specification."""
        count, at = self.count(subject), self.at(source)
        assert made.admits("a hash") == ("a hash" if made.granted else None)
        if subject == ADDRESS and at.is_spent and count.lets_check(self.now):
            assert made.granted == at.own.lets_check(self.now)
            # A lockout of the source isn't one of the email: no user gets a link for it.
            assert not made.locks
            assert not made.stops
            if made.granted:
                at.own.check(self.now)
            return
        assert made.granted == count.lets_check(self.now)
        if made.granted:
            count.check(self.now)
            if subject == ADDRESS:
                at.added += 1
                at.caused_lock = count.is_locked_by_the_last or count.is_dead
        assert made.locks == (made.granted and count.is_locked_by_the_last)
        assert made.stops == (made.granted and count.is_dead)
