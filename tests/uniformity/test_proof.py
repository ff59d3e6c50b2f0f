"""Every public step, in every state: equal answers by equal work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.uniformity.faults import FAULTS, Fault
from tests.support.uniformity.proof import prove
from tests.support.uniformity.states import STATES, USUAL
from tests.support.uniformity.steps import SIGN_IN, STEPS, Step

if TYPE_CHECKING:
    from tests.support.uniformity.world import World


@pytest.mark.requirement("A14", "B1", "B2", "B3", "B7", "G4")
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_step_answers_and_works_alike_in_every_state(world: World, step: Step) -> None:
    found = [str(difference) for difference in prove(world, [step]).differences]
    assert found == []


@pytest.mark.requirement("A12", "B3")
def test_a_refused_sign_in_is_three_store_calls_one_message_and_one_hash(world: World) -> None:
    """The whole budget of work, at the current cost of a hash."""
    cost = world.service.settings
    for asked, seen in prove(world, [SIGN_IN], USUAL).seen:
        kinds = [call.partition("(")[0] for call in seen.calls.split("; ")]
        stores = [kind for kind in kinds if kind.startswith("dynamodb.")]
        assert len(stores) <= 3, asked
        assert [kind for kind in kinds if kind not in stores] == ["sqs.SendMessage"], asked
        assert seen.hashes == f"{cost.argon2_memory_kib} KiB, t = {cost.argon2_time}", asked
        assert "Invalid email or password." in seen.body, asked


def test_addresses_differ_in_nothing_but_their_characters() -> None:
    assert len({len(state.address) for state in STATES}) == 1
    assert len({state.address for state in STATES}) == len(STATES)


@pytest.mark.requirement("B1", "B3")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_seeded_fault_is_found_by_name(world: World, fault: Fault) -> None:
    """The proof would see each of these holes, in the very part that it opens."""
    with fault.put_in():
        found = prove(world, [fault.step], *fault.passwords).differences
    assert fault.parts <= {difference.part for difference in found}
    assert all(difference.asked.step == fault.step for difference in found)


def test_the_fault_of_a_few_states_names_those_alone(world: World) -> None:
    """What most have is the measure: the report points at whoever stands out."""
    (fault,) = (fault for fault in FAULTS if fault.name == "early return")
    with fault.put_in():
        found = prove(world, [fault.step], USUAL).differences
    hasty = {difference.asked.state.kind for difference in found if difference.part == "calls"}
    assert {kind.value for kind in hasty} == {"nobody", "a sign-up that waits"}
