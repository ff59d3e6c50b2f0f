"""Sessions, on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import NotFoundError, NotSignedInError
from chalicelib.domain.sign_in.session import SessionLimits, SignInMethod
from chalicelib.domain.sso.connection import connection_id_of
from chalicelib.domain.tokens import SecretToken
from chalicelib.storage.dynamo.tables import AuditEventRow
from chalicelib.storage.joining.sign_ups import SignUps
from chalicelib.storage.sessions.sessions import Sessions
from chalicelib.storage.users.links import Links
from chalicelib.storage.users.password_gate import BarredError
from chalicelib.storage.users.users import Users
from tests.support.personas.owners import ASKER, TRAIL, confirm
from tests.support.personas.users import NOON, a_link, a_session, a_sign_up
from tests.support.races.races import race, winners

if TYPE_CHECKING:
    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import Membership, User
    from chalicelib.storage.dynamo.connection import StoreConnection

_LIMITS = SessionLimits(idle=timedelta(hours=12), overall=timedelta(days=30))


@pytest.fixture
def sessions(connection: StoreConnection) -> Sessions:
    return Sessions(connection, _LIMITS, TRAIL)


@pytest.fixture
def owner(connection: StoreConnection) -> User:
    sign_ups = SignUps(connection, timedelta(days=8), TRAIL)
    sign_up = a_sign_up()
    link = a_link(sign_up)
    sign_ups.add(sign_up)
    Links().add(link)
    user = Users(connection).get(confirm(sign_ups, link, sign_up))
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


def test_resuming_an_unknown_session_creates_none(sessions: Sessions) -> None:
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


def test_a_session_ends_after_its_maximum_lifetime(sessions: Sessions) -> None:
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
    sessions.switch(old, new, _opened(owner, membership.account_id))
    assert sessions.resume(new.id, NOON) == new
    with pytest.raises(NotSignedInError):
        sessions.resume(old.id, NOON)


def test_switching_into_a_foreign_account_is_refused_and_changes_nothing(
    sessions: Sessions, owner: User
) -> None:
    """`H15`."""
    old = a_session(owner.id)
    sessions.start(old, replaced=None)
    foreign = replace(old, id=SecretToken.new().digest, account_id="acc_foreign")
    with pytest.raises(NotFoundError):
        sessions.switch(old, foreign, _opened(owner, "acc_foreign"))
    sessions.resume(old.id, NOON)
    assert _events("acc_foreign") == []


def test_no_write_opens_an_account_to_a_session_that_anothers_provider_made(
    sessions: Sessions, owner: User
) -> None:
    """`E8`: for every caller, and every role of the user there."""
    (membership,) = owner.memberships.values()
    old = replace(
        a_session(owner.id),
        method=SignInMethod.SSO,
        connection_id=connection_id_of("acc_another"),
    )
    sessions.start(old, replaced=None)
    opened = _opened(owner, membership.account_id)
    with pytest.raises(BarredError):
        sessions.switch(old, _entered(old, membership), opened)
    with pytest.raises(BarredError):
        sessions.start(_entered(old, membership), replaced=old.id)
    sessions.resume(old.id, NOON)
    sessions.prove_by_password(old.id, NOON)
    proved = sessions.resume(old.id, NOON)
    sessions.switch(proved, _entered(proved, membership), opened)
    assert EventName.ACCOUNT_OPENED in _events(membership.account_id)


def test_of_twenty_simultaneous_switches_of_one_session_one_wins(
    sessions: Sessions, owner: User
) -> None:
    """`H13`: a stolen token can't become several."""
    (membership,) = owner.active_memberships
    old = a_session(owner.id)
    sessions.start(old, replaced=None)

    def switch(_: int) -> str:
        new = _entered(old, membership)
        sessions.switch(old, new, _opened(owner, membership.account_id))
        return new.id

    (winner,) = winners(race(switch, (NotSignedInError,)))
    sessions.resume(winner, NOON)
    assert _events(membership.account_id).count("account.opened") == 1


def test_of_twenty_simultaneous_sign_outs_one_is_recorded(sessions: Sessions, owner: User) -> None:
    (membership,) = owner.active_memberships
    session = a_session(owner.id, membership.account_id)
    sessions.start(session, replaced=None)

    def sign_out(_: int) -> None:
        ended = owner.event(EventName.SESSION_ENDED, membership.account_id, NOON, ASKER)
        sessions.end_own(session, ended)

    assert len(winners(race(sign_out, (NotFoundError,)))) == 1
    assert _events(membership.account_id).count("session.ended") == 1
    with pytest.raises(NotSignedInError):
        sessions.resume(session.id, NOON)


