"""The one request that checks a key, on every engine and over both transports."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config

from chalicelib.bootstrap.key_checks import build_key_check
from chalicelib.domain.errors import InvalidApiKeyError, RateLimitedError, UnavailableError
from chalicelib.domain.keys.api_key import ApiKeySecret, KeyUse
from chalicelib.settings import Settings
from chalicelib.storage.dynamo.tables import ApiKeyRow
from chalicelib.storage.keys.api_keys import ApiKeys
from chalicelib.storage.keys.check import KeyChecks
from chalicelib.storage.keys.transport.by_sdk import SdkUpdates
from chalicelib.storage.keys.transport.by_socket import DirectUpdates
from chalicelib.storage.keys.transport.connections import Endpoint, KeptConnections
from chalicelib.storage.keys.transport.signing import AwsCredentials, Signer
from chalicelib.storage.keys.transport.transport import UpdateRefusedError
from tests.support.personas.owners import TRAIL, a_key, an_owner_in, delete_key, store_key
from tests.support.personas.users import NOON
from tests.support.races.races import race, winners
from tests.support.servers.engines import REGION, botocore_session
from tests.support.servers.moto_server import moto_server
from tests.support.servers.scripted_server import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chalicelib.domain.keys.api_key import ApiKey
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.dynamo.connection import StoreConnection
    from chalicelib.storage.keys.transport.transport import Updates
    from tests.support.servers.engines import Engine

_LIMIT = 100
_CALLERS = 320


@pytest.fixture(params=["sdk", "direct"])
def updates(request: pytest.FixtureRequest, engine: Engine) -> Iterator[Updates]:
    if request.param == "sdk":
        yield SdkUpdates(_client(engine))
        return
    with contextlib.ExitStack() as stack:
        endpoint = Endpoint.parse(engine.endpoint or stack.enter_context(moto_server()))
        # The engines' queues are shorter than AWS's, and 320 callers connect at once.
        yield DirectUpdates(
            KeptConnections(endpoint, plain, connect_seconds=10, answer_seconds=30),
            Signer(endpoint.host_header, REGION),
            lambda: AwsCredentials("test", "test"),
        )


@pytest.fixture
def checks(updates: Updates, tables: str) -> KeyChecks:
    return KeyChecks(updates, f"{tables}api_keys", _LIMIT)


def _client(engine: Engine) -> Any:
    return botocore_session().create_client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=engine.endpoint,
        config=Config(max_pool_connections=_CALLERS, parameter_validation=False),
    )


@pytest.fixture
def manager(connection: StoreConnection) -> AccountAdmin:
    return an_owner_in(connection)


@pytest.fixture
def keys(connection: StoreConnection) -> ApiKeys:
    return ApiKeys(connection, TRAIL)


@pytest.fixture
def digest(keys: ApiKeys, manager: AccountAdmin) -> str:
    return add_key(keys, manager)[1]


def add_key(keys: ApiKeys, manager: AccountAdmin) -> tuple[ApiKey, str]:
    key, digest = a_key(manager), ApiKeySecret.new().digest
    store_key(keys, key, digest, manager)
    return key, digest


def _row(engine: Engine, checks: KeyChecks, digest: str) -> dict[str, Any]:
    key = {"digest": {"S": digest}}
    client = engine.client("dynamodb")
    answer = client.get_item(TableName=checks.table, Key=key, ConsistentRead=True)
    row: dict[str, Any] = answer.get("Item", {})
    return row


def _tell(outcomes: list[KeyUse | Exception]) -> Counter[str]:
    return Counter(type(outcome).__name__ for outcome in outcomes)


def test_a_valid_key_returns_its_account_and_what_is_left(
    checks: KeyChecks, digest: str, manager: AccountAdmin
) -> None:
    first = checks.use(digest, NOON + timedelta(seconds=13))
    assert first.account_id == manager.account_id
    assert (first.limit, first.remaining, first.seconds_left) == (100, 99, 47)
    assert checks.use(digest, NOON + timedelta(seconds=14)).remaining == 98


def test_a_use_is_noted(checks: KeyChecks, keys: ApiKeys, manager: AccountAdmin) -> None:
    """`F11`."""
    key, digest = add_key(keys, manager)
    assert keys.get(key.account_id, key.id).last_used_at is None
    checks.use(digest, NOON + timedelta(minutes=3, seconds=7))
    used = keys.get(key.account_id, key.id).last_used_at
    assert used == NOON + timedelta(minutes=3, seconds=7)


def test_an_unknown_key_is_refused_and_leaves_nothing(engine: Engine, checks: KeyChecks) -> None:
    digest = ApiKeySecret.new().digest
    for _ in range(2):
        with pytest.raises(InvalidApiKeyError):
            checks.use(digest, NOON)
    assert _row(engine, checks, digest) == {}


def test_a_deleted_key_is_refused_on_the_next_call(
    checks: KeyChecks, keys: ApiKeys, manager: AccountAdmin
) -> None:
    """`F5`."""
    key, digest = add_key(keys, manager)
    checks.use(digest, NOON)
    delete_key(keys, key.id, manager)
    with pytest.raises(InvalidApiKeyError):
        checks.use(digest, NOON)


def test_a_revoked_key_is_refused_not_limited(
    checks: KeyChecks, keys: ApiKeys, digest: str
) -> None:
    """`F8`: although its minute is full, the answer is the one for an unknown key."""
    full = replace(checks, limit=1)
    full.use(digest, NOON)
    keys.revoke(digest, NOON)
    with pytest.raises(InvalidApiKeyError):
        full.use(digest, NOON)


def test_of_320_simultaneous_calls_exactly_100_pass(checks: KeyChecks, digest: str) -> None:
    """`G6`."""
    outcomes = race(lambda _: checks.use(digest, NOON), (RateLimitedError,), _CALLERS)
    assert _tell(outcomes) == {"KeyUse": 100, "RateLimitedError": 220}
    assert sorted(use.remaining for use in winners(outcomes)) == list(range(100))


def test_the_next_minute_has_room_again(checks: KeyChecks, digest: str) -> None:
    """`G1`: exactly when Retry-After says, and not a second earlier."""
    few = replace(checks, limit=2)
    at = NOON + timedelta(seconds=30)
    few.use(digest, at)
    few.use(digest, at)
    with pytest.raises(RateLimitedError) as refusal:
        few.use(digest, at)
    back = at + timedelta(seconds=refusal.value.retry_after)
    with pytest.raises(RateLimitedError):
        few.use(digest, back - timedelta(seconds=1))
    assert few.use(digest, back).remaining == 1


def test_a_minute_that_turns_inside_the_burst_lets_exactly_two_allowances_pass(
    checks: KeyChecks, digest: str
) -> None:
    """`G6`: late calls of the old minute get no new allowance."""
    few = replace(checks, limit=20)
    old, new = NOON + timedelta(seconds=59, milliseconds=999), NOON + timedelta(minutes=1)

    def call(number: int) -> tuple[datetime, KeyUse]:
        at = new if number % 2 else old
        return at, few.use(digest, at)

    passed = winners(race(call, (RateLimitedError,), 80))
    assert Counter(at for at, _ in passed) == {old: 20, new: 20}


def test_two_keys_have_their_own_counts(
    checks: KeyChecks, keys: ApiKeys, manager: AccountAdmin
) -> None:
    """`G7`."""
    one = replace(checks, limit=1)
    first, second = add_key(keys, manager)[1], add_key(keys, manager)[1]
    one.use(first, NOON)
    assert one.use(second, NOON).remaining == 0


def test_old_counters_are_removed(engine: Engine, checks: KeyChecks, digest: str) -> None:
    for minute in range(20):
        checks.use(digest, NOON + timedelta(minutes=minute))
    counters = [name for name in _row(engine, checks, digest) if name[1:].isdigit()]
    assert len(counters) == 12


def test_a_key_that_is_used_now_and_then_stays_small(
    engine: Engine, checks: KeyChecks, digest: str
) -> None:
    """A call every seven minutes leaves a counter that no later call can name."""
    for turn in range(80):
        assert checks.use(digest, NOON + timedelta(minutes=7 * turn)).remaining == _LIMIT - 1
    counters = [name for name in _row(engine, checks, digest) if name[1:].isdigit()]
    assert len(counters) <= 32


def test_the_times_are_written_as_the_model_reads_them(checks: KeyChecks, digest: str) -> None:
    checks.use(digest, NOON)
    assert ApiKeyRow.get(digest).last_used_at == NOON


def test_a_check_costs_one_write_unit(engine: Engine, checks: KeyChecks, digest: str) -> None:
    """Refused calls cost the same: at most 1.13 on average for any pattern of calls."""
    if engine.name == "moto":
        pytest.skip("moto doesn't measure")
    measured = _Measured(checks.updates)
    few, calls = replace(checks, updates=measured, limit=5), 0
    for turn in range(60):
        for _ in range(1 + turn % 7):
            calls += 1
            _use_quietly(few, digest, NOON + timedelta(minutes=turn * (1 + turn % 4)))
    assert measured.units / calls <= 1.13
    # A key in use takes one request a call; removing counters takes far less than one in 32.
    assert measured.requests / calls <= 1.01


@dataclass
class _Measured:
    """Passes updates on, and adds up the capacity that DynamoDB reports."""

    updates: Updates
    units: float = 0
    requests: int = 0

    @property
    def ahead(self) -> float:
        return self.updates.ahead

    def close(self) -> None:
        self.updates.close()

    def update(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.requests += 1
        try:
            answer = self.updates.update({**request, "ReturnConsumedCapacity": "TOTAL"})
        except UpdateRefusedError:
            # A failed condition reports no capacity, and costs a write.
            self.units += 1
            raise
        self.units += answer["ConsumedCapacity"]["CapacityUnits"]
        return answer


def _use_quietly(checks: KeyChecks, digest: str, at: datetime) -> None:
    try:
        checks.use(digest, at)
    except RateLimitedError:
        return


def test_a_missing_table_decides_nothing(
    checks: KeyChecks, digest: str, caplog: pytest.LogCaptureFixture
) -> None:
    """`H3`: it fails closed, and is logged once."""
    lost = replace(checks, table="gone")
    with pytest.raises(UnavailableError):
        lost.use(digest, NOON)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "dynamodb_unavailable"
    ]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("transport", ["sdk", "direct"])
@pytest.mark.usefixtures("moto")
def test_an_unreachable_database_decides_nothing(
    transport: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`H3`."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KEY_CHECK_TRANSPORT", transport)
    check = build_key_check(Settings.from_environ(os.environ), lambda: NOON, os.environ)
    with pytest.raises(UnavailableError):
        check.use(ApiKeySecret.new().value)
    assert sum(record.levelname == "ERROR" for record in caplog.records) == 1
