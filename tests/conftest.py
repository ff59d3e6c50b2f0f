"""What every test may ask for; how each thing works stands in tests/support."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import pytest

from tests.support.engines import (
    ENGINES,
    REGION,
    Engine,
    EngineMissingError,
    EngineRoom,
    botocore_session,
)
from tests.support.tables import fresh_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.storage.connection import StoreConnection


@pytest.fixture(scope="session")
def engine_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRoom]:
    """The engines that this run has started."""
    with contextlib.ExitStack() as stack:
        yield EngineRoom(tmp_path_factory.mktemp("engines"), stack)


@pytest.fixture(params=ENGINES)
def engine(
    request: pytest.FixtureRequest, engine_room: EngineRoom, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """Each DynamoDB in turn, with the environment pointing at it."""
    yield from _use(request.param, engine_room, monkeypatch)


@pytest.fixture
def moto(engine_room: EngineRoom, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The quickest engine alone, where the engine is not the question."""
    yield from _use("moto", engine_room, monkeypatch)


@pytest.fixture
def tables(engine: Engine) -> Iterator[str]:
    """Empty tables on the engine; the value is their prefix."""
    with fresh_tables(engine) as prefix:
        yield prefix


@pytest.fixture
def connection(tables: str, monkeypatch: pytest.MonkeyPatch) -> StoreConnection:
    """The tables, opened as the stores take them."""
    from chalicelib.storage.connection import open_tables

    monkeypatch.setattr("pynamodb.connection.base.get_session", botocore_session)
    opened = open_tables(tables, REGION)
    # Made now, so that racing threads don't each make a client first.
    assert opened.client
    return opened


def _use(name: str, room: EngineRoom, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    for variable in [v for v in os.environ if v.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    try:
        with room.use(name) as engine:
            for variable, value in engine.environ.items():
                monkeypatch.setenv(variable, value)
            yield engine
    except EngineMissingError as reason:
        pytest.skip(f"not run on {name}: {reason}")
