"""Operators' actions reach the log of every account of a user, beyond one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.audit.search import AuditFilter
from chalicelib.domain.errors import ConflictError
from chalicelib.domain.operators.action import OPERATORS, Operator, OperatorAction
from chalicelib.storage.audit.trail import AuditWriter
from chalicelib.storage.dynamo.tables import AuditEventRow
from chalicelib.storage.operators.changes import OperatorChanges
from chalicelib.storage.operators.trail import TOLD_AT_ONCE, OperatorLog
from chalicelib.storage.users.users import Users
from tests.support.personas.owners import TRAIL, a_user_in
from tests.support.personas.users import NOON
from tests.support.races.races import race
from tests.support.servers.aws_faults import failing
from tests.support.servers.tables import everything

if TYPE_CHECKING:
    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.user import User
    from chalicelib.storage.dynamo.connection import StoreConnection
    from tests.support.servers.engines import Engine

_JO = Operator("Jo", "arn:aws:iam::1:user/jo@terminus.test")
_ACCOUNTS = tuple(f"acc_{number:032}" for number in range(200))


class _DiesAfter(AuditWriter):
    """A writer whose process is killed after a number of events."""

    left = 10

    def append(self, event: AuditEvent) -> None:
        if not self.left:
            raise KeyboardInterrupt
        object.__setattr__(self, "left", self.left - 1)
        super().append(event)


def _deed(user: User, accounts: tuple[str, ...] = _ACCOUNTS) -> OperatorAction:
    return OperatorAction(_JO, EventName.SESSION_ENDED, NOON, user.party, accounts, {"how": "all"})


def _told() -> list[AuditEventRow]:
    rows = [row for account in _ACCOUNTS for row in AuditEventRow.query(account)]
    assert all(row.details.as_dict() == {"how": "all"} for row in rows)
    assert all("terminus.test" not in str(row.to_simple_dict()) for row in rows)
    return rows


def test_two_hundred_accounts_get_one_event_each(connection: StoreConnection) -> None:
    user = a_user_in(connection)
    changes = OperatorChanges(OperatorLog(connection, TRAIL))
    changes.end_sessions(user, _deed(user))
    assert [row.account_id for row in _told()] == list(_ACCOUNTS)
    (own,) = AuditEventRow.query(OPERATORS)
    assert own.details["identity"] == _JO.identity


def test_reading_the_log_writes_the_events_that_a_killed_command_left_out(
    connection: StoreConnection,
) -> None:
    user = a_user_in(connection)
    dying = OperatorLog(connection, _DiesAfter(TRAIL.kept))
    with pytest.raises(KeyboardInterrupt):
        OperatorChanges(dying).end_sessions(user, _deed(user))
    after = Users(connection).get(user.id)
    assert after is not None
    assert after.sessions_version == 1
    assert len(_told()) == TOLD_AT_ONCE + 10
    for _ in range(2):
        (event,) = OperatorLog(connection, TRAIL).look_back(NOON, AuditFilter())
        assert event.target == user.party
        assert [row.account_id for row in _told()] == list(_ACCOUNTS)


def test_a_refused_change_writes_no_event(
    engine: Engine, tables: str, connection: StoreConnection
) -> None:
    user = a_user_in(connection)
    changes = OperatorChanges(OperatorLog(connection, TRAIL))
    changes.remove_password(user, _deed(user, _ACCOUNTS[:1]))
    before = everything(engine, tables)
    with pytest.raises(ConflictError):
        changes.remove_password(user, _deed(user, _ACCOUNTS[:1]))
    assert everything(engine, tables) == before


def test_of_twenty_that_stop_one_password_one_does(connection: StoreConnection) -> None:
    """`H13`."""
    user = a_user_in(connection)
    changes = OperatorChanges(OperatorLog(connection, TRAIL))
    outcomes = race(
        lambda _: changes.remove_password(user, _deed(user, _ACCOUNTS[:2])), (ConflictError,)
    )
    assert outcomes.count(None) == 1
    after = Users(connection).get(user.id)
    assert after is not None
    assert (after.credentials_version, after.password_hash) == (2, None)
    assert len(_told()) == 2


def test_an_account_that_is_throttled_after_the_change_does_not_undo_it(
    connection: StoreConnection,
) -> None:
    """The command succeeds; the next read of the log writes the missing events."""
    user = a_user_in(connection)
    changes = OperatorChanges(OperatorLog(connection, TRAIL))
    with failing("ProvisionedThroughputExceededException", lambda name, _: name == "PutItem"):
        changes.end_sessions(user, _deed(user))
    assert len(_told()) == TOLD_AT_ONCE
    list(OperatorLog(connection, TRAIL).look_back(NOON, AuditFilter()))
    assert len(_told()) == len(_ACCOUNTS)
