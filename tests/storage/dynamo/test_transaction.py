"""Transactions and single conditional writes raise the error that the failed part names."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.errors import ConflictError, LinkInvalidError, NotAllowedError, NotFoundError
from chalicelib.storage.dynamo.tables import EmailRow, LimitRow
from chalicelib.storage.dynamo.transaction import Transaction, absent, write_one
from tests.support.personas.users import NOON

if TYPE_CHECKING:
    from chalicelib.storage.dynamo.connection import StoreConnection

_KEPT = NOON + timedelta(days=1)


def _count(subject: str, version: int = 1) -> LimitRow:
    return LimitRow(subject, version=version, ttl=_KEPT)


def _exists(subject: str) -> bool:
    return LimitRow.count(subject, consistent_read=True) == 1


def test_all_parts_are_written_when_every_condition_holds(connection: StoreConnection) -> None:
    LimitRow("old", version=1, ttl=_KEPT).save()
    with Transaction(connection) as tx:
        tx.check(LimitRow, "nobody", condition=LimitRow.subject.does_not_exist())
        tx.put_new(_count("new"))
        tx.update(_count("changed"), [LimitRow.version.set(7)])
        tx.delete(_count("old"), LimitRow.subject.exists())
    assert _exists("new")
    assert not _exists("old")
    assert LimitRow.get("changed", consistent_read=True).version == 7


def test_nothing_is_written_when_the_block_raises(connection: StoreConnection) -> None:
    def write() -> None:
        with Transaction(connection) as tx:
            tx.put_new(_count("new"))
            raise NotFoundError

    with pytest.raises(NotFoundError):
        write()
    assert not _exists("new")


@pytest.mark.parametrize("failing", ["check", "put", "update", "delete"])
def test_the_part_that_fails_names_the_error(connection: StoreConnection, failing: str) -> None:
    impossible = LimitRow.version == 99
    fine = LimitRow.subject.does_not_exist()
    errors = {
        "update": NotAllowedError,
        "put": LinkInvalidError,
        "delete": NotFoundError,
        "check": ConflictError,
    }
    condition = {kind: impossible if kind == failing else fine for kind in errors}

    def write() -> None:
        with Transaction(connection) as tx:
            # Not in the order in which pynamodb sends them: positions must not matter.
            tx.update(_count("a"), [LimitRow.version.set(1)], condition["update"], NotAllowedError)
            tx.put(_count("b"), condition["put"], LinkInvalidError)
            tx.delete(_count("c"), condition["delete"], NotFoundError)
            tx.check(LimitRow, "d", condition=condition["check"])

    with pytest.raises(errors[failing]):
        write()
    assert not any(_exists(subject) for subject in "abcd")


def test_of_several_failed_parts_the_first_added_names_the_error(
    connection: StoreConnection,
) -> None:
    EmailRow("taken@acme.test", user_id="usr_1").save()

    def write() -> None:
        with Transaction(connection) as tx:
            tx.update(
                _count("a"), [LimitRow.version.set(2)], LimitRow.version == 1, NotAllowedError
            )
            tx.put_new(EmailRow("taken@acme.test", user_id="usr_2"), LinkInvalidError)
            tx.check(LimitRow, "b", condition=LimitRow.subject.exists(), otherwise=NotFoundError)

    with pytest.raises(NotAllowedError):
        write()


def test_an_error_can_be_made_with_its_details(connection: StoreConnection) -> None:
    EmailRow("taken@acme.test", user_id="usr_1").save()
    with pytest.raises(ConflictError) as raised, Transaction(connection) as tx:
        tx.put_new(
            EmailRow("taken@acme.test", user_id="usr_2"), lambda: ConflictError(param="email")
        )
    assert raised.value.param == "email"


def test_of_twenty_at_once_one_writes_and_the_others_get_their_error(
    connection: StoreConnection,
) -> None:
    def take(number: int) -> bool:
        try:
            with Transaction(connection) as tx:
                tx.put_new(EmailRow("one@acme.test", user_id=f"usr_{number}"), NotAllowedError)
                tx.put(_count(f"by-{number}"))
        except NotAllowedError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        won = list(pool.map(take, range(20)))
    assert won.count(True) == 1
    assert [_exists(f"by-{number}") for number in range(20)] == won


def test_a_single_write_raises_its_error_or_says_that_it_did_not_happen(
    connection: StoreConnection,
) -> None:
    assert connection is not None
    row = _count("one")
    assert write_one(lambda: row.save(condition=absent(row)))
    assert not write_one(lambda: row.save(condition=absent(row)))
    with pytest.raises(NotFoundError):
        write_one(lambda: row.delete(condition=LimitRow.version == 2), NotFoundError)
    assert _exists("one")
