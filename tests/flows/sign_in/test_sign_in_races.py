"""Guessing at one email with concurrent requests; `make bench` runs all 200 rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.personas.journeys import become_a_user
from tests.support.races.sign_in_races import BUDGET, CALLERS, SETTINGS, counted_hashes, rounds

if TYPE_CHECKING:
    from tests.support.service import Service

_ROUNDS = 8


@pytest.fixture
def environ() -> dict[str, str]:
    return dict(SETTINGS)


@pytest.mark.requirement("B6", "H13")
def test_of_sixty_concurrent_guesses_five_at_most_are_checked(service: Service) -> None:
    """Each costs one hash; at most five use the user's own, or five before a success."""
    with counted_hashes():
        become_a_user(service)
    played = list(rounds(service, _ROUNDS))
    assert [one for one in played if not one.is_within_budget] == []
    # Five in sixty succeed, one in twelve: six of eight would not be chance.
    assert sum(one.succeeded for one in played) < 6
    assert sum(one.dummy for one in played) >= _ROUNDS * (CALLERS - 2 * BUDGET)
