"""Changes of email: changed, stopped and undone once each, on every engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import ConflictError, LinkInvalidError, PasswordRequiredError
from chalicelib.domain.sign_in.email_change import (
    EmailChange,
    EmailTakenError,
    TooManyEmailChangesError,
)
from chalicelib.domain.sign_in.link import Link, LinkPurpose
from chalicelib.domain.tokens import SecretToken
from chalicelib.storage.joining.email_changes import EmailChanges
from chalicelib.storage.users.links import Links
from chalicelib.storage.users.password_gate import PasswordGate
from chalicelib.storage.users.users import Users
from tests.support.personas.owners import a_user_in
from tests.support.personas.users import NOON, ROBIN, a_session, a_users_link
from tests.support.races.races import race, winners

if TYPE_CHECKING:
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import User
    from chalicelib.storage.dynamo.connection import StoreConnection

_UNDO = timedelta(hours=72)


@dataclass
class Store:
    """A store with one user who changes their email."""

    connection: StoreConnection
    changes: EmailChanges
    user_id: str

    @property
    def user(self) -> User:
        """Read the user as they are now."""
        found = Users(self.connection).get(self.user_id)
        assert found is not None
        return found

    def change(self, email: str, session: Session | None = None) -> Link:
        """Change the email now, and store the link that undoes it."""
        user = self.user
        link = self.link_to(email)
        change = EmailChange(link, user, session, NOON, NOON + _UNDO)
        self.changes.confirm(change, PasswordGate(link.email), lambda _: None)
        undo = Link(
            digest=SecretToken.new().digest,
            purpose=LinkPurpose.UNDO_EMAIL_CHANGE,
            email=user.email,
            subject_id=user.id,
            expires_at=NOON + _UNDO,
            sessions_version=change.version,
        )
        Links().add(undo)
        return undo

    def link_to(self, email: str, purpose: LinkPurpose = LinkPurpose.CHANGE_EMAIL) -> Link:
        """Store a link of the user as they are now."""
        user = self.user
        link = replace(
            a_users_link(user, purpose, EmailAddress(email)),
            sessions_version=user.sessions_version,
        )
        Links().add(link)
        return link


@pytest.fixture
def store(connection: StoreConnection) -> Store:
    return Store(connection, EmailChanges(connection), a_user_in(connection).id)


def test_of_twenty_concurrent_undos_one_wins(store: Store) -> None:
    """`C3`, `H13`."""
    undo, user = store.change("robin@elsewhere.test"), store.user
    outcomes = race(lambda _: store.changes.undo(undo, user, NOON), (ConflictError,))
    assert len(winners(outcomes)) == 1
    assert (store.user.email, store.user.password_hash) == (ROBIN, None)
    assert store.user.open_ways_back(NOON) == ()


def test_of_a_stop_and_the_change_itself_one_wins(store: Store) -> None:
    """`C4`, `H13`."""
    link = store.link_to("robin@elsewhere.test")
    stop = store.link_to(ROBIN.value, LinkPurpose.STOP_EMAIL_CHANGE)
    change = EmailChange(link, store.user, None, NOON, NOON + _UNDO)

    def act(number: int) -> int:
        if number % 2:
            store.changes.stop(stop, NOON)
        else:
            store.changes.confirm(change, PasswordGate(link.email), lambda _: None)
        return number

    (winner,) = winners(race(act, (LinkInvalidError,)))
    assert (store.user.email == ROBIN) == bool(winner % 2)
    assert store.user.sessions_version == 1


def test_a_reserved_email_cannot_be_claimed_until_it_expires(store: Store) -> None:
    store.change("robin@elsewhere.test")
    with pytest.raises(LinkInvalidError):
        a_user_in(store.connection)
    record = Users(store.connection).look_up(ROBIN)
    assert record.user_id is None
    assert not record.is_free_for(None, NOON + _UNDO - timedelta(seconds=1))
    assert record.is_free_for(None, NOON + _UNDO)
    assert record.is_free_for(store.user_id, NOON)


def test_an_undo_never_takes_another_users_email(store: Store) -> None:
    from chalicelib.storage.dynamo.tables import EmailRow

    undo = store.change("robin@elsewhere.test")
    EmailRow(ROBIN.value, user_id="usr_kim").save()
    before = store.user
    with pytest.raises(EmailTakenError):
        store.changes.undo(undo, before, NOON)
    assert store.user == before


def test_an_eleventh_change_in_three_days_is_refused(store: Store) -> None:
    for number in range(10):
        store.change(f"robin{number}@elsewhere.test")
    with pytest.raises(TooManyEmailChangesError):
        store.change("robin10@elsewhere.test")
    assert store.user.email.value == "robin9@elsewhere.test"


def test_an_ended_session_confirms_nothing_and_the_link_stays(store: Store) -> None:
    session = a_session(store.user_id)
    with pytest.raises(PasswordRequiredError):
        store.change("robin@elsewhere.test", session)
    assert store.user.email == ROBIN
    store.change("robin@elsewhere.test")
