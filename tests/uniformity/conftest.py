from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.uniformity.world import World
from tests.support.uniformity.world import world as made

if TYPE_CHECKING:
    from collections.abc import Iterator

# The cheapest cost that is allowed; `make uniformity` asks the same at the default one.
_COST = {"ARGON2_MEMORY_KIB": "7168", "ARGON2_TIME": "5"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Every state in one store, put back after each request."""
    with made(tmp_path_factory.mktemp("uniformity"), _COST) as ready:
        yield ready
