"""Users by email and id, on every engine."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.email_address import EmailAddress
from chalicelib.storage.joining.sign_ups import SignUps
from chalicelib.storage.users.links import Links
from chalicelib.storage.users.users import AddressRecord, SsoDomainLookup, Users
from tests.support.personas.owners import TRAIL, confirm
from tests.support.personas.users import a_link, a_sign_up

if TYPE_CHECKING:
    from chalicelib.domain.user import User
    from chalicelib.storage.dynamo.connection import StoreConnection


def _signed_up(connection: StoreConnection) -> User:
    sign_ups = SignUps(connection, timedelta(days=8), TRAIL)
    sign_up = a_sign_up()
    link = a_link(sign_up)
    sign_ups.add(sign_up)
    Links().add(link)
    user = Users(connection).get(confirm(sign_ups, link, sign_up))
    assert user is not None
    return user


def test_an_unknown_email_has_no_rows(connection: StoreConnection) -> None:
    record = Users(connection).look_up(EmailAddress("nobody@acme.test"))
    assert record == AddressRecord(user_id=None, waiting=None, sso=None)


def test_no_user_is_read_without_an_id(connection: StoreConnection) -> None:
    assert Users(connection).get(None) is None


def test_the_hash_is_replaced_under_a_new_cost(connection: StoreConnection) -> None:
    """`A12`."""
    users, user = Users(connection), _signed_up(connection)
    users.replace_password_hash(user, "$argon2id$dearer")
    reread = users.get(user.id)
    assert reread is not None
    assert reread.password_hash == "$argon2id$dearer"


def test_a_rehash_never_overwrites_a_password_changed_meanwhile(
    connection: StoreConnection,
) -> None:
    """`A12`, `H13`."""
    users, user = Users(connection), _signed_up(connection)
    users.replace_password_hash(user, "$argon2id$new password")
    users.replace_password_hash(user, "$argon2id$old password, dearer")
    reread = users.get(user.id)
    assert reread is not None
    assert reread.password_hash == "$argon2id$new password"


def test_a_domain_without_sso_is_a_domain_for_passwords(connection: StoreConnection) -> None:
    assert Users(connection).look_up(EmailAddress("robin@acme.test")).sso is None
    assert SsoDomainLookup().find("acme.test") is None
