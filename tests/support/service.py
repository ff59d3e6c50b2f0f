"""The whole service in this process: real storage, a real queue, mail through SES's API.

Requests go through the local gateway, which answers as API Gateway would. The worker gets the same
event that Lambda would give it. The test sets the clock.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import re
import secrets
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from chalicelib import bootstrap
from chalicelib.bootstrap.product import Services
from chalicelib.settings import Settings
from infra.local.wire.gateway import Gateway
from infra.local.wire.messages import Answer, Request
from infra.local.worker import mail_handler, sqs_event
from infra.tools.saml_keys import saml_pair
from tests.support.deployment.permissions import acting_as, guarded
from tests.support.http import Browser, Program, Reply
from tests.support.servers.engines import REGION, botocore_session
from tests.support.servers.tables import FIRST_PREFIX, fresh_tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest

    from tests.support.deployment.permissions import Guard
    from tests.support.personas.users import StoppedClock
    from tests.support.servers.engines import Engine

ORIGIN = "http://localhost:8000"
SENDER = "no-reply@hub.test"
# The cheapest of OWASP's choices. tests/domain and tests/test_settings.py test the cost of a hash
# by default.
CHEAP_HASHES = {"ARGON2_MEMORY_KIB": "7168", "ARGON2_TIME": "5"}
_LINK = re.compile(rf"^{re.escape(ORIGIN)}/\S+\?token=\S+$", re.MULTILINE)
_QUEUE_ARN = f"arn:aws:sqs:{REGION}:123456789012:mail"

_DAILY = {
    "version": "0",
    "account": "123456789012",
    "region": REGION,
    "detail": {},
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "time": "2026-11-24T12:00:00Z",
    "id": "daily",
    "resources": [],
}


class _Functions(Gateway):
    """The gateway; each of its functions is restricted to its own policy."""

    def _event(self, request: Request, request_id: str) -> dict[str, Any]:
        with acting_as("key_check"):
            return super()._event(request, request_id)

    def _view(self, event: dict[str, Any], request_id: str) -> Answer:
        with acting_as("api"):
            return super()._view(event, request_id)


@dataclass(frozen=True)
class Letter:
    """A mail as SES received it."""

    to: str
    subject: str
    text: str
    html: str
    raw: bytes

    @property
    def link(self) -> str:
        """Return the one link with a token, on a line of its own in the text."""
        (link,) = _LINK.findall(self.text)
        return str(link)


@dataclass(eq=False)
class Service:
    """A service under test."""

    engine: Engine
    clock: StoppedClock
    settings: Settings
    gateway: Gateway
    handler: Any
    built: Services
    guard: Guard | None = None
    # Its settings and the remembered journeys so far; none where journeys can't be put back.
    beginning: tuple[Any, ...] = ()
    _writes: int = 0

    def browser(self, address: str = "192.0.2.7") -> Browser:
        """Return a browser that was never here before."""
        return Browser(self.transport(address), ORIGIN)

    def program(self, address: str = "192.0.2.7") -> Program:
        """Return a program that was never here before."""
        return Program(self.transport(address))

    def transport(self, address: str) -> Any:
        """Return a transport to the service from an IP address."""
        return _Wire(self, address)

    @property
    def was_written_to(self) -> bool:
        """Whether anything was written since its beginning."""
        return self.guard is None or self.guard.writes != self._writes

    def arrived_at(self, beginning: tuple[Any, ...]) -> None:
        """Begin anew from where a journey led."""
        assert self.guard is not None
        self.beginning, self._writes = beginning, self.guard.writes

    def work(self) -> int:
        """Let the worker handle the queued messages; returns how many it finished."""
        sqs = self.engine.client("sqs")
        done = 0
        while messages := sqs.receive_message(
            QueueUrl=self.settings.mail_queue_url, AttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                with acting_as("mail"):
                    self.handler(sqs_event(message, _QUEUE_ARN), None)
                sqs.delete_message(
                    QueueUrl=self.settings.mail_queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
                done += 1
        return done

    def watch(self) -> None:
        """Run the daily SSO check."""
        import app

        with acting_as("sso_watch"):
            app.app.handler_map["sso_watch"](_DAILY, None)

    def carry_on_deletions(self) -> None:
        """Let the daily look at deletions happen."""
        import app

        with acting_as("deletions"):
            app.app.handler_map["deletions"](_DAILY, None)

    @property
    def outbox(self) -> list[Letter]:
        """Return every mail that SES received, oldest first."""
        from moto.core.models import DEFAULT_ACCOUNT_ID
        from moto.ses.models import ses_backends

        sent = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
        return [_letter(message.raw_data) for message in sent]

    def mail_to(self, address: str, about: str = "") -> Letter:
        """Run the worker, then return the newest mail to an email with this subject."""
        self.work()
        letters = [x for x in self.outbox if x.to == address and about in x.subject]
        assert letters, f"no mail to {address} about {about!r}"
        return letters[-1]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Read a whole table, as DynamoDB stores it."""
        name = f"{self.settings.table_prefix}{table}"
        items: list[dict[str, Any]] = self.engine.client("dynamodb").scan(TableName=name)["Items"]
        return items


