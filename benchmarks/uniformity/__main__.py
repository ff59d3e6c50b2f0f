"""Check that answers reveal nothing, time them, and write docs/uniformity.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.uniformity import page
from benchmarks.uniformity.comparing import Study
from benchmarks.uniformity.counting import count_calls
from benchmarks.uniformity.study import TIMED, measure, timed_world, warm_up, without_hashing
from tests.support.uniformity.proof import Proof, prove
from tests.support.uniformity.states import STATES
from tests.support.uniformity.steps import IDENTIFY, RESEND, RESET, SIGN_IN, SIGN_UP, STEPS, UNLOCK
from tests.support.uniformity.world import World, world

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "uniformity.md"
# OWASP's choice with the least memory; its time varies least between hashes.
_COST = {"ARGON2_MEMORY_KIB": "7168", "ARGON2_TIME": "5"}
_DEFAULT_COST = {"ARGON2_MEMORY_KIB": "47104", "ARGON2_TIME": "1"}
_ROUNDS = 1_000
# Without a password check, only these states differ in the rows that are read.
_FEW = tuple(state for state in TIMED if state.number in (1, 2, 6, 13))


def main() -> int:
    """Measure and write the page; returns non-zero if answers differ or a goal is missed."""
    chosen = _arguments()
    console = Console()
    with tempfile.TemporaryDirectory() as scratch:
        proof, limits = _proof(Path(scratch))
        for difference in proof.differences:
            console.print(str(difference), markup=False)
        cost = _DEFAULT_COST if chosen.default_cost else _COST
        with timed_world(Path(scratch), cost) as made:
            warm_up(made, SIGN_IN, STATES)
            counts = count_calls(made, SIGN_IN, STATES)
            studies = []
            for study in _studies(made, chosen.rounds, cost):
                studies.append(study)
                console.print(f"{study.title}: {'met' if study.met else 'goals missed'}")
    _PAGE.write_text(page.page(proof, STEPS, counts, studies, limits), "utf-8")
    console.print(f"{len(proof.seen)} answers compared, {len(proof.differences)} differences")
    return 0 if not proof.differences and all(study.met for study in studies) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.uniformity", description=__doc__)
    parser.add_argument(
        "--rounds",
        type=int,
        default=_ROUNDS,
        help="answers timed a state; quick ones up to four times",
    )
    parser.add_argument(
        "--default-cost", action="store_true", help="hash at the default cost; takes thrice as long"
    )
    return parser.parse_args()


def _proof(scratch: Path) -> tuple[Proof, dict[str, int]]:
    with world(scratch) as made:
        settings = made.service.settings
        limits = {"source": settings.source_failures}
        return prove(made), limits


def _studies(made: World, rounds: int, cost: dict[str, str]) -> Iterator[Study]:
    cost_text = f"argon2id at {int(cost['ARGON2_MEMORY_KIB']):,} KiB, t = {cost['ARGON2_TIME']}"
    warm_up(made, SIGN_IN)
    yield Study.of(f"`sign_in`, whole answers, {cost_text}", measure(made, SIGN_IN, rounds))
    with without_hashing() as learned:
        warm_up(made, SIGN_IN)
        warm_up(made, SIGN_UP)
        learned()
        yield Study.of("`sign_in` without its hash", measure(made, SIGN_IN, rounds))
        yield Study.of("`sign_up` without its hash", measure(made, SIGN_UP, 2 * rounds, _FEW))
    for step in (IDENTIFY, RESEND, RESET, UNLOCK):
        warm_up(made, step)
        yield Study.of(f"`{step.name}`", measure(made, step, 4 * rounds, _FEW))


if __name__ == "__main__":
    sys.exit(main())
