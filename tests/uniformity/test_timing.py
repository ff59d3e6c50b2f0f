"""The timing study sees what no structure shows, and its arithmetic is right."""

from __future__ import annotations

import random
import statistics
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from benchmarks.uniformity.comparing import Study
from benchmarks.uniformity.counting import count_calls
from benchmarks.uniformity.statistics import Auc, smallest_visible
from benchmarks.uniformity.study import TIMED, measure, timed_world, warm_up, without_hashing
from chalicelib.storage import transactions
from chalicelib.storage.decoding import found
from tests.support.uniformity.faults import TIMED_FAULTS
from tests.support.uniformity.states import STATES, Kind
from tests.support.uniformity.steps import SIGN_IN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pynamodb.models import Model

    from chalicelib.storage.decoding import Found, Item
    from tests.support.uniformity.world import World

# Enough for a fault of 2 ms, whoever else is busy on the machine.
_ROUNDS = 100
_PAIR = tuple(state for state in TIMED if state.number in (1, 6))


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The states behind prepared bytes."""
    with timed_world(tmp_path_factory.mktemp("timing"), {}) as ready:
        yield ready


@pytest.mark.requirement("B1", "B3")
@pytest.mark.parametrize("name", TIMED_FAULTS)
def test_a_seeded_fault_that_is_only_time_misses_the_goals(timed: World, name: str) -> None:
    with without_hashing() as learned:
        warm_up(timed, SIGN_IN, _PAIR)
        learned()
        with TIMED_FAULTS[name]():
            times = measure(timed, SIGN_IN, _ROUNDS, _PAIR)
    study = Study.of(name, times)
    assert study.lines[1].tells
    assert not study.met
    # The quickest answers are those that nobody else on the machine disturbed.
    nobody, known = (statistics.quantiles(taken.wall, n=10)[0] for taken in times.values())
    assert known - nobody > 1.5


@pytest.mark.requirement("B1", "B3")
def test_somebody_takes_as_many_function_calls_as_nobody(timed: World) -> None:
    """To one in a hundred, in every state: no clock could show it so well."""
    assert _far_from_nobody(timed) == []


def test_a_row_that_is_not_there_and_costs_nothing_is_found(timed: World) -> None:
    """The fault that the study once found: the same calls to AWS, and less to read for nobody."""
    decoys: dict[type[Model], Found] = {}

    def lazy(model: type[Model], item: Item | None) -> Found:
        if item is not None:
            return found(model, item)
        if model not in decoys:
            decoys[model] = found(model, None)
        return decoys[model]

    with mock.patch.object(transactions, "found", lazy):
        known = [state for state in STATES if state.kind is Kind.USER and state.memberships]
        assert set(map(str, known)) <= set(_far_from_nobody(timed))


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
