"""The lock as the specification words it, played against what is under test, move by move.

`Expected` knows nothing of how attempts are counted: it keeps what happened, and asks of each new
attempt what the sentences of the specification say of it.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chalicelib.domain.attempts import AttemptRules
from tests.support.people import NOON

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.attempts import Reservation

# Small, so that a few moves reach every limit; 5 is no multiple of 3, so the last attempt of all
# need not be one that locks.
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
_SOMEBODY = st.sampled_from((STRANGER, OWN_BROWSER))
ADDRESS = "address"


@dataclass
class Expected:
    """One count: when passwords were really checked since it was cleared, and since it was lifted.

    The checks since an unlock are those that a lock can come from; the long count goes on.
    """

    in_a_row: int = 0
    checks: list[datetime] = field(default_factory=list)

    def lets_check(self, now: datetime) -> bool:
        """Whether the next password is looked at: neither dead nor locked."""
        lock_end = self._lock_end()
        return self.in_a_row < RULES.consecutive and (lock_end is None or now >= lock_end)

    def check(self, now: datetime) -> None:
        """Note that a password was looked at, and suppose that it was wrong."""
        self.in_a_row += 1
        self.checks.append(now)

    @property
    def is_locked_by_the_last(self) -> bool:
        """Whether the newest check used up the budget."""
        return self._lock_end() is not None

    @property
    def is_dead(self) -> bool:
        """Whether only a reset helps."""
        return self.in_a_row >= RULES.consecutive

    def lift(self) -> None:
        """Unlock: a new budget, and the long count goes on."""
        self.checks = []

    def assert_allowed(self) -> None:
        """Never more checks than the budget in one window, unless a whole lock lies between."""
        most = RULES.attempts
        for first in range(len(self.checks) - most):
            together = self.checks[first : first + most + 1]
            waited = any(later - sooner >= RULES.lockout for sooner, later in pairwise(together))
            assert waited or together[-1] - together[0] >= RULES.window, together
        assert self.in_a_row <= RULES.consecutive

    def _lock_end(self) -> datetime | None:
        """Return when the lock ends that the newest check began, if it did begin one."""
        end, budget = None, list[timedelta]()
        for at in (moment - NOON for moment in self.checks):
            # A check after a lock means that the lock was over: its budget is whole again.
            left = [] if end is not None else [one for one in budget if at - one < RULES.window]
            budget = [*left, at]
            end = NOON + at + RULES.lockout if len(budget) == RULES.attempts else None
        return end


class LockMachine(RuleBasedStateMachine):
    """Wrong and right passwords, waits, unlocks and resets in any order; subclasses do them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        # The subject that the person's own browser counts under, once it has signed in.
        self.device: str | None = None
        self.devices_made = 0
        self.expected: dict[str, Expected] = {}

    @abstractmethod
    def attempt(self, subject: str) -> Reservation:
        """Reserve an attempt now."""

    @abstractmethod
    def succeed(self, subject: str) -> None:
        """Do what the right password does."""

    @abstractmethod
    def lift(self, subjects: list[str]) -> None:
        """Use an unlock link."""

    @abstractmethod
    def clear(self) -> None:
        """Use a reset link."""

    @rule(who=_SOMEBODY, times=st.integers(1, RULES.attempts))
    def guess_wrong(self, who: str, times: int) -> None:
        for _ in range(times):
            self.judge(self.subject(who))

    @rule(who=_SOMEBODY, early=st.booleans())
    def lock_and_wait(self, who: str, *, early: bool) -> None:
        """Until the lock has just ended, or will in a second."""
        self.guess_wrong(who, RULES.attempts)
        self.wait(RULES.lockout - (_SECOND if early else timedelta(0)))

    @rule(who=_SOMEBODY)
    def give_the_right_password(self, who: str) -> None:
        subject = self.subject(who)
        if not self.judge(subject).granted:
            return
        self.succeed(subject)
        self.expected.pop(subject)
        if who == OWN_BROWSER and self.device is None:
            self.devices_made += 1
            self.device = f"device {self.devices_made}"

    @rule(by=st.sampled_from(_WAITS))
    def wait(self, by: timedelta) -> None:
        self.now += by

    @rule()
    def unlock(self) -> None:
        subjects = [ADDRESS, *([self.device] if self.device else [])]
        self.lift(subjects)
        for subject in subjects:
            self.count(subject).lift()

    @rule()
    def reset(self) -> None:
        self.clear()
        self.expected.pop(ADDRESS, None)
        # Its cookie is as old as the password that is gone.
        self.device = None

    @invariant()
    def no_state_is_one_that_the_specification_forbids(self) -> None:
        for count in self.expected.values():
            count.assert_allowed()

    def subject(self, who: str) -> str:
        """Under what somebody's attempts count."""
        return self.device or ADDRESS if who == OWN_BROWSER else ADDRESS

    def count(self, subject: str) -> Expected:
        """What is expected of a subject."""
        return self.expected.setdefault(subject, Expected())

    def judge(self, subject: str) -> Reservation:
        """Attempt, and compare with what is expected."""
        made = self.attempt(subject)
        self.compare(subject, made)
        return made

    def compare(self, subject: str, made: Reservation) -> None:
        """Hold a reservation against the specification."""
        count = self.count(subject)
        assert made.granted == count.lets_check(self.now)
        assert made.admits("a hash") == ("a hash" if made.granted else None)
        if made.granted:
            count.check(self.now)
        assert made.locks == (made.granted and count.is_locked_by_the_last)
        assert made.stops == (made.granted and count.is_dead)
