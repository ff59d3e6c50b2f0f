"""Rows are decoded as pynamodb and botocore do, and decoys have the shape of rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pynamodb.exceptions import AttributeDeserializationError

from chalicelib.storage.dynamo.connection import take_as_sent
from chalicelib.storage.dynamo.decoding import found, row_of
from chalicelib.storage.dynamo.reading import read_alike, read_all
from chalicelib.storage.dynamo.tables import (
    AccountRow,
    DomainRow,
    EmailRow,
    LimitRow,
    LinkRow,
    SessionRow,
    SignUpRow,
    UserRow,
)
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    ask_sign_in,
    become_a_user,
    sign_up,
    signed_in_program,
)

if TYPE_CHECKING:
    from pynamodb.models import Model

    from chalicelib.storage.dynamo.connection import StoreConnection
    from tests.support.servers.engines import Engine
    from tests.support.service import Service

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
WAITING = "waiting@acme.test"
ROWS: tuple[Model, ...] = (
    UserRow(
        "usr_1",
        email="robin@acme.test",
        name="Robin Ångström \u2028",
        created_at=NOON,
        credentials_version=12345678901234567890,
        memberships={"acc_1": {"name": "Acme", "version": 2, "workspaces": {"wsp_1": "viewer"}}},
    ),
    AccountRow("acc_1", "account", name="Acme", owner_id="usr_1", created_at=NOON),
    AccountRow("acc_1", "workspaces", items={"wsp_1": {"name": "Main", "n": 1.5}}, names={}),
    LinkRow(
        "0" * 64,
        purpose="reset",
        email="a@b.test",
        subject_id="usr_1",
        expires_at=NOON,
        ttl=NOON,
    ),
    SessionRow(
        "1" * 64,
        user_id="usr_1",
        method="password",
        credentials_version=1,
        started_at=NOON,
        last_seen_at=NOON,
        proved_at=NOON,
        address="192.0.2.7",
        user_agent="",
        ttl=NOON,
    ),
    LimitRow("address#1", version=3, failed_at=[NOON.timestamp()], entries={"id": 0.1}, ttl=NOON),
)


@pytest.mark.parametrize(
    "row", ROWS, ids=[f"{at} {type(row).__name__}" for at, row in enumerate(ROWS)]
)
def test_a_row_is_read_as_pynamodb_reads_it(row: Model) -> None:
    item = json.loads(json.dumps(row.to_dynamodb_dict()))
    model = type(row)
    ours, theirs = row_of(model, item), model.from_raw_data(item)
    assert ours.to_dynamodb_dict() == theirs.to_dynamodb_dict() == item
    assert _plain(ours) == _plain(theirs)


def test_null_and_missing_are_none_and_a_wrong_type_is_refused() -> None:
    row = row_of(LimitRow, {"subject": {"S": "x"}, "hits": {"NULL": True}, "more": {"S": "y"}})
    assert (row.subject, row.hits, row.version) == ("x", None, None)
    with pytest.raises(AttributeDeserializationError):
        row_of(LimitRow, {"hits": {"S": "x"}})


def test_a_batch_is_read_as_botocore_reads_it(connection: StoreConnection, engine: Engine) -> None:
    """On every engine: the undecoded answer equals what botocore would return."""
    for row in ROWS:
        row.save()
    keys: list[tuple[type[Model], str, str | None]] = [
        (UserRow, "usr_1", None),
        (AccountRow, "acc_1", "workspaces"),
        (AccountRow, "acc_1", "account"),
        (SessionRow, "1" * 64, None),
    ]
    items = [
        engine.client("dynamodb").get_item(TableName=model.Meta.table_name, Key=_key(*rest))["Item"]
        for model, *rest in (
            (UserRow, "user_id", "usr_1"),
            (AccountRow, "account_id", "acc_1", "part", "workspaces"),
            (AccountRow, "account_id", "acc_1", "part", "account"),
            (SessionRow, "digest", "1" * 64),
        )
    ]
    read = read_all(connection, *keys)
    assert [row.to_dynamodb_dict() for row in read] == items


def test_an_answer_that_is_no_json_or_no_success_is_left_to_botocore() -> None:
    for status, body in ((200, b"<html>"), (400, b'{"__type": "x"}'), (500, b"{}")):
        answer, taken = {"status_code": status, "body": body}, dict[str, Any]()
        take_as_sent(answer, taken)
        assert (answer["body"], taken) == (body, {})


def test_a_missing_row_is_read_as_a_decoy_and_does_not_exist(connection: StoreConnection) -> None:
    """`B3`."""
    EmailRow("robin@acme.test", user_id="usr_1").save()
    keys = [(EmailRow, "robin@acme.test", None), (EmailRow, "nobody@acme.test", None)]
    there, missing = read_alike(connection, *keys)
    assert (there.exists, there.row.user_id) == (True, "usr_1")
    assert not missing.exists
    assert missing.row.user_id != "usr_1"


def test_a_decoy_has_the_shape_of_a_row(service: Service) -> None:
    """`B3`: the shape of an ordinary user's row; another shape would take another time."""
    become_a_user(service)
    signed_in_program(service)
    sign_up(service.browser(), WAITING)
    ask_sign_in(service.program(), ADDRESS, OTHER_PASSWORD)
    counts = [row for row in service.rows("limits") if row["subject"]["S"].startswith("address#")]
    latest = [row for row in service.rows("sign_ups") if row["slot"]["S"] == "latest"]
    assert _shape(UserRow) == _kinds(service.rows("users")[0])
    assert _shape(EmailRow) == _kinds(service.rows("emails")[0])
    assert _shape(SignUpRow) == _kinds(latest[0])
    assert _shape(LimitRow) == _kinds(counts[0])
    domain = DomainRow("acme.test", account_id="acc_1", connection_id="con_1", enforced=1)
    assert _shape(DomainRow) == _kinds(domain.to_dynamodb_dict())


def test_a_decoy_keeps_its_shape_when_the_person_has_signed_in(service: Service) -> None:
    """`B3`: except for the account that they opened last."""
    become_a_user(service)
    signed_in_program(service)
    (user,) = service.rows("users")
    user.pop("last_account_id", None)
    assert _shape(UserRow) == _kinds(user)


def _shape(model: type[Model]) -> object:
    return _kinds(found(model, None).row.to_dynamodb_dict())


def _kinds(item: dict[str, Any]) -> object:
    """Return each attribute's type; of a map by its own names, without ids."""
    return {name: _kind(value) for name, value in item.items()}


def _kind(value: dict[str, Any]) -> object:
    ((kind, content),) = value.items()
    if kind != "M":
        return kind
    return sorted(
        (name if "_" not in name else "id", str(_kind(inner))) for name, inner in content.items()
    )


def _key(*parts: str) -> dict[str, Any]:
    return {name: {"S": value} for name, value in zip(parts[::2], parts[1::2], strict=True)}


def _plain(row: Model) -> dict[str, Any]:
    values = row.attribute_values.items()
    return {n: v.as_dict() if hasattr(v, "as_dict") else v for n, v in values if v is not None}
