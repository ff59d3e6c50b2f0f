"""The timing study sees what no structure shows, and its arithmetic is right."""

from __future__ import annotations

import random
import statistics
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from benchmarks.uniformity.comparing import Study
from benchmarks.uniformity.counting import count_calls
from benchmarks.uniformity.statistics import Auc, smallest_visible
from benchmarks.uniformity.study import (
    TIMED,
    Clocks,
    measure,
    timed_world,
    warm_up,
    without_hashing,
)
from chalicelib.storage.dynamo import reading
from chalicelib.storage.dynamo.decoding import found
from tests.support.uniformity.faults import for_known_users
from tests.support.uniformity.states import STATES, Kind
from tests.support.uniformity.steps import SIGN_IN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pynamodb.models import Model

    from chalicelib.storage.dynamo.decoding import Found, Item
    from tests.support.uniformity.world import World

_ROUNDS = 100
_PAIR = tuple(state for state in TIMED if state.number in (1, 6))
_NOBODY, _KNOWN = _PAIR


@dataclass
class _Machine:
    """Clocks that pass 4 ms for an answer, give or take, and what a fault adds to that.

    Made up, so that the verdict on them can't depend on who else uses the processor.
    """

    drawn: random.Random = field(default_factory=lambda: random.Random(3))  # noqa: S311 - noise
    wall: float = 0.0
    cpu: float = 0.0

    def compute(self, seconds: float) -> None:
        self.wall += seconds
        self.cpu += seconds

    def pause(self, seconds: float) -> None:
        self.wall += seconds

    @property
    def clocks(self) -> Clocks:
        return Clocks(self._read_wall, self._read_cpu)

    def _read_wall(self) -> float:
        self.wall += self.drawn.gauss(0.004, 0.0004)
        return self.wall

    def _read_cpu(self) -> float:
        self.cpu += self.drawn.gauss(0.004, 0.0004)
        return self.cpu


# No structure shows these: nothing more is called, hashed or answered.
_TIMED_FAULTS = {
    "more computing for known users": _Machine.compute,
    "a pause for known users": _Machine.pause,
}


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The states behind prepared bytes."""
    with timed_world(tmp_path_factory.mktemp("timing"), {}) as ready:
        yield ready


@pytest.fixture
def learned(timed: World) -> Iterator[None]:
    """Each state's verdict at no cost: the hash is the same for all, and most of the time."""
    with without_hashing() as enough:
        warm_up(timed, SIGN_IN, STATES)
        enough()
        yield


@pytest.mark.requirement("B1", "B3")
@pytest.mark.parametrize("name", _TIMED_FAULTS)
@pytest.mark.usefixtures("learned")
def test_a_seeded_fault_that_is_only_time_misses_the_goals(timed: World, name: str) -> None:
    machine = _Machine()
    with for_known_users(lambda: _TIMED_FAULTS[name](machine, 0.002)):
        times = measure(timed, SIGN_IN, _ROUNDS, _PAIR, machine.clocks)
    study = Study.of(name, times)
    assert study.lines[1].tells
    assert not study.met
    nobody, known = (statistics.median(taken.wall) for taken in times.values())
    assert known - nobody == pytest.approx(2, abs=0.3)


@pytest.mark.usefixtures("learned")
def test_without_a_fault_the_same_clocks_tell_nothing(timed: World) -> None:
    study = Study.of("no fault", measure(timed, SIGN_IN, _ROUNDS, _PAIR, _Machine().clocks))
    assert not study.lines[1].tells


@pytest.mark.usefixtures("learned")
def test_the_machines_own_clocks_show_a_pause_and_computing(timed: World) -> None:
    """The least that they may show: a busy machine only adds to it."""
    with for_known_users(lambda: time.sleep(0.002)):
        paused = measure(timed, SIGN_IN, 3, (_KNOWN,))[_KNOWN]
    assert min(paused.wall) >= 2
    with for_known_users(lambda: _compute(0.002)):
        computing = measure(timed, SIGN_IN, 3, (_KNOWN,))[_KNOWN]
    assert min(computing.cpu) >= 2
    assert min(computing.wall) >= 1


