"""The timing study: answers of one process, in turn, with prepared bytes instead of AWS.

An emulator isn't used, because its time depends on its content in other ways than DynamoDB's and
would hide our own. The rows are those of the proof's store, so the SDK parses the real rows.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

from benchmarks.canned import answer_dynamodb, answer_sqs
from chalicelib import bootstrap
from tests.support import service as whole
from tests.support.personas.journeys import PASSWORD
from tests.support.personas.users import StoppedClock
from tests.support.uniformity.observing import Asked, Moment, send
from tests.support.uniformity.states import STATES, USUAL, Password, State
from tests.support.uniformity.world import World, surroundings, world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.support.uniformity.steps import Step

_KEYS = {
    "users": "user_id",
    "emails": "email",
    "sign_ups": "email#slot",
    "domains": "domain",
    "limits": "subject",
}
_ONE_FOR_ALL = Password("one for all", PASSWORD)


def _state(number: int) -> State:
    return next(state for state in STATES if state.number == number)


# All states are compared with the first one. The second is the same state again, so that the table
# shows the effect of chance.
TIMED = tuple(_state(number) for number in (1, 2, 6, 7, 10, 11, 13, 15, 17, 19, 21))


@dataclass
class Times:
    """One state's milliseconds: elapsed for the caller, and computed by the process."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


@contextlib.contextmanager
def timed_world(scratch: Path, cost: Mapping[str, str]) -> Iterator[World]:
    """Create the proof's store, then a service that reads its rows from prepared bytes."""
    with world(scratch, cost) as made:
        prefix = made.service.settings.table_prefix
        stored = {
            f"{prefix}{table}": _by_key(made.service.rows(table), key)
            for table, key in _KEYS.items()
        }
    with surroundings(made.service.engine.environ):
        os.environ.update(made.environ)
        clock = StoppedClock(made.service.clock())
        service = whole.start(made.service.engine, made.environ, clock)
        flow = bootstrap.services().sign_in
        answer_dynamodb(flow.users.connection.client, stored)
        answer_sqs(flow.check.queue.sqs)
        yield World(service, made.book, made.environ)
        whole.stop()


@contextlib.contextmanager
def without_hashing() -> Iterator[Callable[[], None]]:
    """Remove argon2's time: results are cached until the yielded function is called.

    After that, a hash that isn't cached is zeros, at once. Each state still gets its own verdict.
    """
    from argon2.low_level import hash_secret_raw

    from chalicelib.domain.passwords import hashing

    kept: dict[tuple[bytes, bytes], bytes] = {}
    learning = [True]

    def remembering(*, secret: bytes, salt: bytes, hash_len: int, **rest: Any) -> bytes:
        if learning and (secret, salt) not in kept:
            kept[secret, salt] = hash_secret_raw(
                secret=secret, salt=salt, hash_len=hash_len, **rest
            )
        return kept.get((secret, salt)) or bytes(hash_len)

    with mock.patch.object(hashing, "hash_secret_raw", remembering):
        yield learning.clear


@dataclass(frozen=True)
class Clocks:
    """The clocks, in seconds: elapsed time, and CPU time of the process."""

    wall: Callable[[], float] = time.perf_counter
    cpu: Callable[[], float] = time.process_time


_MACHINE = Clocks()


def measure(
    made: World,
    step: Step,
    rounds: int,
    states: tuple[State, ...] = TIMED,
    clocks: Clocks = _MACHINE,
) -> dict[State, Times]:
    """Time a step in each state, round by round, each round in another random order.

    In a fixed order, each state would always follow the same one and find its processor caches.
    """
    times = {state: Times() for state in states}
    asked = {state: asked_of(step, state) for state in states}
    shuffled = random.Random(len(states))  # noqa: S311 - only an order
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            for state in shuffled.sample(states, len(states)):
                _time(made, asked[state], clocks, times[state])
            if turn % 20 == 0:
                gc.collect()
    finally:
        gc.enable()
    return times


def _time(made: World, asked: Asked, clocks: Clocks, into: Times) -> None:
    wall, cpu = clocks.wall(), clocks.cpu()
    send(made, asked)
    into.cpu.append((clocks.cpu() - cpu) * 1_000)
    into.wall.append((clocks.wall() - wall) * 1_000)


def warm_up(made: World, step: Step, states: tuple[State, ...] = TIMED) -> None:
    """Call each state a few times; raises AssertionError for an unexpected answer."""
    for state in states:
        for _ in range(3):
            asked = asked_of(step, state)
            status = send(made, asked).status
            if status != step.expected(asked.password):
                message = f"{asked} was answered with {status}"
                raise AssertionError(message)


def asked_of(step: Step, state: State) -> Asked:
    """Return the warm request of a step in a state."""
    # The time of the password rules depends on the password only, so all states use the same one.
    password = _ONE_FOR_ALL if step.sets_password else USUAL
    return Asked(step, state, password, Moment.WARM)


def _by_key(rows: list[dict[str, Any]], key: str) -> dict[str, dict[str, Any]]:
    return {"#".join(row[part]["S"] for part in key.split("#")): row for row in rows}
