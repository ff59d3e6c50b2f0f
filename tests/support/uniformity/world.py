"""A service in which every state exists, and that is restored after each request."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from unittest import mock

from chalicelib import bootstrap
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.origin import Client
from tests.support import service as whole
from tests.support.ledger import Ledger, ledger
from tests.support.personas.journeys import OTHER_PASSWORD, PASSWORD, ask_sign_in, become_a_user
from tests.support.personas.users import StoppedClock
from tests.support.servers import engines
from tests.support.servers.tables import fresh_tables
from tests.support.uniformity.states import SSO_ACCOUNT, STATES, Domain, History, Kind, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.support.service import Service

Rows = list[dict[str, Any]]

# Where requests come from: a source within its window, one never seen, one over its limit.
SOURCE, NEW_SOURCE, BLOCKED_SOURCE = "192.0.2.7", "192.0.2.8", "192.0.2.9"
_FOUNDER = "founder-1@plain.test"
_MODEL_ADDRESS = "pattern-1@plain.test"
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
# The tables that requests write to.
_WRITTEN = {"limits": ("subject",), "sign_ups": ("email", "slot")}


@dataclass
class World:
    """The service, the record of its work, its queued messages, and its store at the start."""

    service: Service
    book: Ledger
    environ: Mapping[str, str]
    messages: list[str] = field(default_factory=list)
    start: dict[str, Rows] = field(default_factory=dict)

    def remember(self) -> None:
        """Take the store as it is for the start of every request."""
        self.start = {table: self.service.rows(table) for table in _WRITTEN}

    def forget_latest(self, address: str) -> None:
        """Delete the email's newest sign-up, as a confirmation does; all others stay."""
        self.service.engine.client("dynamodb").delete_item(
            TableName=f"{self.service.settings.table_prefix}sign_ups",
            Key={"email": {"S": address}, "slot": {"S": "latest"}},
        )

    def restore(self) -> None:
        """Undo what a request wrote."""
        store = self.service.engine.client("dynamodb")
        for table, keys in _WRITTEN.items():
            name = f"{self.service.settings.table_prefix}{table}"
            now, before = self.service.rows(table), self.start[table]
            for row in (row for row in now if row not in before):
                store.delete_item(TableName=name, Key={key: row[key] for key in keys})
            for row in (row for row in before if row not in now):
                store.put_item(TableName=name, Item=row)
        self.messages.clear()
        self.book.clear()


@contextlib.contextmanager
def world(scratch: Path, settings: Mapping[str, str] = _NO_SETTINGS) -> Iterator[World]:
    """Start a service on moto and write every state into its store."""
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(engines.moto(scratch))
        stack.enter_context(surroundings(engine.environ))
        prefix = stack.enter_context(fresh_tables(engine))
        environ = {**whole.environ_for(engine, prefix), **settings}
        os.environ.update(environ)
        service = whole.start(engine, environ, StoppedClock())
        stack.callback(whole.stop)
        made = World(service, stack.enter_context(ledger()), environ)
        stack.enter_context(_noting(made.messages))
        _populate(service)
        made.remember()
        made.restore()
        yield made


@contextlib.contextmanager
def surroundings(environ: Mapping[str, str]) -> Iterator[None]:
    """Hide the developer's own AWS configuration, and make all clients from one session."""
    with (
        mock.patch.dict(os.environ),
        mock.patch("botocore.session.get_session", engines.botocore_session),
        mock.patch("pynamodb.connection.base.get_session", engines.botocore_session),
    ):
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(environ)
        yield


@contextlib.contextmanager
def cold_process(service: Service) -> Iterator[None]:
    """Let the next request find no service built, like the first of a process."""
    build = bootstrap.build
    with (
        mock.patch.object(bootstrap, "_built", None),
        mock.patch.object(bootstrap, "build", lambda chosen: build(chosen, service.clock)),
    ):
        yield


