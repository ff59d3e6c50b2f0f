"""The timing study: answers of one process, in turn, with AWS answered from prepared bytes.

Prepared bytes rather than an emulator: an emulator's time depends on what it holds in ways that
DynamoDB's doesn't, and would hide our own. The rows are those of the proof's store, so the SDK
reads for each state what it would read.
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


# The first is what all others are compared with; the second is the same once more, so that the
# table shows what chance alone does.
TIMED = tuple(_state(number) for number in (1, 2, 6, 7, 10, 11, 13, 15, 17, 19, 21))


@dataclass
class Times:
    """One state's milliseconds: what a caller waits, and what the process computes."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


@contextlib.contextmanager
def timed_world(scratch: Path, cost: Mapping[str, str]) -> Iterator[World]:
    """Make the proof's store, then a service that reads it from prepared bytes."""
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
    """Take argon2's time away: results are kept until the call of what this gives.

    After that, a hash that isn't among them is zeros, at once; so each state still gets the
    verdict that it would get.
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
    """Where times are read, in seconds: what passes, and what the process computes."""

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
    """Ask a step in each state, round by round, each round in an order of its own.

    A fixed order would have each state always follow the same one, and find what that left in the
    processor's caches.
    """
    times = {state: Times() for state in states}
    asked = {state: asked_of(step, state) for state in states}
    shuffled = random.Random(len(states))  # noqa: S311 - an order, no secret
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
    """Ask each state a few times; raises AssertionError where an answer isn't the usual one."""
    for state in states:
        for _ in range(3):
            asked = asked_of(step, state)
            status = send(made, asked).status
            if status != step.expected(asked.password):
                message = f"{asked} was answered with {status}"
                raise AssertionError(message)


def asked_of(step: Step, state: State) -> Asked:
    """Ask a step in a state, warm."""
    # How long the rules for a new password take depends on its text alone.
    password = _ONE_FOR_ALL if step.sets_password else USUAL
    return Asked(step, state, password, Moment.WARM)


def _by_key(rows: list[dict[str, Any]], key: str) -> dict[str, dict[str, Any]]:
    return {"#".join(row[part]["S"] for part in key.split("#")): row for row in rows}
