"""The tables: there, as this version reads them, encrypted, protected, tidied up, restorable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.doctor.subject import code_of
from infra.resources import table_definitions, ttl_attributes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.doctor.findings import Checking
    from infra.doctor.subject import Subject

_INDEXES = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")


def check(subject: Subject) -> Checking:
    """Look at each table that this version of the app reads."""
    client = subject.client("dynamodb")
    definitions = table_definitions(subject.stage.prefix)
    for definition in definitions:
        name = definition["TableName"]
        try:
            table = client.describe_table(TableName=name)["Table"]
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            yield (
                f"Table {name} is missing. Restore it if it held anything (docs/operations.md);"
                " deploying again makes an empty one."
            )
            continue
        yield from _troubles(name, table, definition)
    return f"All {len(definitions)} are there, encrypted and protected from deletion."


def check_expiry(subject: Subject) -> Checking:
    """See that rows with an end are tidied up: kept on, they cost, and tell of people (`H16`)."""
    client = subject.client("dynamodb")
    attributes = ttl_attributes(subject.stage.prefix)
    for name, attribute in attributes.items():
        found = _ask(client.describe_time_to_live, name)
        if found is None:
            continue
        ttl = found["TimeToLiveDescription"]
        status = ttl["TimeToLiveStatus"]
        if status not in ("ENABLED", "ENABLING") or ttl.get("AttributeName") != attribute:
            yield (
                f"Table {name} keeps rows that have expired. Turn on its time to live,"
                f" with the attribute {attribute}."
            )
    return f"All {len(attributes)} tables whose rows expire are tidied up."


def check_backups(subject: Subject) -> Checking:
    """See that each table can be restored to any second of the last weeks."""
    client = subject.client("dynamodb")
    for name in subject.stage.tables:
        found = _ask(client.describe_continuous_backups, name)
        if found is None:
            continue
        backups = found["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
            yield (
                f"Table {name} can't be restored to a moment."
                " Turn on its point-in-time recovery; what is lost before that stays lost."
            )
    return "Every table can be restored to any second since its recovery was turned on."


def _ask(operation: Any, table: str) -> dict[str, Any] | None:
    """Ask about a table; None for one that is missing, which the first check tells of."""
    try:
        answer: dict[str, Any] = operation(TableName=table)
    except ClientError as error:
        if code_of(error) not in ("ResourceNotFoundException", "TableNotFoundException"):
            raise
        return None
    return answer


def _troubles(name: str, table: dict[str, Any], definition: dict[str, Any]) -> Iterator[str]:
    if table["TableStatus"] not in ("ACTIVE", "UPDATING"):
        yield f"Table {name} is {table['TableStatus'].lower()}, and can't be read meanwhile."
    if _shape(table) != _shape(definition):
        yield (
            f"Table {name} has other keys or indexes than this version of the app reads."
            " Deploy the version that belongs to it, or this one's tables."
        )
    if table.get("SSEDescription", {}).get("Status") not in ("ENABLED", "UPDATING"):
        yield f"Table {name} isn't encrypted with a key of KMS. Turn on its encryption (SSE)."
    # An emulator says it as a word.
    if str(table.get("DeletionProtectionEnabled", False)).lower() != "true":
        yield f"Table {name} can be deleted by one call. Turn on its deletion protection."
    if table.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST":
        yield f"Table {name} is billed by the hour. Set its billing mode to on demand."


def _shape(table: dict[str, Any]) -> object:
    indexes = (index for kind in _INDEXES for index in table.get(kind) or ())
    return (
        sorted(_keys(table)),
        sorted((index["IndexName"], sorted(_keys(index))) for index in indexes),
    )


def _keys(of: dict[str, Any]) -> Iterator[tuple[str, str]]:
    return ((key["KeyType"], key["AttributeName"]) for key in of["KeySchema"])
