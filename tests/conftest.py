"""The fixtures of all tests; tests/support has their code."""

from __future__ import annotations

import contextlib
import gc
import os
from typing import TYPE_CHECKING

import pytest

from tests.support.browser.chromium import ChromiumMissingError, launched, open_tab
from tests.support.deployment import unused_permissions
from tests.support.order import rank
from tests.support.personas.users import StoppedClock
from tests.support.saml.providers import ProviderMissingError
from tests.support.saml.providers.pysaml2 import pysaml2
from tests.support.saml.providers.simplesamlphp import simplesamlphp
from tests.support.servers.dns_server import running as running_dns
from tests.support.servers.engines import (
    ENGINES,
    REGION,
    Engine,
    EngineMissingError,
    EngineRoom,
    botocore_session,
)
from tests.support.servers.stack import Stack, running_stack
from tests.support.servers.tables import fresh_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from chalicelib.storage.dynamo.connection import StoreConnection
    from tests.support.ledger import Ledger
    from tests.support.saml.providers import Provider
    from tests.support.servers.dns_server import DnsServer
    from tests.support.service import Service


def pytest_configure(config: pytest.Config) -> None:
    """Report after a run of all flows which permissions no flow needed."""
    config.pluginmanager.register(unused_permissions.Asking(config))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the files that take the longest.

    A file stays on one worker: a long one started last would leave all other workers idle.
    """
    items.sort(key=lambda item: rank(item.path))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from going through all that was imported, again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(scope="session")
def engine_room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineRoom]:
    """The engines that this run has started."""
    with contextlib.ExitStack() as stack:
        yield EngineRoom(tmp_path_factory.mktemp("engines"), stack)


@pytest.fixture(params=ENGINES)
def engine(
    request: pytest.FixtureRequest, engine_room: EngineRoom, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """Each DynamoDB engine in turn, with the environment pointing at it."""
    yield from _use(request.param, engine_room, monkeypatch)


@pytest.fixture
def moto(engine_room: EngineRoom, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The fastest engine alone, for tests that don't depend on the engine."""
    yield from _use("moto", engine_room, monkeypatch)


@pytest.fixture
def tables(engine: Engine) -> Iterator[str]:
    """Empty tables on the engine; the value is their prefix."""
    with fresh_tables(engine) as prefix:
        yield prefix


@pytest.fixture
def connection(tables: str, monkeypatch: pytest.MonkeyPatch) -> StoreConnection:
    """The opened tables, as the stores take them."""
    from chalicelib.storage.dynamo.connection import open_tables

    monkeypatch.setattr("pynamodb.connection.base.get_session", botocore_session)
    opened = open_tables(tables, REGION)
    # Made now, so that concurrent threads don't each make a client.
    assert opened.client is not None
    return opened


@pytest.fixture
def clock() -> StoppedClock:
    """A clock that stays at noon until a test moves it."""
    return StoppedClock()


@pytest.fixture
def environ() -> dict[str, str]:
    """Settings that a test module changes; override it there."""
    return {}


@pytest.fixture
def service(
    moto: Engine,
    clock: StoppedClock,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Service]:
    """The whole service in this process, with an empty store and an empty outbox."""
    from tests.support.service import running

    with running(moto, clock, environ, monkeypatch) as started:
        yield started


@pytest.fixture(scope="session")
def dns_server() -> Iterator[DnsServer]:
    """One DNS server for the whole run."""
    with running_dns() as server:
        yield server


@pytest.fixture
def dns(dns_server: DnsServer) -> DnsServer:
    """A DNS server without records."""
    dns_server.forget()
    return dns_server


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """The AWS calls and password hashes of a test."""
    from tests.support.ledger import ledger as counting

    with counting() as book:
        yield book


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One local stack for all tests that use it; each uses emails of its own."""
    with running_stack(tmp_path_factory.mktemp("stack")) as started:
        yield started


@pytest.fixture(scope="session")
def php(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """SimpleSAMLphp, for the whole run."""
    try:
        with simplesamlphp(tmp_path_factory.mktemp("php")) as provider:
            yield provider
    except ProviderMissingError as reason:
        pytest.skip(f"not run with SimpleSAMLphp: {reason}")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """pysaml2's identity provider; after one signed request it requires them of everyone."""
    try:
        with pysaml2(tmp_path_factory.mktemp("pysaml2")) as provider:
            yield provider
    except ProviderMissingError as reason:
        pytest.skip(f"not run with pysaml2: {reason}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for the whole run."""
    try:
        with launched() as browser:
            yield browser
    except ChromiumMissingError as reason:
        pytest.skip(f"not run in a browser: {reason}")


@pytest.fixture
def tab(chromium: Browser, stack: Stack) -> Iterator[Page]:
    """An empty tab on the running stack; an error in its console fails the test."""
    with open_tab(chromium, stack.origin) as page:
        yield page


@pytest.fixture
def plain_tab(chromium: Browser, stack: Stack) -> Iterator[Page]:
    """The same with JavaScript off."""
    with open_tab(chromium, stack.origin, javascript=False) as page:
        yield page


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
