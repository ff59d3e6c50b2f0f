"""The lockout on real rows: any moves in any order, and requests with outdated reads."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import Bundle, rule, run_state_machine_as_test

from chalicelib.domain.origin import Client
from chalicelib.domain.sign_in.attempt_keys import AttemptKeyMaker
from chalicelib.domain.sign_in.counter_keys import AddressKeys
from chalicelib.domain.sign_in.known_browser import Device
from chalicelib.domain.sign_in.link import LinkPurpose
from chalicelib.domain.sign_in.lockout import AttemptOrigin
from chalicelib.domain.tokens import new_id
from chalicelib.storage.dynamo.connection import open_tables
from chalicelib.storage.users.credentials import Credentials, ResetCounts
from chalicelib.storage.users.links import Links
from chalicelib.storage.users.lockout import Attempts
from chalicelib.storage.users.password_gate import PasswordGate
from chalicelib.storage.users.users import Users
from tests.support.personas.owners import a_user_in
from tests.support.personas.users import a_users_link
from tests.support.races.lock_machine import ADDRESS, RULES, SHARED, SOMEBODY, LockMachine
from tests.support.servers.engines import REGION, botocore_session
from tests.support.servers.tables import fresh_tables

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.sign_in.lockout import Reservation
    from chalicelib.domain.user import User
    from chalicelib.storage.dynamo.connection import StoreConnection
    from chalicelib.storage.users.lockout import AttemptRecord
    from tests.support.servers.engines import Engine

_MAKER = AttemptKeyMaker(AddressKeys(b"k" * 32))
_FEW = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    # Shrinking a failing sequence on tables takes minutes, so it is shown as found.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)


class _Rows(LockMachine):
    """The same moves through the stores; each run has an email of its own."""

    stalled = Bundle[tuple[str, str, "AttemptRecord"]]("stalled")

    def __init__(self, connection: StoreConnection) -> None:
        super().__init__()
        self.attempts = Attempts(connection, RULES, kept=timedelta(days=400))
        self.credentials = Credentials(connection)
        self.users = Users(connection)
        self.user = a_user_in(connection, f"{new_id('person')}@acme.test")

    def attempt(self, subject: str, source: str) -> Reservation:
        return self._reserve(subject, self._open(subject, source))

    def succeed(self, subject: str, source: str) -> None:
        self.attempts.forgive(self._open(subject, source), self.now, _origin(subject))

    def lift(self, subjects: list[str], source: str) -> None:
        link = a_users_link(self._fresh_user(), LinkPurpose.UNLOCK, expires_at=self._soon)
        Links().add(link)
        counts = [self._key(subject) for subject in subjects]
        self.credentials.unlock(link, counts, self._pair(source), self.now)

    def clear(self, source: str) -> None:
        link = a_users_link(self._fresh_user(), LinkPurpose.RESET_PASSWORD, expires_at=self._soon)
        Links().add(link)
        counts, gate = ResetCounts(self._key(ADDRESS), self._pair(source)), PasswordGate(link.email)
        self.credentials.reset_password(link, "new", counts, self.now, gate)

    @rule(target=stalled, who=SOMEBODY)
    def read_and_stall(self, who: str) -> tuple[str, str, AttemptRecord]:
        subject, source = self.subject(who), self.source(who)
        return subject, source, self._open(subject, source)

    @rule(one=stalled)
    def go_on_from_what_was_read(self, one: tuple[str, str, AttemptRecord]) -> None:
        subject, source, ledger = one
        self.compare(subject, source, self._reserve(subject, ledger))

    def _reserve(self, subject: str, ledger: AttemptRecord) -> Reservation:
        return self.attempts.reserve(ledger, self.now, _origin(subject))

    def _open(self, subject: str, source: str = SHARED) -> AttemptRecord:
        device = Device(f"{self.user.id} {subject}", 1) if subject != ADDRESS else None
        keys = _MAKER.of(self.user.email, device, Client(source, "Test/1.0"))
        return self.attempts.open(keys, self.user.id)

    def _key(self, subject: str) -> str:
        keys = self._open(subject).keys
        return keys.address if subject == ADDRESS else keys.device

    def _pair(self, source: str) -> str:
        return _MAKER.pair(self.user.email, Client(source, "Test/1.0"))

    def _fresh_user(self) -> User:
        user = self.users.get(self.user.id)
        assert user is not None
        return user

    @property
    def _soon(self) -> datetime:
        return self.now + timedelta(hours=1)


def _origin(subject: str) -> AttemptOrigin:
    return AttemptOrigin.NEW_BROWSER if subject == ADDRESS else AttemptOrigin.KNOWN_BROWSER


@pytest.mark.requirement("B4", "B5", "B6", "H13")
def test_no_sequence_of_moves_leaves_forbidden_rows(
    moto: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pynamodb.connection.base.get_session", botocore_session)
    with fresh_tables(moto) as prefix:
        connection = open_tables(prefix, REGION)

        class OnTheseTables(_Rows):
            def __init__(self) -> None:
                super().__init__(connection)

        run_state_machine_as_test(OnTheseTables, settings=_FEW)
