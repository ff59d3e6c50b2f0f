"""Shortcuts through moto, which answers as before but does no work twice.

Nearly all that the suite computes is moto's DynamoDB. What is shortened here was most of it.
"""

from __future__ import annotations

import copyreg
import json
import pickle
from base64 import b64encode
from functools import cache, lru_cache
from typing import Any

import moto.core.responses
from moto import backend_index
from moto.core.base_backend import BaseBackend
from moto.core.serialize import DefaultAttributePicker
from moto.core.utils import method_names_from_class
from moto.dynamodb.models.dynamo_type import LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing import validators
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.responses import DynamoResult

_USED_MOST = ("dynamodb", "sqs", "ses")
# Their answers hold rows and nothing that DynamoDB writes otherwise than JSON does.
_OF_ROWS = frozenset(("GetItem", "Query", "Scan", "PutItem", "UpdateItem", "DeleteItem"))
_NAMES = DefaultAttributePicker()


@cache
def take_shortcuts() -> None:
    """Put the shortcuts into moto, for the rest of this process."""
    # It tries the patterns of all services in turn.
    backend_index.backend_url_patterns.sort(key=lambda pair: pair[0] not in _USED_MOST)
    _remember_by_class(BaseBackend, "urls")
    moto.core.responses.method_names_from_class = cache(method_names_from_class)
    _shorten_expressions()
    # A transaction copies all its tables, in case it has to put them back.
    Table.__deepcopy__ = _copied
    copyreg.pickle(LimitedSizeDict, _as_dict)
    DynamoResult.execute_result = _written_out


def _remember_by_class(owner: type, name: str) -> None:
    """Compute a property once for each class that has it."""
    remembered: dict[type, Any] = {}
    compute = getattr(owner, name).fget

    def value(self: Any) -> Any:
        if type(self) not in remembered:
            remembered[type(self)] = compute(self)
        return remembered[type(self)]

    setattr(owner, name, property(value))


def _shorten_expressions() -> None:
    # Reading an expression depends on its text alone; who changes what was read copies it first.
    UpdateExpressionParser.make = lru_cache(maxsize=512)(UpdateExpressionParser.make)
    validators.deepcopy = _copied
    by_class: dict[type, Any] = {}
    ask = DepthFirstTraverser.nodes_to_be_processed

    def nodes_to_be_processed(self: Any) -> Any:
        if type(self) not in by_class:
            by_class[type(self)] = ask(self)
        return by_class[type(self)]

    DepthFirstTraverser.nodes_to_be_processed = nodes_to_be_processed


def _copied(original: Any, _memo: Any = None) -> Any:
    """Copy by pickle, which is written in C."""
    if isinstance(original, Table):
        made = Table.__new__(Table)
        made.__dict__.update(_through_pickle(original.__dict__))
        return made
    return _through_pickle(original)


def _through_pickle(original: Any) -> Any:
    return pickle.loads(pickle.dumps(original, pickle.HIGHEST_PROTOCOL))  # noqa: S301 - our own


def _as_dict(limited: LimitedSizeDict) -> Any:
    # It would measure the whole row again for each of its attributes.
    return _as_limited, (dict(limited),)


def _as_limited(attributes: dict[str, Any]) -> LimitedSizeDict:
    made = LimitedSizeDict.__new__(LimitedSizeDict)
    dict.update(made, attributes)
    return made


def _written_out(result: Any, context: Any) -> tuple[int, dict[str, Any], Any]:
    """Write DynamoDB's answer with the names that it has.

    moto tries up to twelve spellings of each of the ten types of every value that a row holds.
    Its DynamoDB needs none of them.
    """
    operation = context.operation_model
    if operation.name in _OF_ROWS and isinstance(result.result, dict):
        known = operation.output_shape.members
        said = {k: v for k, v in result.result.items() if k in known and v is not None}
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        return 200, headers, json.dumps(said, default=_in_base64)
    serializer = context.serializer_class(operation_model=operation, value_picker=_NAMES)
    made = serializer.serialize(result.result)
    return made["status_code"], made["headers"], made["body"]


def _in_base64(value: object) -> str:
    assert isinstance(value, bytes), value
    return b64encode(value).decode()
