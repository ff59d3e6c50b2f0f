"""The models and the template that deploys them are equal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.stack.resources import table_definitions, ttl_attributes

if TYPE_CHECKING:
    from pynamodb.models import Model

    from tests.support.servers.engines import Engine

_PREFIX = "any-"


def _modelled() -> dict[str, type[Model]]:
    from chalicelib.storage.dynamo.tables import TABLES

    return {_PREFIX + name: model for name, model in TABLES.items()}


def _keys(schema: list[dict[str, str]]) -> dict[str, str]:
    return {key["KeyType"]: key["AttributeName"] for key in schema}


def _model_keys(model: Any) -> dict[str, str]:
    columns = model.get_attributes().values()
    return {
        kind: column.attr_name
        for kind, flag in (("HASH", "is_hash_key"), ("RANGE", "is_range_key"))
        for column in columns
        if getattr(column, flag)
    }


def _index_shape(index: Any, keys: str, projection: str) -> tuple[dict[str, str], str]:
    return _keys(index[keys]), index[projection]["ProjectionType"]


def test_every_table_that_is_deployed_has_a_model_and_the_reverse() -> None:
    deployed = {definition["TableName"] for definition in table_definitions(_PREFIX)}
    assert deployed == set(_modelled())


def test_keys_are_those_of_the_template() -> None:
    modelled = _modelled()
    for definition in table_definitions(_PREFIX):
        name = definition["TableName"]
        assert _model_keys(modelled[name]) == _keys(definition["KeySchema"]), name


def test_key_types_are_those_of_the_template() -> None:
    modelled = _modelled()
    for definition in table_definitions(_PREFIX):
        model = modelled[definition["TableName"]]
        types = {column.attr_name: column.attr_type for column in model.get_attributes().values()}
        for declared in definition["AttributeDefinitions"]:
            assert types[declared["AttributeName"]] == declared["AttributeType"], declared


def test_indexes_are_those_of_the_template() -> None:
    modelled = _modelled()
    for definition in table_definitions(_PREFIX):
        indexes = modelled[definition["TableName"]]._indexes  # noqa: SLF001 - there is no public listing
        declared = {
            index["IndexName"]: _index_shape(index, "KeySchema", "Projection")
            for index in definition.get("GlobalSecondaryIndexes", [])
        }
        written = {
            name: _index_shape(index._get_schema(), "key_schema", "projection")  # noqa: SLF001 - same
            for name, index in indexes.items()
        }
        assert written == declared, definition["TableName"]


def test_a_table_expires_by_the_attribute_that_its_model_writes() -> None:
    from pynamodb.attributes import TTLAttribute

    written = {
        name: column.attr_name
        for name, model in _modelled().items()
        for column in model.get_attributes().values()
        if isinstance(column, TTLAttribute)
    }
    assert ttl_attributes(_PREFIX) == written


def test_each_engine_takes_the_tables(engine: Engine, tables: str) -> None:
    names = engine.client("dynamodb").list_tables()["TableNames"]
    wanted = {definition["TableName"] for definition in table_definitions(tables)}
    assert wanted <= set(names)