def _compute(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


@pytest.mark.requirement("B1", "B3")
@pytest.mark.usefixtures("learned")
def test_somebody_takes_as_many_function_calls_as_nobody(timed: World) -> None:
    """To one in a hundred, in every state: no clock could show it so well."""
    assert _far_from_nobody(timed) == []


@pytest.mark.usefixtures("learned")
def test_a_row_that_is_not_there_and_costs_nothing_is_found(timed: World) -> None:
    """The fault that the study once found: the same calls to AWS, and less to read for nobody."""
    decoys: dict[type[Model], Found] = {}

    def lazy(model: type[Model], item: Item | None) -> Found:
        if item is not None:
            return found(model, item)
        if model not in decoys:
            decoys[model] = found(model, None)
        return decoys[model]

    with mock.patch.object(reading, "found", lazy):
        known = [state for state in STATES if state.kind is Kind.USER and state.memberships]
        assert set(map(str, known)) <= set(_far_from_nobody(timed))


@pytest.mark.usefixtures("learned")
def test_what_others_call_and_leave_behind_meanwhile_is_not_counted(timed: World) -> None:
    """Neither other threads' calls nor finalizers, which run in whichever thread allocates next."""
    undisturbed = count_calls(timed, SIGN_IN, _PAIR)
    over = threading.Event()

    def disturb() -> None:
        while not over.is_set():
            for _ in range(100):
                _Left()

    others = [threading.Thread(target=disturb) for _ in range(2)]
    for other in others:
        other.start()
    try:
        counts = [count_calls(timed, SIGN_IN, _PAIR) for _ in range(3)]
    finally:
        over.set()
        for other in others:
            other.join()
    assert counts == [undisturbed] * 3


class _Left:
    """Garbage that only the collector can find, and that calls a function when it does."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        len("")


def _far_from_nobody(timed: World) -> list[str]:
    warm_up(timed, SIGN_IN, STATES)
    counts = count_calls(timed, SIGN_IN, STATES)
    nobody = counts[STATES[0]]
    return [str(state) for state, count in counts.items() if abs(count - nobody) > nobody / 100]


def test_taking_the_hash_away_leaves_every_verdict(timed: World) -> None:
    """Warming up checks each answer's status; afterwards none is computed anew."""
    with without_hashing() as learned:
        warm_up(timed, SIGN_IN)
        learned()
        warm_up(timed, SIGN_IN)


def test_equal_samples_have_an_auc_of_a_half() -> None:
    auc = Auc.of([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert auc.value == pytest.approx(0.5)
    assert not auc.tells


def test_a_small_auc_counted_by_hand() -> None:
    """Of the six pairs of (2, 4) and (1, 2, 3) four are longer and one is a tie."""
    auc = Auc.of([2.0, 4.0], [1.0, 2.0, 3.0])
    assert auc.value == pytest.approx(4.5 / 6)
    # Variances of (1.5, 3) / 3 and of (0, 0.5, 1) / 2 + …: 0.125 / 2 + 0.0625 / 3.
    error = (0.125 / 2 + 0.0625 / 3) ** 0.5
    assert auc.high - auc.value == pytest.approx(1.959964 * error)


def test_samples_that_do_not_overlap_are_told_apart() -> None:
    auc = Auc.of([5.0, 6.0, 7.0], [1.0, 2.0, 3.0])
    assert (auc.value, auc.low, auc.high) == (1.0, 1.0, 1.0)
    assert auc.tells


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Two hundred studies without a difference: about one in twenty is mistaken."""
    drawn = random.Random(11)  # noqa: S311 - noise, no secret
    wrong = sum(
        Auc.of([drawn.gauss() for _ in range(80)], [drawn.gauss() for _ in range(80)]).tells
        for _ in range(200)
    )
    assert 2 <= wrong <= 22


def test_the_smallest_visible_difference_is_found_four_times_in_five() -> None:
    drawn = random.Random(7)  # noqa: S311 - noise, no secret
    shift = statistics.fmean(
        smallest_visible([drawn.gauss() for _ in range(200)]) for _ in range(5)
    )
    found = sum(
        Auc.of(
            [drawn.gauss() + shift for _ in range(200)], [drawn.gauss() for _ in range(200)]
        ).tells
        for _ in range(200)
    )
    assert 140 <= found <= 180
