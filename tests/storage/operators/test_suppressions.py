"""An operator's removal of a suppression, on every engine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import ConflictError
from chalicelib.domain.operators.action import OPERATORS, Operator, OperatorAction
from chalicelib.domain.suppression import SuppressionEntry, SuppressionReason
from chalicelib.storage.dynamo.tables import AuditEventRow, SuppressionRow
from chalicelib.storage.mail.suppressions import Suppressions
from chalicelib.storage.operators.suppressions import SuppressionRemovals
from chalicelib.storage.operators.trail import OperatorLog
from tests.support.personas.owners import TRAIL
from tests.support.personas.users import NOON
from tests.support.races.races import race, winners

if TYPE_CHECKING:
    from chalicelib.storage.dynamo.connection import StoreConnection

_EMAIL = "robin@acme.test"
_MINUTE = timedelta(minutes=1)


def _suppress(at: timedelta = timedelta(0)) -> bool:
    added = [
        Suppressions().add(
            _EMAIL, SuppressionEntry(reason, NOON + at, NOON + timedelta(days=30), "words")
        )
        for reason in SuppressionReason
    ]
    return all(added)


def _remove(connection: StoreConnection) -> None:
    operator = Operator("Jo", "arn:aws:iam::1:user/jo")
    action = OperatorAction(operator, EventName.SUPPRESSION_REMOVED, NOON + _MINUTE)
    SuppressionRemovals(OperatorLog(connection, TRAIL)).remove(_EMAIL, action)


def test_every_reason_goes_and_reports_of_before_stay_away(connection: StoreConnection) -> None:
    assert _suppress()
    _remove(connection)
    assert Suppressions().find(_EMAIL).entries == ()
    assert SuppressionRow.get(_EMAIL).ttl == NOON + _MINUTE + timedelta(days=30)
    assert not _suppress()
    assert _suppress(2 * _MINUTE)


def test_of_twenty_operators_at_once_one_removes_and_one_event_says_so(
    connection: StoreConnection,
) -> None:
    _suppress()
    outcomes = race(lambda _: _remove(connection), (ConflictError,))
    assert len(winners(outcomes)) == 1
    assert len(list(AuditEventRow.query(OPERATORS))) == 1


def test_what_is_not_suppressed_is_not_removed(connection: StoreConnection) -> None:
    with pytest.raises(ConflictError):
        _remove(connection)
    assert list(AuditEventRow.query(OPERATORS)) == []
    assert list(SuppressionRow.scan()) == []
