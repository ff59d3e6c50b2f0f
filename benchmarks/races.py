"""Checks that sixty simultaneous sign-ins never check more passwords than the lockout allows.

`make bench` runs 60 rounds; `python -m benchmarks.races` runs 200, which takes minutes.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figure
from tests.support import service as whole
from tests.support.personas.journeys import become_a_user
from tests.support.personas.users import StoppedClock
from tests.support.races.sign_in_races import (
    BUDGET,
    CALLERS,
    SETTINGS,
    Round,
    counted_hashes,
    rounds,
)
from tests.support.servers import engines
from tests.support.servers.tables import fresh_tables
from tests.support.uniformity.world import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.service import Service

_ROUNDS, _MANY_ROUNDS = 60, 200


def figures(number: int = _ROUNDS) -> list[Figure]:
    """Race sign-ins with one correct password at a random position, and count."""
    with _service() as service:
        played = list(rounds(service, number))
    return [_over_budget(played), _successes(played)]


def _over_budget(played: list[Round]) -> Figure:
    over = sum(not one.is_within_budget for one in played)
    return Figure(
        f"races (of {len(played)}) in which {CALLERS} sign-ins checked more than {BUDGET} passwords"
        f" ({2 * BUDGET} if one succeeded)",
        over,
        0,
        over,
        0,
        0,
        "simultaneous requests to the database: the engine takes one at a time. The store's races"
        " are tested on three engines.",
    )


def _successes(played: list[Round]) -> Figure:
    won = sum(one.succeeded for one in played)
    expected = len(played) * BUDGET / CALLERS
    return Figure(
        f"races in which the correct password succeeded / {BUDGET} in {CALLERS}",
        won,
        round(expected, 1),
        round(won / expected, 2),
        # With 60 rounds, one run in a hundred leaves this range by chance; with 200, almost none.
        0.2,
        2.2,
        "which request comes first. The position of the correct password is random.",
    )


@contextlib.contextmanager
def _service() -> Iterator[Service]:
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engine = stack.enter_context(engines.moto(scratch))
        stack.enter_context(surroundings(engine.environ))
        prefix = stack.enter_context(fresh_tables(engine))
        environ = {**whole.environ_for(engine, prefix), **SETTINGS}
        service = whole.start(engine, environ, StoppedClock())
        stack.callback(whole.stop)
        with counted_hashes():
            become_a_user(service)
        yield service


if __name__ == "__main__":
    measured = figures(_MANY_ROUNDS)
    for figure in measured:
        sys.stdout.write(f"{figure.metric}: {figure.ours}, {figure.goal}\n")
    sys.exit(not all(figure.met for figure in measured))
