"""Performs every operation as its user would, and records what each consumed."""

from __future__ import annotations

import contextlib
import logging
import tempfile
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.operations.crowd import grow
from benchmarks.operations.meter import Bill, metered
from chalicelib.logs import JsonFormatter
from chalicelib.web.authorizer import check_api_key
from tests.support import service as whole
from tests.support.http import Browser
from tests.support.keys import KEYS, Holder, account_of
from tests.support.ledger import Ledger, ledger
from tests.support.personas.invitations import accept_as_new, mailed_token
from tests.support.personas.journeys import (
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    become_a_user,
    sign_in,
    signed_in_program,
    token_of,
)
from tests.support.personas.users import StoppedClock
from tests.support.servers import engines
from tests.support.servers.engines import Engine
from tests.support.servers.tables import fresh_tables
from tests.support.service import ORIGIN
from tests.support.uniformity.world import surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.support.http import Program, Reply, Transport
    from tests.support.service import Service

_ARN = "arn:aws:execute-api:eu-west-1:123456789012:abc123/api/GET/api/v1/account"


@dataclass(frozen=True)
class Operation:
    """What one operation consumes, including the worker's part.

    `invocations` counts the invocations of each function, `hashes` password hashes, and
    `log_bytes` what our code writes to its logs.
    """

    name: str
    bill: Bill
    invocations: dict[str, int]
    hashes: int
    log_bytes: int