def test_a_users_valid_sessions_are_listed(sessions: Sessions, owner: User) -> None:
    """`D8`: sessions that no longer work aren't shown."""
    (membership,) = owner.active_memberships
    here = a_session(owner.id)
    inside = _entered(a_session(owner.id), membership)
    over = replace(a_session(owner.id), last_seen_at=NOON - _LIMITS.idle)
    for session in (
        here,
        inside,
        over,
        a_session("usr_other"),
        replace(a_session(owner.id), credentials_version=0),
        replace(inside, id=SecretToken.new().digest, grant="grt_before_a_suspension"),
        replace(a_session(owner.id), account_id="acc_left", grant="grt_there"),
    ):
        sessions.start(session, replaced=None)
    assert _by_id(sessions.of(owner, NOON)) == _by_id([here, inside])


def test_more_sessions_than_one_batch_takes_are_all_listed(sessions: Sessions, owner: User) -> None:
    kept = [a_session(owner.id) for _ in range(101)]
    for session in kept:
        sessions.start(session, replaced=None)
    assert _by_id(sessions.of(owner, NOON)) == _by_id(kept)


def test_a_user_ends_only_their_own_sessions(sessions: Sessions) -> None:
    """`H15`."""
    mine, theirs = a_session("usr_1"), a_session("usr_2")
    sessions.start(mine, replaced=None)
    sessions.start(theirs, replaced=None)
    for foreign in (theirs.id, SecretToken.new().digest):
        with pytest.raises(NotFoundError):
            sessions.own("usr_1", foreign)
    with pytest.raises(NotFoundError):
        sessions.end_own(replace(theirs, user_id="usr_1"), None)
    sessions.resume(theirs.id, NOON)
    assert sessions.own("usr_1", mine.id) == mine
    sessions.end_own(mine, None)
    with pytest.raises(NotSignedInError):
        sessions.resume(mine.id, NOON)


def test_ending_all_others_reaches_those_that_no_list_shows_yet(
    sessions: Sessions, owner: User, connection: StoreConnection
) -> None:
    """`D8`: a sign-in in progress ends as well, because it began before."""
    here, other, under_way = (a_session(owner.id) for _ in range(3))
    sessions.start(here, replaced=None)
    sessions.start(other, replaced=None)
    sessions.end_others(here)
    sessions.start(under_way, replaced=None)
    now = Users(connection).get(owner.id)
    assert now is not None
    assert [session.id for session in sessions.of(now, NOON)] == [here.id]
    assert sessions.resume(here.id, NOON).holds_for(now)
    assert not sessions.resume(other.id, NOON).holds_for(now)
    assert not sessions.resume(under_way.id, NOON).holds_for(now)


def test_all_others_can_be_ended_again(
    sessions: Sessions, owner: User, connection: StoreConnection
) -> None:
    here = a_session(owner.id)
    sessions.start(here, replaced=None)
    for version in (1, 2):
        sessions.end_others(sessions.resume(here.id, NOON))
        now = Users(connection).get(owner.id)
        assert now is not None
        assert now.sessions_version == version


def test_of_twenty_sessions_that_end_each_other_at_once_one_is_left(
    sessions: Sessions, owner: User, connection: StoreConnection
) -> None:
    """`H13`."""
    racers = [a_session(owner.id) for _ in range(20)]
    for session in racers:
        sessions.start(session, replaced=None)

    def end_others(number: int) -> str:
        sessions.end_others(racers[number])
        return racers[number].id

    (winner,) = winners(race(end_others, (NotSignedInError,)))
    now = Users(connection).get(owner.id)
    assert now is not None
    assert [session.id for session in sessions.of(now, NOON)] == [winner]


def _by_id(sessions: list[Session]) -> list[Session]:
    return sorted(sessions, key=lambda session: session.id)


def _entered(old: Session, membership: Membership) -> Session:
    return replace(
        old,
        id=SecretToken.new().digest,
        account_id=membership.account_id,
        grant=membership.grant,
    )


def _opened(user: User, account_id: str) -> AuditEvent:
    return user.event(EventName.ACCOUNT_OPENED, account_id, NOON, ASKER)


def _events(account_id: str) -> list[str]:
    return [row.event for row in AuditEventRow.query(account_id, consistent_read=True)]
