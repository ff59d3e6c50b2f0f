"""A key's minute is DynamoDB's: instances with wrong clocks don't reset the count (`G6`)."""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import RateLimitedError
from chalicelib.domain.keys.api_key import ApiKeySecret
from chalicelib.storage.keys.api_keys import ApiKeys
from chalicelib.storage.keys.check import KeyChecks, _at
from chalicelib.storage.keys.transport.by_sdk import SdkUpdates
from chalicelib.storage.keys.transport.by_socket import DirectUpdates
from chalicelib.storage.keys.transport.connections import Endpoint, KeptConnections
from chalicelib.storage.keys.transport.server_time import ServerTime
from chalicelib.storage.keys.transport.signing import AwsCredentials, Signer
from tests.support.personas.owners import TRAIL, a_key, an_owner_in, store_key
from tests.support.personas.users import NOON
from tests.support.servers.engines import REGION, botocore_session
from tests.support.servers.moto_server import moto_server
from tests.support.servers.scripted_server import answer, plain, scripted_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.dynamo.connection import StoreConnection
    from chalicelib.storage.keys.transport.http import Answer
    from chalicelib.storage.keys.transport.transport import Updates
    from tests.support.servers.engines import Engine
    from tests.support.servers.scripted_server import ScriptedServer

_LIMIT = 4
_MINUTE = int(NOON.timestamp()) // 60


@dataclass
class _World:
    """The true time, which DynamoDB's Date shows if `has_date`."""

    now: datetime = NOON + timedelta(seconds=10)
    has_date: bool = True

    def wait(self, seconds: int) -> None:
        """Move the time, but never into the two seconds around the start of a minute.

        A Date is exact to two seconds, so within those a call may count in either minute.
        """
        self.now += timedelta(seconds=seconds)
        if not 3 <= self.now.second <= 56:
            self.now += timedelta(seconds=7)


@dataclass(frozen=True)
class _Dated(KeptConnections):
    """Connections whose answers have the world's time, not the engine's."""

    world: _World = field(default_factory=_World)

    def ask(self, request: bytes) -> Answer:
        said = super().ask(request)
        head = re.sub(rb"\r\ndate:[^\r]*", b"", said.head)
        if self.world.has_date:
            head += b"date: " + format_datetime(self.world.now, usegmt=True).lower().encode()
            head += b"\r\n"
        return said._replace(head=head)


class _Instance:
    """A function's instance, whose clock is `skew` seconds ahead of the true time."""

    def __init__(self, world: _World, endpoint: Endpoint, table: str, skew: int) -> None:
        self.world, self.skew, self.asked = world, skew, 0
        updates = DirectUpdates(
            _Dated(endpoint, plain, world=world),
            Signer(endpoint.host_header, REGION),
            lambda: AwsCredentials("test", "test"),
            lambda: self.clock().timestamp(),
        )
        self.checks = KeyChecks(updates, table, _LIMIT)

    def clock(self) -> datetime:
        return self.world.now + timedelta(seconds=self.skew)

    def passes(self, digest: str) -> bool:
        try:
            self.checks.use(digest, self.clock())
        except RateLimitedError:
            return False
        return True


@pytest.fixture
def endpoint(engine: Engine) -> Iterator[Endpoint]:
    with contextlib.ExitStack() as stack:
        yield Endpoint.parse(engine.endpoint or stack.enter_context(moto_server()))


@pytest.fixture
def manager(connection: StoreConnection) -> AccountAdmin:
    return an_owner_in(connection)


def _add_key(connection: StoreConnection, manager: AccountAdmin) -> str:
    digest = ApiKeySecret.new().digest
    store_key(ApiKeys(connection, TRAIL), a_key(manager), digest, manager)
    return digest


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


