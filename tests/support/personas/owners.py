"""An owner in an otherwise empty store."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.accounts.new_account import NewAccount
from chalicelib.domain.audit.event import EventName
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.keys.api_key import ApiKey
from chalicelib.domain.origin import RequestOrigin
from chalicelib.domain.user import AccountAdmin
from chalicelib.services.sign_in.email_confirmation import account_created, new_owner
from chalicelib.storage.audit.trail import AuditWriter
from chalicelib.storage.joining.sign_ups import SignUps
from chalicelib.storage.users.links import Links
from chalicelib.storage.users.users import Users
from tests.support.personas.users import BROWSER, NOON, ROBIN, a_link, a_sign_up

if TYPE_CHECKING:
    from datetime import datetime

    from chalicelib.domain.sign_in.link import Link
    from chalicelib.domain.sign_in.sign_up import SignUp
    from chalicelib.domain.user import User
    from chalicelib.storage.dynamo.connection import StoreConnection
    from chalicelib.storage.keys.api_keys import ApiKeys

TRAIL = AuditWriter(kept=timedelta(days=400))
ASKER = RequestOrigin(BROWSER, "req-1")


def a_user_in(connection: StoreConnection, address: str = ROBIN.value) -> User:
    """Sign up and confirm, straight in the store."""
    sign_ups = SignUps(connection, timedelta(days=8), TRAIL)
    sign_up = a_sign_up(EmailAddress(address))
    link = a_link(sign_up)
    sign_ups.add(sign_up)
    Links().add(link)
    user = Users(connection).get(confirm(sign_ups, link, sign_up))
    assert user is not None
    return user


def confirm(sign_ups: SignUps, link: Link, sign_up: SignUp) -> str:
    """Confirm a sign-up, as its service does, and return the new user's id."""
    account = NewAccount.named(sign_up.account_name, NOON)
    user = new_owner(sign_up, account, NOON)
    sign_ups.confirm(link, sign_up, user, account, account_created(user, account, ASKER))
    return user.id


def an_owner_in(connection: StoreConnection, address: str = ROBIN.value) -> AccountAdmin:
    """Create a user, and return them as the owner of their account."""
    user = a_user_in(connection, address)
    (membership,) = user.active_memberships
    return AccountAdmin(user.id, user.name, membership.role, membership.account_id, NOON, ASKER)


def a_key(manager: AccountAdmin, name: str = "CI", created_at: datetime = NOON) -> ApiKey:
    """Make a key that nobody stored yet."""
    return ApiKey.new(manager, name, created_at)


def store_key(keys: ApiKeys, key: ApiKey, digest: str, manager: AccountAdmin) -> None:
    """Store a key with its audit event, as the service does."""
    keys.add(key, digest, manager, manager.event(EventName.API_KEY_CREATED, NOON, key.party))


def delete_key(keys: ApiKeys, key_id: str, manager: AccountAdmin) -> None:
    """Delete a key with its audit event, as the service does."""
    listed = keys.find(manager.account_id, key_id)
    keys.remove(listed, manager, manager.event(EventName.API_KEY_DELETED, NOON, listed.key.party))
