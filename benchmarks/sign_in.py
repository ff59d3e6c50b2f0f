"""Compares a sign-in with its bare password hash, and an unknown email with a wrong password."""

from __future__ import annotations

import contextlib
import os
import secrets
import statistics
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from argon2 import Type
from argon2.low_level import hash_secret_raw

from benchmarks.canned import answer_dynamodb, answer_sqs
from benchmarks.figures import Figure, interleaved, paired_ratio
from chalicelib import bootstrap
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import InvalidCredentialsError
from chalicelib.domain.origin import Client, RequestOrigin
from chalicelib.domain.sign_in.known_browser import Browser
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.bootstrap import Services
    from chalicelib.domain.sign_in.known_browser import DeviceCookies

_ROBIN = EmailAddress("robin@acme.test")
_PASSWORD = "violet kettle 1234 marmot"  # noqa: S105 - a test user's
_ROUNDS = 80
_NO_WAITING = "the wait for DynamoDB and SQS, and the time of Chalice and the gateway."
_NO_CLOCK = "what a caller can measure; the time of the store and the network isn't included."


def figures() -> list[Figure]:
    """Measure sign-ins with a correct password, a wrong one and an unknown email."""
    services = _services()
    taken = interleaved(
        {
            "hash": lambda: _bare_hash(services.settings),
            "right": _attempt(services, _ROBIN, _PASSWORD, services.new_session.devices),
            "right, new": _attempt(services, _ROBIN, _PASSWORD),
            "wrong": _attempt(services, _ROBIN, "another quiet morning 77"),
            "unknown": _attempt(services, EmailAddress("nobody@acme.test"), _PASSWORD),
        },
        _ROUNDS,
    )
    over_hash = (0.0, 1.08)
    return [
        _figure(
            "sign-in, correct password / bare argon2id", taken["right"], taken["hash"], over_hash
        ),
        _figure(
            "sign-in, correct password, new browser / bare argon2id",
            taken["right, new"],
            taken["hash"],
            (0.0, 1.1),
        ),
        _figure(
            "sign-in, wrong password / bare argon2id", taken["wrong"], taken["hash"], over_hash
        ),
        _figure(
            "sign-in, unknown email / wrong password",
            taken["unknown"],
            taken["wrong"],
            (0.97, 1.03),
        ),
    ]


def right_sign_in() -> Callable[[], object]:
    """Return a successful sign-in in a known browser, for comparison with other products."""
    services = _services()
    return _attempt(services, _ROBIN, _PASSWORD, services.new_session.devices)


def _figure(
    metric: str, ours: list[float], floor: list[float], goal: tuple[float, float]
) -> Figure:
    return Figure(
        metric=metric,
        ours=round(statistics.median(ours), 2),
        floor=round(statistics.median(floor), 2),
        ratio=round(paired_ratio(ours, floor), 3),
        low=goal[0],
        high=goal[1],
        unseen=_NO_CLOCK if goal[0] else _NO_WAITING,
    )


def _bare_hash(settings: Settings) -> bytes:
    return hash_secret_raw(
        b"0" * 32,
        b"1" * 16,
        time_cost=settings.argon2_time,
        memory_cost=settings.argon2_memory_kib,
        parallelism=1,
        hash_len=32,
        type=Type.ID,
    )


def _attempt(
    services: Services, email: EmailAddress, password: str, known_by: DeviceCookies | None = None
) -> Callable[[], object]:
    # Most sign-ins come from a known browser. A new browser also puts a notice on the queue.
    cookie = known_by.issue(email, 1, None) if known_by else None
    browser = Browser(RequestOrigin(Client("192.0.2.7", "Benchmark/1.0"), "request"), cookie)

    def attempt() -> None:
        with contextlib.suppress(InvalidCredentialsError):
            services.sign_in.with_password(email, password, browser)

    return attempt


def _services() -> Services:
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")  # noqa: S106
    key = b64encode(secrets.token_bytes(32)).decode()
    chosen = {"PASSWORD_PEPPERS": f"a:{key}", "ADDRESS_KEY": key, "COOKIE_KEY": key}
    queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/mail"
    settings = Settings.from_environ(
        {**chosen, "AWS_REGION": "eu-central-1", "MAIL_QUEUE_URL": queue}
    )
    services = bootstrap.build(settings)
    flow = services.sign_in
    answer_dynamodb(flow.users.connection.client, _rows(services))
    answer_sqs(flow.queue.sqs)
    return services


def _rows(services: Services) -> dict[str, dict[str, Any]]:
    from chalicelib.domain.roles import Role
    from chalicelib.domain.user import Membership
    from chalicelib.storage.dynamo.rows import membership_map
    from chalicelib.storage.dynamo.tables import EmailRow, UserRow

    hashed = services.sign_in.hasher.hash(_PASSWORD)
    membership = membership_map(Membership("acc_1", "Acme", Role.OWNER))
    user = UserRow(
        "usr_1",
        email=_ROBIN.value,
        name="Robin",
        created_at=datetime.now(UTC),
        credentials_version=1,
        signed_in_version=1,
        password_hash=hashed,
        memberships={"acc_1": membership},
    )
    claim = EmailRow(_ROBIN.value, user_id="usr_1")
    return {
        "thub-users": {"usr_1": user.serialize()},
        "thub-emails": {_ROBIN.value: claim.serialize()},
    }