_skews = st.integers(-290, 290)
_steps = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([0, 0, 0, 1, 20, 70, 400]), st.none() | _skews),
    min_size=10,
    max_size=30,
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(skews=st.tuples(st.just(0), _skews, _skews), steps=_steps)
def test_no_minute_lets_more_through_whatever_the_clocks_say(
    skews: tuple[int, ...],
    steps: list[tuple[int, int, int | None]],
    endpoint: Endpoint,
    connection: StoreConnection,
    manager: AccountAdmin,
    tables: str,
) -> None:
    """One after the other in any order, with clocks that change in between."""
    world, digest = _World(), _add_key(connection, manager)
    instances = [_Instance(world, endpoint, f"{tables}api_keys", skew) for skew in skews]
    passed: Counter[int] = Counter()
    # The call that reveals a wrong clock also counted in a minute of its own.
    strays = 2
    for number, pause, new_skew in steps:
        world.wait(pause)
        if new_skew is not None and number:
            instances[number].skew, strays = new_skew, strays + 1
        if instances[number].passes(digest):
            passed[_minute(world.now)] += 1
        else:
            assert passed[_minute(world.now)] + strays >= _LIMIT
        assert passed[_minute(world.now)] <= _LIMIT


def test_an_instance_that_is_three_minutes_ahead_resets_no_count(
    endpoint: Endpoint, connection: StoreConnection, manager: AccountAdmin, tables: str
) -> None:
    """And it doesn't block the key: minutes later there is room for both of them."""
    world, digest = _World(), _add_key(connection, manager)
    right, fast = (_Instance(world, endpoint, f"{tables}api_keys", skew) for skew in (0, 180))
    for _ in range(5):
        both = [each.passes(digest) for _ in range(_LIMIT) for each in (right, fast)]
        assert _LIMIT - 1 <= sum(both) <= _LIMIT
        world.wait(60)


def test_without_a_date_no_count_begins_anew(
    endpoint: Endpoint, connection: StoreConnection, manager: AccountAdmin, tables: str
) -> None:
    """AWS rejects requests that are off by more than five minutes, so these are the worst."""
    world, digest = _World(has_date=False), _add_key(connection, manager)
    pair = [_Instance(world, endpoint, f"{tables}api_keys", skew) for skew in (-299, 299)]
    passed: Counter[int] = Counter()
    for _ in range(15):
        for _ in range(_LIMIT + 1):
            for each in pair:
                passed[_minute(each.clock())] += each.passes(digest)
        world.wait(60)
    assert set(passed.values()) == {_LIMIT}


def _row(minute: int, digest: str, count: int = 1) -> dict[str, Any]:
    return {
        "digest": {"S": digest},
        "account_id": {"S": "acc_1"},
        "key_id": {"S": "key_1"},
        f"m{minute}": {"N": str(count)},
    }


