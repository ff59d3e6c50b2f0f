"""Sessions, on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import NotFoundError, NotSignedInError
from chalicelib.domain.sessions import SessionLimits
from chalicelib.domain.tokens import SecretToken
from chalicelib.storage.links import Links
from chalicelib.storage.people import People
from chalicelib.storage.sessions import Sessions
from chalicelib.storage.sign_ups import SignUps
from tests.support.people import NOON, a_link, a_session, a_sign_up
from tests.support.races import race, winners

if TYPE_CHECKING:
    from chalicelib.domain.people import Membership, User
    from chalicelib.domain.sessions import Session
    from chalicelib.storage.connection import StoreConnection

_LIMITS = SessionLimits(idle=timedelta(hours=12), overall=timedelta(days=30))


@pytest.fixture
def sessions(connection: StoreConnection) -> Sessions:
    return Sessions(connection, _LIMITS)


@pytest.fixture
def owner(connection: StoreConnection) -> User:
    sign_ups = SignUps(connection, kept=timedelta(days=8))
    sign_up = a_sign_up()
    link = a_link(sign_up)
    sign_ups.add(sign_up)
    Links().add(link)
    user = People(connection).get(sign_ups.confirm(link, sign_up, NOON))
    assert user is not None
    return user


def test_a_session_is_resumed_and_its_use_noted(sessions: Sessions) -> None:
    session = a_session("usr_1")
    sessions.start(session, replaced=None)
    later = NOON + timedelta(hours=1)
    assert sessions.resume(session.id, later) == replace(session, last_seen_at=later)


def test_an_unknown_session_is_not_signed_in(sessions: Sessions) -> None:
    """`D2`."""
    with pytest.raises(NotSignedInError):
        sessions.resume(SecretToken.new().digest, NOON)


def test_resuming_an_unknown_session_makes_none(sessions: Sessions) -> None:
    unknown = SecretToken.new().digest
    for _ in range(2):
        with pytest.raises(NotSignedInError):
            sessions.resume(unknown, NOON)


def test_a_session_ends_when_it_is_idle_for_too_long(sessions: Sessions) -> None:
    """`D5`."""
    session = a_session("usr_1")
    sessions.start(session, replaced=None)
    sessions.resume(session.id, NOON + _LIMITS.idle - timedelta(seconds=1))
    with pytest.raises(NotSignedInError):
        sessions.resume(session.id, NOON + 2 * _LIMITS.idle)


def test_a_session_ends_in_all_however_much_it_is_used(sessions: Sessions) -> None:
    """`D5`."""
    session = replace(a_session("usr_1"), last_seen_at=NOON + _LIMITS.overall)
    sessions.start(session, replaced=None)
    sessions.resume(session.id, NOON + _LIMITS.overall - timedelta(seconds=1))
    with pytest.raises(NotSignedInError):
        sessions.resume(session.id, NOON + _LIMITS.overall)


def test_signing_in_ends_the_session_that_the_browser_brought(sessions: Sessions) -> None:
    """`D3`."""
    old, new = a_session("usr_1"), a_session("usr_1")
    sessions.start(old, replaced=None)
    sessions.start(new, replaced=old.id)
    with pytest.raises(NotSignedInError):
        sessions.resume(old.id, NOON)
    sessions.resume(new.id, NOON)


def test_an_ended_session_stays_ended(sessions: Sessions) -> None:
    """`D6`."""
    session = a_session("usr_1")
    sessions.start(session, replaced=None)
    sessions.end(session.id)
    sessions.end(session.id)
    with pytest.raises(NotSignedInError):
        sessions.resume(session.id, NOON)


def test_switching_replaces_the_session(sessions: Sessions, owner: User) -> None:
    """`D3`."""
    (membership,) = owner.active_memberships
    old = a_session(owner.id)
    sessions.start(old, replaced=None)
    new = _entered(old, membership)
    sessions.switch(old, new)
    assert sessions.resume(new.id, NOON) == new
    with pytest.raises(NotSignedInError):
        sessions.resume(old.id, NOON)


def test_switching_into_a_foreign_account_is_refused_and_changes_nothing(
    sessions: Sessions, owner: User
) -> None:
    """`H15`."""
    old = a_session(owner.id)
    sessions.start(old, replaced=None)
    with pytest.raises(NotFoundError):
        sessions.switch(old, replace(old, id=SecretToken.new().digest, account_id="acc_foreign"))
    sessions.resume(old.id, NOON)


def test_of_twenty_simultaneous_switches_of_one_session_one_wins(
    sessions: Sessions, owner: User
) -> None:
    """`H13`: a stolen token can't fork into many."""
    (membership,) = owner.active_memberships
    old = a_session(owner.id)
    sessions.start(old, replaced=None)

    def switch(_: int) -> str:
        new = _entered(old, membership)
        sessions.switch(old, new)
        return new.id

    (winner,) = winners(race(switch, (NotSignedInError,)))
    sessions.resume(winner, NOON)


def _entered(old: Session, membership: Membership) -> Session:
    return replace(
        old,
        id=SecretToken.new().digest,
        account_id=membership.account_id,
        grant=membership.grant,
    )
