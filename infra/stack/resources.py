"""Reads resources.yaml, so that tests and tools create the same tables as a deployment."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).with_name("resources.yaml")

_CREATE_TABLE_KEYS = (
    "BillingMode",
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
)


def table_definitions(prefix: str) -> list[dict[str, Any]]:
    """Return each table as keyword arguments of DynamoDB's `create_table`."""
    return [
        {"TableName": _name(table, prefix)}
        | {key: table[key] for key in _CREATE_TABLE_KEYS if key in table}
        for table in tables()
    ]


def ttl_attributes(prefix: str) -> dict[str, str]:
    """Return the expiry attribute of each table that has one, by the table's name."""
    return {
        _name(table, prefix): table["TimeToLiveSpecification"]["AttributeName"]
        for table in tables()
        if "TimeToLiveSpecification" in table
    }


def tables() -> list[dict[str, Any]]:
    """Return the properties of every table, in the template's order."""
    return [
        resource["Properties"]
        for resource in template()["Resources"].values()
        if resource["Type"] == "AWS::DynamoDB::Table"
    ]


@cache
def template() -> dict[str, Any]:
    """Return the whole template; callers only read it."""
    loaded: dict[str, Any] = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    return loaded


def _name(table: dict[str, Any], prefix: str) -> str:
    pattern: str = table["TableName"]["Fn::Sub"]
    return pattern.replace("${TablePrefix}", prefix)