@dataclass(frozen=True)
class _Wire:
    """A transport to a service from an IP address."""

    service: Service
    address: str

    def __call__(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        named = (("Host", "localhost:8000"), *headers.items())
        request = Request(method, target, named, body, self.address)
        answer = self.service.gateway.answer(request)
        return Reply(answer.status, answer.headers, answer.body)


def environ_for(engine: Engine, prefix: str) -> dict[str, str]:
    """Create a queue, verify the sender, and return the settings of a service on the engine."""
    queue = engine.client("sqs").create_queue(QueueName=f"{prefix}mail")
    engine.client("ses").verify_email_identity(EmailAddress=SENDER)
    return {
        "PUBLIC_URL": ORIGIN,
        "TABLE_PREFIX": prefix,
        "MAIL_QUEUE_URL": queue["QueueUrl"],
        "MAIL_FROM": SENDER,
        "AWS_REGION": REGION,
        # moto works with botocore only; the direct transport has its own tests, and the local
        # stack.
        "KEY_CHECK_TRANSPORT": "direct" if engine.endpoint else "sdk",
        **CHEAP_HASHES,
        **_secrets_of_this_run(),
    }


@cache
def _secrets_of_this_run() -> dict[str, str]:
    return fresh_secrets()


def fresh_secrets() -> dict[str, str]:
    """Return the secrets of a deployment, by the names of their settings."""
    return {
        "PASSWORD_PEPPERS": f"test:{_key()}",
        "ADDRESS_KEY": _key(),
        "COOKIE_KEY": _key(),
        **_saml_pair(),
    }


def start(engine: Engine, environ: Mapping[str, str], clock: StoppedClock) -> Service:
    """Build the services and put them where the app looks for them."""
    import app

    settings = Settings.from_environ(environ)
    built = bootstrap.build(settings, clock)
    bootstrap.use(built)
    return Service(engine, clock, settings, _Functions(app.app), mail_handler(app.app), built)


@contextlib.contextmanager
def running(
    engine: Engine,
    clock: StoppedClock,
    environ: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Service]:
    """Run one with an empty store and an empty outbox."""
    monkeypatch.setattr("botocore.session.get_session", botocore_session)
    monkeypatch.setattr("pynamodb.connection.base.get_session", botocore_session)
    monkeypatch.setattr("chalicelib.domain.passwords.hashing.hash_secret_raw", _quick_hash)
    with fresh_tables(engine) as prefix, guarded(prefix) as guard:
        chosen = {**environ_for(engine, prefix), **environ}
        service = start(engine, chosen, clock)
        service.guard = guard
        if engine.endpoint is None and prefix == FIRST_PREFIX:
            service.arrived_at((tuple(sorted(chosen.items())),))
        yield service
        stop()


def _quick_hash(**inputs: Any) -> bytes:
    """Hash with argon2 as it is called for, but at its least cost.

    All that is asked for goes into the hash: one made at another cost still differs.
    """
    from argon2.low_level import hash_secret_raw

    asked = repr(sorted(inputs.items())).encode()
    least = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}
    return hash_secret_raw(**{**inputs, **least, "secret": sha256(asked).digest()})


def changed(ready: Services, **flows: Any) -> Services:
    """Return the same services, with some flows replaced."""
    made = Services(ready.shared)
    vars(made).update(flows)
    return made


def stop() -> None:
    """Discard the services."""
    bootstrap.use(None)


@cache
def _saml_pair() -> dict[str, str]:
    return saml_pair()


def _key() -> str:
    return b64encode(secrets.token_bytes(32)).decode("ascii")


def _letter(raw: str | bytes) -> Letter:
    written = raw.encode() if isinstance(raw, str) else raw
    parsed = email.message_from_bytes(written, policy=email.policy.default)
    text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    assert text is not None
    assert html is not None
    return Letter(
        to=str(parsed["To"]),
        subject=str(parsed["Subject"]),
        text=text.get_content().replace("\r\n", "\n"),
        html=html.get_content(),
        raw=written,
    )
