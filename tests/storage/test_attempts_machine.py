"""The lock on real rows: any moves in any order, and racers that go on from what they once read."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, rule, run_state_machine_as_test

from chalicelib.domain.addresses import AddressKeys
from chalicelib.domain.devices import Device
from chalicelib.domain.links import LinkPurpose
from chalicelib.domain.tokens import new_id
from chalicelib.storage.attempts import AttemptKeyMaker, Attempts
from chalicelib.storage.connection import open_tables
from chalicelib.storage.credentials import Credentials
from chalicelib.storage.links import Links
from chalicelib.storage.people import People
from chalicelib.storage.sso_gates import PasswordGate
from tests.support.engines import REGION, botocore_session
from tests.support.lock_machine import ADDRESS, OWN_BROWSER, RULES, STRANGER, LockMachine
from tests.support.owners import a_user_in
from tests.support.people import BROWSER, a_users_link
from tests.support.tables import fresh_tables

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.attempts import Reservation
    from chalicelib.domain.people import User
    from chalicelib.storage.attempts import Ledger
    from chalicelib.storage.connection import StoreConnection
    from tests.support.engines import Engine

_MAKER = AttemptKeyMaker(AddressKeys(b"k" * 32))
_FEW = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    # A failing sequence is as good as its shortest form, and shrinking on tables takes minutes.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)


class _Rows(LockMachine):
    """The same moves through the stores; each run has an address of its own."""

    stalled = Bundle[tuple[str, "Ledger"]]("stalled")

    def __init__(self, connection: StoreConnection) -> None:
        super().__init__()
        self.attempts = Attempts(connection, RULES, kept=timedelta(days=400))
        self.credentials = Credentials(connection)
        self.people = People(connection)
        self.user = a_user_in(connection, f"{new_id('person')}@acme.test")

    def attempt(self, subject: str) -> Reservation:
        return self._reserve(subject, self._open(subject))

    def succeed(self, subject: str) -> None:
        self.attempts.forgive(self._open(subject), self.now, known_device=subject != ADDRESS)

    def lift(self, subjects: list[str]) -> None:
        link = a_users_link(self._fresh_user(), LinkPurpose.UNLOCK, expires_at=self._soon)
        Links().add(link)
        self.credentials.unlock(link, [self._key(subject) for subject in subjects], self.now)

    def clear(self) -> None:
        link = a_users_link(self._fresh_user(), LinkPurpose.RESET_PASSWORD, expires_at=self._soon)
        Links().add(link)
        gate = PasswordGate(link.email)
        self.credentials.reset_password(link, "new", self._key(ADDRESS), self.now, gate)

    @rule(target=stalled, who=st.sampled_from((STRANGER, OWN_BROWSER)))
    def read_and_stall(self, who: str) -> tuple[str, Ledger]:
        subject = self.subject(who)
        return subject, self._open(subject)

    @rule(one=stalled)
    def go_on_from_what_was_read(self, one: tuple[str, Ledger]) -> None:
        subject, ledger = one
        self.compare(subject, self._reserve(subject, ledger))

    def _reserve(self, subject: str, ledger: Ledger) -> Reservation:
        return self.attempts.reserve(ledger, self.now, known_device=subject != ADDRESS)

    def _open(self, subject: str) -> Ledger:
        device = Device(f"{self.user.id} {subject}", 1) if subject != ADDRESS else None
        keys = _MAKER.of(self.user.email, device, BROWSER)
        return self.attempts.open(keys, self.user.id)

    def _key(self, subject: str) -> str:
        keys = self._open(subject).keys
        return keys.address if subject == ADDRESS else keys.device

    def _fresh_user(self) -> User:
        user = self.people.get(self.user.id)
        assert user is not None
        return user

    @property
    def _soon(self) -> datetime:
        return self.now + timedelta(hours=1)


@pytest.mark.requirement("B4", "B5", "B6", "H13")
def test_no_sequence_of_moves_leaves_rows_that_are_forbidden(
    moto: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pynamodb.connection.base.get_session", botocore_session)
    with fresh_tables(moto) as prefix:
        connection = open_tables(prefix, REGION)

        class OnTheseTables(_Rows):
            def __init__(self) -> None:
                super().__init__(connection)

        run_state_machine_as_test(OnTheseTables, settings=_FEW)