class Written(logging.Handler):
    """Counts the bytes that our loggers write."""

    def __init__(self) -> None:
        """Format lines as a deployed function does."""
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.bytes = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count a line with its line feed."""
        self.bytes += len(self.format(record).encode()) + 1


@dataclass
class Recorder:
    """Runs operations against one service and keeps what each consumed."""

    service: Service
    clock: StoppedClock
    bill: Bill
    book: Ledger
    written: Written
    operations: list[Operation] = field(default_factory=list)

    def note(self, name: str, act: Callable[[], dict[str, int]]) -> None:
        """Perform an operation, run the jobs that it queued, and record both.

        `act` returns the number of invocations of each function.
        """
        self.service.work()
        self.book.clear()
        before, bytes_before = self.bill.copy(), self.written.bytes
        invoked = act()
        messages = self.service.work()
        self.operations.append(
            Operation(
                name,
                self.bill - before,
                {"api": 0, "key_check": 0, "mail": messages, **invoked},
                len(self.book.hashes),
                self.written.bytes - bytes_before,
            )
        )


def counted(sizes: tuple[int, ...]) -> dict[int, list[Operation]]:
    """Count every operation with so many users, keys and sessions; raises EngineMissingError."""
    found = {}
    with _recording() as new_recorder:
        service = new_recorder().service
        account_id, have = account_of(_founder(service)), 0
        client = service.engine.client("dynamodb")
        for size in sizes:
            grow(client, service.settings.table_prefix, account_id, have, size)
            have, recorder = size, new_recorder()
            # A day later, the last round's counts of failed attempts and mails have expired.
            recorder.clock.advance(timedelta(days=1))
            _people(recorder)
            _members(recorder)
            found[size] = recorder.operations
    return found


def _founder(service: Service) -> Program:
    become_a_user(service)
    return signed_in_program(service)


def _people(recorder: Recorder) -> None:
    service, note = recorder.service, recorder.note
    new = f"new{_day(recorder)}@new.test"
    program = service.program()
    note("sign-up, asked for", lambda: _ok(_sign_up(program, new)))
    confirm = {"token": token_of(service.mail_to(new).link)}
    note("sign-up, confirmed", lambda: _ok(program.post("/auth/email_confirmation", confirm)))
    note("sign-in, email given", lambda: _ok(program.post("/auth/identify", {"email": new})))
    note("sign-in, wrong password", lambda: _api(ask_sign_in(program, new, OTHER_PASSWORD)))
    note("sign-in, right password", lambda: _ok(ask_sign_in(program, new)))
    note("sign-in, right password, known browser", lambda: _ok(ask_sign_in(program, new)))
    note("sign-in with its pages, known browser", lambda: _by_page(service, program, new))
    note("a request with a session", lambda: _ok(program.get("/auth/session")))
    note("the page of workspaces", lambda: _ok(program.get("/")))
    note("sessions, listed", lambda: _ok(program.get("/auth/sessions")))
    note("audit log, ten listed", lambda: _ok(program.get("/api/v1/audit_events?limit=10")))
    _keys(recorder, program)
    forgotten = {"email": new}
    ask = service.program()
    note("reset, asked for", lambda: _ok(ask.post("/auth/password_reset/request", forgotten)))
    reset = {"token": token_of(service.mail_to(new, "password").link), "password": OTHER_PASSWORD}
    note("reset, done", lambda: _ok(ask.post("/auth/password_reset", reset)))
    note("sign-out", lambda: _ok(program.delete("/auth/session")))


def _members(recorder: Recorder) -> None:
    service, note = recorder.service, recorder.note
    owner, invited = signed_in_program(service), f"kim{_day(recorder)}@acme.test"
    note("members, ten listed", lambda: _ok(owner.get("/api/v1/members?limit=10")))
    sent = {"email": invited, "role": "member"}
    note("invitation, sent", lambda: _ok(owner.post("/api/v1/invitations", sent)))
    token = mailed_token(service, invited)
    note("invitation, accepted", lambda: _ok(accept_as_new(service.program(), token)))


def _keys(recorder: Recorder, owner: Program) -> None:
    service, note = recorder.service, recorder.note
    name = {"name": "CI"}
    made = owner.post(KEYS, {"name": "another"}).json
    holder = Holder(service.program(), made["key"])
    note("API key, made", lambda: _ok(owner.post(KEYS, name)))
    note("API key, checked", lambda: _check(made["key"]))
    note("a call with a key", lambda: {**_ok(holder.get("/api/v1/account")), "key_check": 1})
    note("API keys, listed", lambda: _ok(owner.get(KEYS)))
    note("API key, deleted", lambda: _ok(owner.delete(f"{KEYS}/{made['id']}")))
    note("API key, refused", lambda: _check(made["key"]))
    note("API key, malformed", lambda: _check("thub_nonsense"))


def _day(recorder: Recorder) -> int:
    return recorder.clock().toordinal()


def _sign_up(program: Program, address: str) -> Reply:
    body = {"name": "New", "email": address, "password": PASSWORD, "account_name": "New"}
    return program.post("/auth/sign_up", body)


def _by_page(service: Service, program: Program, address: str) -> dict[str, int]:
    """Sign in with the form, as a browser with a cached style sheet and script does."""
    calls: list[str] = []
    send: Transport = service.transport("192.0.2.7")

    def counting(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        calls.append(target)
        return send(method, target, headers, body)

    sign_in(Browser(counting, ORIGIN, program.jar), address)
    return {"api": len(calls)}


def _ok(reply: Reply) -> dict[str, int]:
    if reply.status >= HTTPStatus.BAD_REQUEST:
        message = f"an operation answered {reply.status}: {reply.text}"
        raise RuntimeError(message)
    return _api(reply)


def _api(_reply: Reply) -> dict[str, int]:
    return {"api": 1}


def _check(key: str) -> dict[str, int]:
    event = {"type": "TOKEN", "authorizationToken": f"Bearer {key}", "methodArn": _ARN}
    # The authorizer refuses with an exception, as API Gateway requires.
    with contextlib.suppress(Exception):
        check_api_key(event, {})
    return {"key_check": 1}


@contextlib.contextmanager
def _recording() -> Iterator[Callable[[], Recorder]]:
    """Run the service with Amazon's DynamoDB Local and with moto's queue and mail."""
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        queue = stack.enter_context(engines.moto(scratch))
        store = stack.enter_context(engines.dynamodb_local(scratch))
        environ = {**queue.environ, "AWS_ENDPOINT_URL_DYNAMODB": str(store.endpoint)}
        stack.enter_context(surroundings(environ))
        prefix = stack.enter_context(fresh_tables(store))
        clock = StoppedClock()
        service = whole.start(queue, whole.environ_for(queue, prefix), clock)
        stack.callback(whole.stop)
        service = replace(service, engine=_Both("both", None, queue, store))
        bill, book = stack.enter_context(metered()), stack.enter_context(ledger())
        written = stack.enter_context(_written())
        yield lambda: Recorder(service, clock, bill, book, written)


@contextlib.contextmanager
def _written() -> Iterator[Written]:
    logger, handler = logging.getLogger("chalicelib"), Written()
    level, kept = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = kept


@dataclass(frozen=True)
class _Both(Engine):
    """DynamoDB from one engine, all other services from the other."""

    queue: Engine
    store: Engine

    def client(self, service: str) -> Any:
        """Create a client of the engine that has the service."""
        return (self.store if service == "dynamodb" else self.queue).client(service)
