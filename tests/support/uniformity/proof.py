"""Sends everything in every state, and names whatever is not equal."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.uniformity.observing import Asked, Moment, Seen, history_of, observe
from tests.support.uniformity.states import ODD_PASSWORDS, OF_SIGN_UP, STATES, USUAL, History
from tests.support.uniformity.steps import SIGN_IN, STEPS, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.support.uniformity.states import Password
    from tests.support.uniformity.world import World

# What anyone can see of an answer, and the kinds of its work: equal in every state.
ALWAYS = ("status", "headers", "body", "calls", "hashes")
# What the count of failures itself changes: equal in every state with the same failures behind it.
WITHIN_A_HISTORY = ("shapes", "messages")
_SHOWN = 160


@dataclass(frozen=True)
class Difference:
    """One part of one answer that differs from most."""

    asked: Asked
    part: str
    found: str
    usual: str

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.asked}: {self.part} is {self.found[:_SHOWN]!r}, not {self.usual[:_SHOWN]!r}"


@dataclass(frozen=True)
class Proof:
    """Everything that was sent and observed."""

    seen: tuple[tuple[Asked, Seen], ...]

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Compare each answer with what most have, and its status with the expected one."""
        found = [
            Difference(asked, "expected status", seen.status, expected)
            for asked, seen in self.seen
            if seen.status != (expected := _expected(asked))
        ]
        for part in ALWAYS:
            found += self._unequal(part, within_history=False)
        for part in WITHIN_A_HISTORY:
            found += self._unequal(part, within_history=True)
        return tuple(found)

    def of(self, step: Step) -> tuple[tuple[Asked, Seen], ...]:
        """Return the observations of one step."""
        return tuple(pair for pair in self.seen if pair[0].step == step)

    def _unequal(self, part: str, *, within_history: bool) -> Iterator[Difference]:
        groups: dict[object, list[tuple[Asked, str]]] = defaultdict(list)
        for asked, seen in self.seen:
            history = history_of(asked) if within_history else None
            groups[_alike(asked), history].append((asked, getattr(seen, part)))
        for group in groups.values():
            ((usual, _),) = Counter(value for _, value in group).most_common(1)
            for asked, value in group:
                if value != usual:
                    yield Difference(asked, part, value, usual)


def prove(world: World, steps: Sequence[Step] = STEPS, *only: Password) -> Proof:
    """Send every step in every state; `only` limits it to some passwords in a warm process."""
    return Proof(tuple((asked, observe(world, asked)) for asked in matrix(steps, *only)))


def matrix(steps: Sequence[Step] = STEPS, *only: Password) -> Iterator[Asked]:
    """List everything to send."""
    for step in steps:
        for password in only or _passwords(step):
            yield from (Asked(step, state, password, Moment.WARM) for state in STATES)
        for moment in () if only else _moments(step):
            yield from (Asked(step, state, USUAL, moment) for state in STATES)


def _passwords(step: Step) -> tuple[Password, ...]:
    if step.before:
        return (OF_SIGN_UP,)
    if not step.takes_password:
        return (USUAL,)
    # The page's view calls what the API's does; one odd password shows that.
    return (USUAL, *(ODD_PASSWORDS[:1] if step.is_page else ODD_PASSWORDS))


def _moments(step: Step) -> tuple[Moment, ...]:
    if step.is_page or step.before:
        return ()
    return (Moment.COLD, Moment.BLOCKED) if step == SIGN_IN else (Moment.COLD,)


def _expected(asked: Asked) -> str:
    if asked.moment is Moment.BLOCKED:
        return "429"
    if asked.step.before and _is_refused(asked):
        return "401"
    return str(asked.step.expected(asked.password))


def _alike(asked: Asked) -> tuple[object, ...]:
    """Name what an answer may depend on; nothing else may change it."""
    return (
        asked.step,
        asked.state.domain if asked.step.tells_domain else None,
        asked.password if asked.step.sets_password else None,
        asked.moment is Moment.BLOCKED,
        bool(asked.step.before) and _is_refused(asked),
    )


def _is_refused(asked: Asked) -> bool:
    """Check whether a lockout refuses every password of the email, which anyone can cause."""
    return asked.state.history in (History.LOCKED, History.DEAD)