def _updates(server: ScriptedServer, transport: str) -> Updates:
    if transport == "sdk":
        client = botocore_session().create_client(
            "dynamodb",
            region_name=REGION,
            endpoint_url=server.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        return SdkUpdates(client, NOON.timestamp)
    endpoint = Endpoint.parse(server.url)
    signer = Signer(endpoint.host_header, REGION)
    keys = AwsCredentials("test", "test")
    return DirectUpdates(KeptConnections(endpoint, plain), signer, lambda: keys, NOON.timestamp)


def _dated(at: datetime) -> bytes:
    return b"Date: " + format_datetime(at, usegmt=True).encode()


def _counted_in(request: bytes) -> int:
    body = json.loads(request.partition(b"\r\n\r\n")[2])
    return int(body["ExpressionAttributeNames"]["#minute"][1:])


@pytest.mark.parametrize("transport", ["sdk", "direct"])
@pytest.mark.parametrize("minutes", [-4, 3])
def test_the_first_answer_that_shows_a_wrong_clock_has_the_call_counted_again(
    transport: str, minutes: int
) -> None:
    """That call takes two requests; each later one takes one, in the right minute."""
    key, dated = ApiKeySecret.new(), _dated(NOON + timedelta(minutes=minutes))
    script = [
        answer(json.dumps({"Attributes": _row(minute, key.digest, count)}).encode(), 200, dated)
        for minute, count in ((_MINUTE, 1), (_MINUTE + minutes, 3), (_MINUTE + minutes, 4))
    ]
    with scripted_server(script) as server:
        checks = KeyChecks(_updates(server, transport), "api_keys", 100)
        assert [checks.use(key.digest, NOON).remaining for _ in range(2)] == [97, 96]
        minutes_asked = [_counted_in(request) - _MINUTE for request in server.requests]
        checks.updates.close()
    assert minutes_asked == [0, minutes, minutes]


def test_a_clock_that_is_too_wrong_for_a_signature_counts_in_the_right_minute() -> None:
    """A request refused for its time isn't sent again unchanged: its counters are wrong too."""
    key, dated = ApiKeySecret.new(), _dated(NOON - timedelta(minutes=14))
    refusal = answer(b'{"__type":"a#InvalidSignatureException"}', 400, dated)
    row = {"Attributes": _row(_MINUTE - 14, key.digest)}
    with scripted_server([refusal, answer(json.dumps(row).encode(), 200, dated)]) as server:
        checks = KeyChecks(_updates(server, "direct"), "api_keys", 100)
        assert checks.use(key.digest, NOON).remaining == 99
        assert _counted_in(server.requests[1]) == _MINUTE - 14


def test_counters_that_a_wrong_clock_left_in_the_future_are_dropped() -> None:
    key = ApiKeySecret.new()
    far = {f"m{_MINUTE + 1_000 + number}": {"N": "1"} for number in range(40)}
    near = {f"m{_MINUTE + number}": {"N": "1"} for number in range(-11, 12)}
    row = {**_row(_MINUTE, key.digest), **near, **far}
    with scripted_server([answer(json.dumps({"Attributes": row}).encode()), answer()]) as server:
        KeyChecks(_updates(server, "direct"), "api_keys", 100).use(key.digest, NOON)
        body = json.loads(server.requests[1].partition(b"\r\n\r\n")[2])
    assert set(body["UpdateExpression"].removeprefix("REMOVE ").split(", ")) == set(far)


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 3)), min_size=1, max_size=30))
def test_a_right_clock_is_never_corrected(answers: list[tuple[float, float]]) -> None:
    """With any duration, at any point of its second, and with a stale Date."""
    time, now = ServerTime(), NOON.timestamp()
    for number, (pause, took) in enumerate(answers):
        now += pause
        given_at = datetime.fromtimestamp(int(now + took / 2 - number % 2), UTC)
        time.learn(format_datetime(given_at, usegmt=True), now, now + took)
        now += took
        assert time.ahead == 0


@given(st.floats(-1e6, 1e6), st.floats(0, 1), st.floats(0, 2))
def test_one_answer_tells_a_wrong_clock_to_two_seconds(
    skew: float, fraction: float, took: float
) -> None:
    time, true = ServerTime(), NOON.timestamp() + fraction
    given_at = datetime.fromtimestamp(int(true + took / 2), UTC)
    time.learn(format_datetime(given_at, usegmt=True), true + skew, true + took + skew)
    assert abs(time.ahead - skew) <= 2 + took + 1e-3


@pytest.mark.parametrize(
    "date",
    [
        "",
        "yesterday",
        "tue, 31 feb 2026 12:00:00 gmt",
        "tue, 24 nov 2026 12:00:00 cet",
        "tue, 24 nob 2026 12:00:00 gmt",
        "tue, 24 nov 2026 24:00:00 gmt",
        "tue, 24 nov 0000 12:00:00 gmt",
        "mon, 01 jan 0001 00:00:00 gmt",
        "Tue, 24 Nov 2026 12:00:00 GMT, twice",
        "²" * 29,
    ],
)
def test_a_date_that_cannot_be_read_says_nothing(date: str) -> None:
    time = ServerTime()
    time.learn(date, 0, 1)
    assert time.ahead == 0


@pytest.mark.parametrize("date", ["Mon, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_date_keeps_an_instance_from_checking_keys(date: str) -> None:
    """One invalid answer, such as a proxy's, must not fail all later checks of the instance."""
    time = ServerTime()
    time.learn(date.lower(), NOON.timestamp(), NOON.timestamp() + 1)
    for seconds in (-1, 0, 1, 3_600):
        assert _at(NOON + timedelta(seconds=seconds), time.ahead).year < 9_999
