"""Accounts that signed-in users create, on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.accounts.limits import ACCOUNTS_MAX, TooManyAccountsError
from chalicelib.domain.accounts.new_account import NewAccount
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import NotSignedInError
from chalicelib.domain.roles import Role
from chalicelib.domain.sign_in.session import SessionLimits
from chalicelib.domain.tokens import SecretToken
from chalicelib.domain.user import Membership
from chalicelib.storage.accounts.accounts import Accounts
from chalicelib.storage.accounts.new_accounts import NewAccounts
from chalicelib.storage.dynamo.rows import membership_map
from chalicelib.storage.dynamo.tables import AccountRow, AuditEventRow, SessionRow, UserRow
from chalicelib.storage.sessions.sessions import Sessions
from chalicelib.storage.users.users import Users
from tests.support.personas.owners import TRAIL, an_owner_in
from tests.support.personas.users import NOON, a_session
from tests.support.races.races import race, winners

if TYPE_CHECKING:
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import AccountAdmin, User
    from chalicelib.storage.dynamo.connection import StoreConnection

_LIMITS = SessionLimits(timedelta(hours=12), timedelta(days=30))


@pytest.fixture
def sessions(connection: StoreConnection) -> Sessions:
    return Sessions(connection, _LIMITS, TRAIL)


@pytest.fixture
def accounts(connection: StoreConnection, sessions: Sessions) -> NewAccounts:
    return NewAccounts(connection, sessions, TRAIL)


@pytest.fixture
def robin(connection: StoreConnection) -> AccountAdmin:
    return an_owner_in(connection)


def _user(accounts: NewAccounts, robin: AccountAdmin) -> User:
    user = Users(accounts.connection).get(robin.user_id)
    assert user is not None
    return user


def _begun(sessions: Sessions, robin: AccountAdmin) -> Session:
    session = a_session(robin.user_id, robin.account_id)
    sessions.start(session, replaced=None)
    return session


def _make(
    accounts: NewAccounts, robin: AccountAdmin, old: Session, name: str = "Cumulus"
) -> Session:
    account = NewAccount.named(name, NOON)
    owner = account.owner
    entered = replace(
        old, id=SecretToken.new().digest, account_id=owner.account_id, grant=owner.grant
    )
    event = replace(
        robin.event(EventName.ACCOUNT_CREATED, NOON, owner.account_party),
        account_id=owner.account_id,
    )
    accounts.open(account, old, entered, event)
    return entered


def test_a_new_account_is_complete(
    accounts: NewAccounts, sessions: Sessions, robin: AccountAdmin
) -> None:
    old = _begun(sessions, robin)
    entered = _make(accounts, robin, old)
    account_id = entered.account_id or ""
    account = Accounts(accounts.connection).get(account_id)
    assert (account.name, account.owner_id, account.member_count) == ("Cumulus", robin.user_id, 1)
    assert [workspace.name for workspace in account.workspaces] == ["Main"]
    user = _user(accounts, robin)
    assert user.memberships[account_id].role is Role.OWNER
    assert user.last_account_id == account_id
    assert len(user.memberships) == 2
    assert AccountRow.get(account_id, f"member#{robin.user_id}").account_id == account_id
    assert [row.event for row in AuditEventRow.query(account_id)] == ["account.created"]
    assert entered.holds_for(user)
    assert sessions.resume(entered.id, NOON) == entered
    with pytest.raises(NotSignedInError):
        sessions.resume(old.id, NOON)


def test_of_twenty_requests_with_one_session_one_creates_an_account(
    accounts: NewAccounts, sessions: Sessions, robin: AccountAdmin
) -> None:
    """`D3`, `H13`: a form sent twice creates one account."""
    old = _begun(sessions, robin)
    outcomes = race(lambda _: _make(accounts, robin, old), (NotSignedInError,))
    assert len(winners(outcomes)) == 1
    assert len(_user(accounts, robin).memberships) == 2
    assert len(list(AccountRow.scan())) == 6


def test_twenty_sessions_create_an_account_each(
    accounts: NewAccounts, sessions: Sessions, robin: AccountAdmin
) -> None:
    """`H13`: they share the user's row, and none overwrites another."""
    begun = [_begun(sessions, robin) for _ in range(20)]
    race(lambda n: _make(accounts, robin, begun[n], f"Cumulus {n}"))
    assert len(_user(accounts, robin).memberships) == 21


def test_a_user_is_in_two_hundred_accounts_at_most(
    accounts: NewAccounts, sessions: Sessions, robin: AccountAdmin
) -> None:
    many = [Membership(f"acc_{n}", "Full", Role.MEMBER) for n in range(ACCOUNTS_MAX - 2)]
    stored = {membership.account_id: membership_map(membership) for membership in many}
    UserRow(robin.user_id).update(actions=[UserRow.memberships.set(stored)])
    begun = [_begun(sessions, robin) for _ in range(8)]
    outcomes = race(lambda n: _make(accounts, robin, begun[n]), (TooManyAccountsError,), callers=8)
    assert len(winners(outcomes)) == 2
    assert len(_user(accounts, robin).memberships) == ACCOUNTS_MAX
    # A refused user is still signed in to their old account.
    refused = outcomes.index(next(o for o in outcomes if isinstance(o, TooManyAccountsError)))
    assert sessions.resume(begun[refused].id, NOON) == begun[refused]


def test_a_session_older_than_the_password_creates_no_account(
    accounts: NewAccounts, sessions: Sessions, robin: AccountAdmin
) -> None:
    """`C8`, `D7`: checked in the write."""
    old = _begun(sessions, robin)
    UserRow(robin.user_id).update(actions=[UserRow.credentials_version.set(2)])
    with pytest.raises(NotSignedInError):
        _make(accounts, robin, old)
    assert len(_user(accounts, robin).memberships) == 1
    assert [row.digest for row in SessionRow.scan()] == [old.id]
