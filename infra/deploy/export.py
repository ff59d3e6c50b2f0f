"""Exports every row of a stage's tables to files before the tables are deleted."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws import code_of
from infra.tools.private_files import private_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infra.aws import Aws
    from infra.stack.stages import Stage


def export_tables(stage: Stage, aws: Aws, target: Path, tell: Callable[[str], None]) -> str:
    """Write one file for each table, in the form that DynamoDB's own import from S3 takes.

    DynamoDB's own export to S3 needs a bucket and takes minutes for an empty table. The app is
    deleted by then, so nothing changes while this reads. If a table is gone, the file of an
    earlier run is kept: it may be the only copy.
    """
    dynamodb, rows = aws.client("dynamodb"), 0
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    tables = [table for table in stage.tables if _is_there(dynamodb, table)]
    for table in tables:
        with private_file(target / f"{table}.json") as file:
            for item in _items(dynamodb, table):
                file.write(json.dumps({"Item": item}, default=_binary) + "\n")
                rows += 1
                if rows % 1_000 == 0:
                    tell(f"{table}, {rows:,} rows")
    return f"{rows:,} rows of {len(tables)} tables in {target}"


def _is_there(dynamodb: Any, table: str) -> bool:
    try:
        dynamodb.describe_table(TableName=table)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return False
    return True


def _items(dynamodb: Any, table: str) -> Iterator[dict[str, Any]]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def _binary(value: bytes) -> str:
    return b64encode(value).decode("ascii")
