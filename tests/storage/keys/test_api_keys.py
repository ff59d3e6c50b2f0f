"""An account's keys and the list of them, on every engine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import NotAllowedError, NotFoundError
from chalicelib.domain.keys.api_key import KEYS_MAX, ApiKeySecret, TooManyKeysError
from chalicelib.domain.lists import PageRequest
from chalicelib.domain.roles import MembershipStatus, Role
from chalicelib.domain.user import Membership
from chalicelib.storage.dynamo.tables import AccountRow, ApiKeyRow, UserRow
from chalicelib.storage.keys.api_keys import ApiKeys
from chalicelib.storage.users.account_admin import AccountAdmins
from tests.support.personas.members import join
from tests.support.personas.owners import TRAIL, a_key, an_owner_in, delete_key, store_key
from tests.support.personas.users import NOON
from tests.support.races.races import race, winners

if TYPE_CHECKING:
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.storage.dynamo.connection import StoreConnection

_ALL = PageRequest(limit=KEYS_MAX)


@pytest.fixture
def keys(connection: StoreConnection) -> ApiKeys:
    return ApiKeys(connection, TRAIL)


@pytest.fixture
def owner(connection: StoreConnection) -> AccountAdmin:
    return an_owner_in(connection)


def _set_membership(owner: AccountAdmin, field: str, value: str) -> None:
    place = UserRow.memberships[owner.account_id][field]
    UserRow(owner.user_id).update(actions=[place.set(value)])


def test_a_key_is_listed_the_moment_it_exists(keys: ApiKeys, owner: AccountAdmin) -> None:
    for number in range(5):
        key = a_key(owner, f"Key {number}", NOON + timedelta(seconds=number))
        store_key(keys, key, ApiKeySecret.new().digest, owner)
        assert keys.page(owner.account_id, _ALL).items[0] == key


def test_a_page_is_cut_from_the_newest_on(keys: ApiKeys, owner: AccountAdmin) -> None:
    made = [a_key(owner, f"Key {n}", NOON + timedelta(seconds=n)) for n in range(7)]
    for key in made:
        store_key(keys, key, ApiKeySecret.new().digest, owner)
    first = keys.page(owner.account_id, PageRequest(1, 3))
    last = keys.page(owner.account_id, PageRequest(3, 3))
    beyond = keys.page(owner.account_id, PageRequest(4, 3))
    assert [key.name for key in first.items] == ["Key 6", "Key 5", "Key 4"]
    assert (first.has_more, first.total_count) == (True, 7)
    assert [key.name for key in last.items] == ["Key 0"]
    assert (last.has_more, beyond.items, beyond.total_count) == (False, (), 7)


def test_a_hundred_and_one_keys_come_with_their_last_use(
    keys: ApiKeys, owner: AccountAdmin
) -> None:
    """That is more than DynamoDB reads in one batch."""
    digests = [ApiKeySecret.new().digest for _ in range(101)]
    for digest in digests:
        store_key(keys, a_key(owner), digest, owner)
    ApiKeyRow(digests[0]).update(actions=[ApiKeyRow.last_used_at.set(NOON)])
    listed = keys.page(owner.account_id, _ALL).items
    assert len(listed) == 101
    assert sum(key.last_used_at == NOON for key in listed) == 1


def test_an_account_has_a_thousand_keys_and_no_more(keys: ApiKeys, owner: AccountAdmin) -> None:
    """`G7`: of twenty at once only as many succeed as there is room for."""
    AccountRow(owner.account_id, "api_keys", key_count=KEYS_MAX - 3).save()
    outcomes = race(
        lambda _: store_key(keys, a_key(owner), ApiKeySecret.new().digest, owner),
        (TooManyKeysError,),
    )
    assert len(winners(outcomes)) == 3
    (freed, *_) = keys.page(owner.account_id, _ALL).items
    delete_key(keys, freed.id, owner)
    store_key(keys, a_key(owner), ApiKeySecret.new().digest, owner)
    with pytest.raises(TooManyKeysError):
        store_key(keys, a_key(owner), ApiKeySecret.new().digest, owner)


@pytest.mark.parametrize(
    ("field", "value"),
    [("role", Role.MEMBER.value), ("status", MembershipStatus.SUSPENDED.value)],
)
def test_a_former_admin_changes_no_key(
    keys: ApiKeys, owner: AccountAdmin, field: str, value: str
) -> None:
    """`F9`: checked in the write, not only when the request begins."""
    key = a_key(owner)
    store_key(keys, key, ApiKeySecret.new().digest, owner)
    _set_membership(owner, field, value)
    with pytest.raises(NotAllowedError):
        store_key(keys, a_key(owner), ApiKeySecret.new().digest, owner)
    with pytest.raises(NotAllowedError):
        delete_key(keys, key.id, owner)
    assert keys.page(owner.account_id, _ALL).total_count == 1


def test_another_accounts_key_is_not_found(
    keys: ApiKeys, owner: AccountAdmin, connection: StoreConnection
) -> None:
    """`H15`."""
    other = an_owner_in(connection, "sam@other.test")
    key = a_key(owner)
    store_key(keys, key, ApiKeySecret.new().digest, owner)
    with pytest.raises(NotFoundError):
        keys.get(other.account_id, key.id)
    with pytest.raises(NotFoundError):
        delete_key(keys, key.id, other)
    assert keys.page(other.account_id, _ALL).items == ()


def test_of_twenty_deletions_one_counts(keys: ApiKeys, owner: AccountAdmin) -> None:
    """`H13`."""
    key = a_key(owner)
    store_key(keys, key, ApiKeySecret.new().digest, owner)
    outcomes = race(lambda _: delete_key(keys, key.id, owner), (NotFoundError,))
    assert len(winners(outcomes)) == 1
    assert AccountRow.get(owner.account_id, "api_keys").key_count == 0


def test_a_leaked_key_is_revoked_before_it_leaves_the_list(
    keys: ApiKeys, owner: AccountAdmin
) -> None:
    key, digest = a_key(owner), ApiKeySecret.new().digest
    store_key(keys, key, digest, owner)
    assert keys.find_revoked(digest) is None
    keys.revoke(digest, NOON)
    found = keys.find_revoked(digest)
    assert found is not None
    assert found.key.id == key.id
    event = owner.event(EventName.API_KEY_REVOKED, NOON, key.party)
    keys.remove_revoked(found, event)
    keys.remove_revoked(found, event)
    assert keys.find_revoked(digest) is None
    assert keys.page(owner.account_id, _ALL).items == ()
    assert AccountRow.get(owner.account_id, "api_keys").key_count == 0


def test_revoking_an_unknown_key_creates_no_row(keys: ApiKeys) -> None:
    digest = ApiKeySecret.new().digest
    keys.revoke(digest, NOON)
    assert keys.find_revoked(digest) is None


def test_owners_and_admins_are_found_and_nobody_else(
    owner: AccountAdmin, connection: StoreConnection
) -> None:
    for address, role, status in (
        ("admin@acme.test", Role.ADMIN, MembershipStatus.ACTIVE),
        ("gone@acme.test", Role.ADMIN, MembershipStatus.SUSPENDED),
        ("member@acme.test", Role.MEMBER, MembershipStatus.ACTIVE),
    ):
        user_id = an_owner_in(connection, address).user_id
        join(connection, user_id, Membership(owner.account_id, "Acme", role, status))
    found = {user.email.value for user in AccountAdmins(connection).of(owner.account_id)}
    assert found == {"robin@acme.test", "admin@acme.test"}