@contextlib.contextmanager
def _noting(messages: list[str]) -> Iterator[None]:
    from botocore.client import BaseClient

    call = BaseClient._make_api_call  # noqa: SLF001 - every AWS call passes here

    def noted(self: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        if operation == "SendMessage":
            messages.append(parameters["MessageBody"])
        return call(self, operation, parameters)

    with mock.patch.object(BaseClient, "_make_api_call", noted):
        yield


def _populate(service: Service) -> None:
    from chalicelib.storage.dynamo.tables import DomainRow, UserRow

    become_a_user(service, _FOUNDER, PASSWORD)
    (founder,) = UserRow.scan()
    for domain in (Domain.ENFORCED, Domain.OFFERED):
        DomainRow(
            domain.value,
            account_id=SSO_ACCOUNT,
            connection_id="con_1",
            enforced=int(domain is Domain.ENFORCED),
        ).save()
    for state in STATES:
        _add(state, service, str(founder.password_hash))
    _add_histories(service)


def _add(state: State, service: Service, hashed: str) -> None:
    from chalicelib.domain.roles import MembershipStatus, Role
    from chalicelib.domain.user import Membership
    from chalicelib.storage.dynamo.rows import membership_map
    from chalicelib.storage.dynamo.tables import EmailRow, SignUpRow, UserRow

    if state.kind is Kind.WAITING:
        SignUpRow(
            state.address,
            "latest",
            sign_up_id=f"sup_{state.number:032}",
            name="Robin",
            account_name="Acme",
            password_hash=hashed,
            browser_digest="0" * 64,
            created_at=service.clock(),
            ttl=service.clock(),
        ).save()
    elif state.kind is not Kind.NOBODY:
        user_id = f"usr_{state.number:032}"
        EmailRow(state.address, user_id=user_id).save()
        UserRow(
            user_id,
            email=state.address,
            name="Robin",
            created_at=service.clock(),
            credentials_version=1,
            password_hash=hashed if state.kind is Kind.USER else None,
            memberships={
                account: membership_map(
                    Membership(account, "Acme", Role(role), MembershipStatus(status))
                )
                for account, role, status in state.memberships
            },
        ).save()


def _add_histories(service: Service) -> None:
    """Fail often enough once, for an unknown email, and copy the rows that it left."""
    attempts = service.settings.lockout_attempts
    for _ in range(attempts - 1):
        ask_sign_in(service.program(SOURCE), _MODEL_ADDRESS, OTHER_PASSWORD)
    last = _limit(service, _key(_MODEL_ADDRESS))
    ask_sign_in(service.program(SOURCE), _MODEL_ADDRESS, OTHER_PASSWORD)
    locked = _limit(service, _key(_MODEL_ADDRESS))
    most = {"N": str(service.settings.consecutive_failures_max)}
    unlocked = {"locked_until": last["locked_until"]}
    rows = {
        History.LAST: last,
        History.LOCKED: locked,
        History.DEAD: {**locked, **unlocked, "consecutive": most},
    }
    for state in STATES:
        if state.history in rows:
            _put_limit(service, rows[state.history], _key(state.address))
    blocked = {"N": str(service.settings.source_failures)}
    source = _limit(service, _source_key(SOURCE))
    _put_limit(service, {**source, "hits": blocked}, _source_key(BLOCKED_SOURCE))


def _key(address: str) -> str:
    return bootstrap.services().sign_in.check.attempt_keys.address(EmailAddress(address))


def _source_key(address: str) -> str:
    keys = bootstrap.services().sign_in.check.attempt_keys
    return keys.of(EmailAddress(_FOUNDER), None, Client(address, "")).source


def _limit(service: Service, subject: str) -> dict[str, Any]:
    (row,) = (row for row in service.rows("limits") if row["subject"]["S"] == subject)
    return row


def _put_limit(service: Service, row: Mapping[str, Any], subject: str) -> None:
    service.engine.client("dynamodb").put_item(
        TableName=f"{service.settings.table_prefix}limits",
        Item={**row, "subject": {"S": subject}},
    )
