"""Links that change a user's credentials: used once, on every engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import LinkInvalidError
from chalicelib.domain.sign_in.email_change import EmailChange
from chalicelib.domain.sign_in.link import LinkPurpose
from chalicelib.storage.joining.email_changes import EmailChanges
from chalicelib.storage.users.credentials import Credentials, ResetCounts
from chalicelib.storage.users.links import Links
from chalicelib.storage.users.password_gate import PasswordGate
from chalicelib.storage.users.users import Users
from tests.support.personas.owners import a_user_in
from tests.support.personas.users import NOON, ROBIN, a_users_link
from tests.support.races.races import CALLERS, race, winners
from tests.support.servers.tables import everything

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.user import User
    from chalicelib.storage.dynamo.connection import StoreConnection
    from tests.support.servers.engines import Engine

_KIM = EmailAddress("kim@acme.test")
_NEW = EmailAddress("robin@elsewhere.test")
_HASH = "$argon2id$another"
_LATE = NOON + timedelta(hours=1)


@dataclass
class Store:
    """A store with one user, whose links are used for their purpose."""

    engine: Engine
    prefix: str
    connection: StoreConnection
    robin: User

    def mailed(self, purpose: LinkPurpose, user: User | None = None) -> Link:
        """Store a link of a user, with the new email if it changes one."""
        email = _NEW if purpose is LinkPurpose.CHANGE_EMAIL else None
        link = a_users_link(user or self.robin, purpose, email, _LATE)
        Links().add(link)
        return link

    def spend(self, purpose: LinkPurpose, link: Link, number: int = 0) -> int:
        """Use a link for a purpose; returns the number, which identifies the caller."""
        credentials = Credentials(self.connection)
        does: Mapping[LinkPurpose, Callable[[], None]] = {
            LinkPurpose.RESET_PASSWORD: lambda: credentials.reset_password(
                link,
                f"{_HASH}{number}",
                ResetCounts("address#robin", "pair#robin"),
                NOON,
                PasswordGate(link.email),
            ),
            LinkPurpose.UNLOCK: lambda: credentials.unlock(
                link, ["address#robin"], "pair#robin", NOON
            ),
            LinkPurpose.CHANGE_EMAIL: lambda: self._change(link),
        }
        does[purpose]()
        return number

    def _change(self, link: Link) -> None:
        """Confirm a change without a session, for its user as they are now."""
        user = Users(self.connection).get(link.subject_id)
        assert user is not None
        change = EmailChange(link, user, None, NOON, NOON + timedelta(hours=72))
        gate = PasswordGate(link.email)
        EmailChanges(self.connection).confirm(change, gate, lambda _: None)

    def assert_refused(self, purpose: LinkPurpose, link: Link) -> None:
        """Use an invalid link: it is refused, and nothing is written."""
        before = everything(self.engine, self.prefix)
        with pytest.raises(LinkInvalidError):
            self.spend(purpose, link)
        assert everything(self.engine, self.prefix) == before

    def now(self, user: User) -> User:
        """Read a user again."""
        found = Users(self.connection).get(user.id)
        assert found is not None
        return found

    def holder(self, email: EmailAddress) -> str | None:
        """Return the id of an email's user."""
        return Users(self.connection).look_up(email).user_id


@pytest.fixture
def store(engine: Engine, tables: str, connection: StoreConnection) -> Store:
    return Store(engine, tables, connection, a_user_in(connection))


_PURPOSES = (LinkPurpose.RESET_PASSWORD, LinkPurpose.UNLOCK, LinkPurpose.CHANGE_EMAIL)
for_each_purpose = pytest.mark.parametrize("purpose", _PURPOSES)


@for_each_purpose
def test_of_twenty_uses_of_one_link_one_wins(store: Store, purpose: LinkPurpose) -> None:
    """`C3`, `H13`."""
    link = store.mailed(purpose)
    outcomes = race(lambda number: store.spend(purpose, link, number), (LinkInvalidError,))
    (winner,) = winners(outcomes)
    user = store.now(store.robin)
    if purpose is LinkPurpose.RESET_PASSWORD:
        assert (user.password_hash, user.credentials_version) == (f"{_HASH}{winner}", 2)
    else:
        assert user.credentials_version == 1
    store.assert_refused(purpose, link)


def test_of_twenty_reset_links_used_at_once_one_wins(store: Store) -> None:
    """`C3`, `C4`: each caller has its own link; the first new password ends all others."""
    links = [store.mailed(LinkPurpose.RESET_PASSWORD) for _ in range(CALLERS)]
    outcomes = race(
        lambda number: store.spend(LinkPurpose.RESET_PASSWORD, links[number], number),
        (LinkInvalidError,),
    )
    (winner,) = winners(outcomes)
    assert store.now(store.robin).password_hash == f"{_HASH}{winner}"
    assert store.now(store.robin).credentials_version == 2


