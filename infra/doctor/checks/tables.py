"""The tables: there, as this version reads them, encrypted, protected, tidied up, restorable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws import code_of
from infra.doctor.findings import UncheckedError, together
from infra.stack.resources import table_definitions, ttl_attributes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Checking

_MISSING = (
    "missing. Restore it if it held anything (docs/operations.md); deploying makes an empty one."
)
_INDEXES = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")


def check(examined: ExaminedStage) -> Checking:
    """Look at each table that this version of the app reads."""
    yield from together(_standing(examined))
    return f"All {len(examined.stage.tables)} are there, encrypted and protected from deletion."


def check_expiry(examined: ExaminedStage) -> Checking:
    """See that rows with an end are tidied up: kept on, they cost, and tell of people (`H16`)."""
    client = examined.client("dynamodb")
    attributes = ttl_attributes(examined.stage.prefix)
    kept, missing = [], []
    for name, attribute in attributes.items():
        found = _ask(client.describe_time_to_live, name)
        if found is None:
            missing.append(name)
        elif not _expires(found["TimeToLiveDescription"], attribute):
            kept.append((name, f"keeps what has expired. Turn on time to live, by {attribute}."))
    yield from together(kept)
    _demand_none(missing)
    return f"All {len(attributes)} tables whose rows expire are tidied up."


def check_backups(examined: ExaminedStage) -> Checking:
    """See that each table can be restored to any second of the last weeks."""
    client = examined.client("dynamodb")
    trouble = (
        "can't be restored to a moment. Turn on point-in-time recovery; what is lost before that"
        " stays lost."
    )
    lost, missing = [], []
    for name in examined.stage.tables:
        found = _ask(client.describe_continuous_backups, name)
        if found is None:
            missing.append(name)
        elif not _is_backed_up(found["ContinuousBackupsDescription"]):
            lost.append((name, trouble))
    yield from together(lost)
    _demand_none(missing)
    return "Every table can be restored to any second since its recovery was turned on."


def _standing(examined: ExaminedStage) -> Iterator[tuple[str, str]]:
    client = examined.client("dynamodb")
    for definition in table_definitions(examined.stage.prefix):
        name = definition["TableName"]
        found = _ask(client.describe_table, name)
        if found is None:
            yield name, _MISSING
        else:
            for trouble in _troubles(found["Table"], definition):
                yield name, trouble


def _expires(found: dict[str, Any], attribute: str) -> bool:
    is_on = found["TimeToLiveStatus"] in ("ENABLED", "ENABLING")
    return is_on and found.get("AttributeName") == attribute


def _is_backed_up(found: dict[str, Any]) -> bool:
    recovery = found.get("PointInTimeRecoveryDescription", {})
    return bool(recovery.get("PointInTimeRecoveryStatus") == "ENABLED")


def _demand_none(missing: list[str]) -> None:
    if missing:
        message = f"no table {', '.join(missing)}."
        raise UncheckedError(message)


def _ask(operation: Any, table: str) -> dict[str, Any] | None:
    """Ask about a table; None for one that is missing, which one check alone tells of."""
    try:
        answer: dict[str, Any] = operation(TableName=table)
    except ClientError as error:
        if code_of(error) not in ("ResourceNotFoundException", "TableNotFoundException"):
            raise
        return None
    return answer


def _troubles(table: dict[str, Any], definition: dict[str, Any]) -> Iterator[str]:
    if table["TableStatus"] not in ("ACTIVE", "UPDATING"):
        yield f"{table['TableStatus'].lower()}, and can't be read meanwhile."
    if _shape(table) != _shape(definition):
        yield (
            "other keys or indexes than this version of the app reads. Deploy the version that"
            " belongs to it, or this one's tables."
        )
    if table.get("SSEDescription", {}).get("Status") not in ("ENABLED", "UPDATING"):
        yield "not encrypted with a key of KMS. Turn on encryption (SSE)."
    # An emulator says it as a word.
    if str(table.get("DeletionProtectionEnabled", False)).lower() != "true":
        yield "one call can delete it. Turn on deletion protection."
    if table.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST":
        yield "billed by the hour. Set the billing mode to on demand."


def _shape(table: dict[str, Any]) -> object:
    indexes = (index for kind in _INDEXES for index in table.get(kind) or ())
    return (
        sorted(_keys(table)),
        sorted((index["IndexName"], sorted(_keys(index))) for index in indexes),
    )


def _keys(of: dict[str, Any]) -> Iterator[tuple[str, str]]:
    return ((key["KeyType"], key["AttributeName"]) for key in of["KeySchema"])