def test_of_a_new_password_and_a_new_email_at_once_one_wins(store: Store) -> None:
    """`C4`: the first one ends the links of the other."""
    kinds = (LinkPurpose.RESET_PASSWORD, LinkPurpose.CHANGE_EMAIL)
    links = [store.mailed(kinds[number % 2]) for number in range(CALLERS)]
    outcomes = race(
        lambda number: store.spend(kinds[number % 2], links[number], number),
        (LinkInvalidError,),
    )
    (winner,) = winners(outcomes)
    user = store.now(store.robin)
    is_new_address = winner % 2 == 1
    assert user.email == (_NEW if is_new_address else ROBIN)
    assert user.credentials_version == (1 if is_new_address else 2)


@pytest.mark.parametrize("other", _PURPOSES)
@for_each_purpose
def test_a_link_works_only_for_its_purpose(
    store: Store, purpose: LinkPurpose, other: LinkPurpose
) -> None:
    """`C4`: as it is, and with its purpose forged."""
    link = store.mailed(purpose)
    if other is not purpose:
        store.assert_refused(other, link)
        email = _NEW if other is LinkPurpose.CHANGE_EMAIL else ROBIN
        store.assert_refused(other, replace(link, purpose=other, email=email))
    store.spend(purpose, link)


@for_each_purpose
def test_a_link_works_only_for_its_user(store: Store, purpose: LinkPurpose) -> None:
    """`C4`: another user's id, or their email and id, on a link that Robin was mailed."""
    kim = a_user_in(store.connection, _KIM.value)
    link = store.mailed(purpose)
    store.assert_refused(purpose, replace(link, subject_id=kim.id))
    forged = replace(link, subject_id=kim.id, user_email=_KIM.value)
    store.assert_refused(purpose, forged)
    store.assert_refused(purpose, replace(forged, email=EmailAddress("other@acme.test")))
    store.spend(purpose, link)


@for_each_purpose
def test_a_link_ends_with_the_password_that_it_was_made_under(
    store: Store, purpose: LinkPurpose
) -> None:
    """`C4`, `C8`."""
    link, reset = store.mailed(purpose), store.mailed(LinkPurpose.RESET_PASSWORD)
    store.spend(LinkPurpose.RESET_PASSWORD, reset)
    store.assert_refused(purpose, link)
    fresh = store.mailed(purpose, store.now(store.robin))
    store.spend(purpose, fresh)


@for_each_purpose
def test_a_link_ends_with_the_email_that_it_was_mailed_to(
    store: Store, purpose: LinkPurpose
) -> None:
    """`C4`."""
    link, change = store.mailed(purpose), store.mailed(LinkPurpose.CHANGE_EMAIL)
    store.spend(LinkPurpose.CHANGE_EMAIL, change)
    store.assert_refused(purpose, link)


@for_each_purpose
def test_a_link_expires_although_its_row_still_exists(store: Store, purpose: LinkPurpose) -> None:
    """`C5`: by the clock in the condition, not by the table's TTL."""
    link = replace(store.mailed(purpose), digest="an older one", expires_at=NOON)
    Links().add(link)
    store.assert_refused(purpose, link)
    store.assert_refused(purpose, replace(link, expires_at=_LATE))


def test_an_email_that_was_taken_meanwhile_keeps_its_user(store: Store) -> None:
    link = store.mailed(LinkPurpose.CHANGE_EMAIL)
    kim = a_user_in(store.connection, _NEW.value)
    store.assert_refused(LinkPurpose.CHANGE_EMAIL, link)
    assert (store.holder(_NEW), store.holder(ROBIN)) == (kim.id, store.robin.id)


def test_of_twenty_users_who_change_to_one_email_one_gets_it(store: Store) -> None:
    """`C3`, `H13`: all others keep their own email."""
    users = [a_user_in(store.connection, f"person{number}@acme.test") for number in range(CALLERS)]
    links = [store.mailed(LinkPurpose.CHANGE_EMAIL, person) for person in users]
    outcomes = race(
        lambda number: store.spend(LinkPurpose.CHANGE_EMAIL, links[number], number),
        (LinkInvalidError,),
    )
    (winner,) = winners(outcomes)
    assert store.holder(_NEW) == users[winner].id
    assert store.holder(users[winner].email) is None
    left = [person for number, person in enumerate(users) if number != winner]
    assert all(store.holder(person.email) == person.id for person in left)
    assert all(store.now(person).email == person.email for person in left)


def test_after_a_change_the_old_email_belongs_to_no_user(store: Store) -> None:
    store.spend(LinkPurpose.CHANGE_EMAIL, store.mailed(LinkPurpose.CHANGE_EMAIL))
    assert (store.holder(_NEW), store.holder(ROBIN)) == (store.robin.id, None)
