"""One DynamoDB client for all tables, and how its errors reach callers."""

from __future__ import annotations

import contextlib
import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.connection.base import Connection

from chalicelib.domain.errors import UnavailableError
from chalicelib.storage.dynamo.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pynamodb.models import Model

_log = logging.getLogger(__name__)

# Shorter than pynamodb's 15 s and 30 s, which outlive a Lambda that a user waits for.
_CONNECT_SECONDS = 1.0
_READ_SECONDS = 3.0
_RETRIES = 3
_USER_AGENT = "terminus-hub-auth"

# Answers that are a decision rather than a failure; `transaction.py` reads these.
_DECISIONS = frozenset(
    ("ConditionalCheckFailedException", "TransactionCanceledException", "ValidationException")
)


class StoreConnection(Connection):
    """A pynamodb connection that turns failures into UnavailableError (`H3`)."""

    def _make_api_call(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super()._make_api_call(*args, **kwargs)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _DECISIONS:
                raise
            _log.exception("dynamodb_unavailable")
            raise UnavailableError from error
        except BotoCoreError as error:
            _log.exception("dynamodb_unavailable")
            raise UnavailableError from error


def open_tables(prefix: str, region: str) -> StoreConnection:
    """Set the table of every model, over one shared client.

    pynamodb would make a client for each model class, at about 40 ms of a cold start each.
    """
    shared = StoreConnection(
        region=region or None,
        connect_timeout_seconds=_CONNECT_SECONDS,
        read_timeout_seconds=_READ_SECONDS,
        max_retry_attempts=_RETRIES,
    )
    # A fixed name: botocore builds its own for each request, with a fifth of a request's CPU.
    # pynamodb keeps one session per thread, so the client is made here, before other threads start.
    shared.session.set_default_client_config(Config(user_agent=_USER_AGENT))
    shared.client.meta.events.register("before-parse.dynamodb.BatchGetItem", take_as_sent)
    _bind(TABLES, prefix, shared)
    return shared


def take_as_sent(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Keep rows as the JSON they arrive as, which is the form that pynamodb reads.

    botocore would walk through every value and change only binary ones, which we don't store. That
    takes most of the time of reading a row.
    """
    if response_dict["status_code"] == HTTPStatus.OK:
        with contextlib.suppress(ValueError):
            customized_response_dict.update(json.loads(response_dict["body"]))
            response_dict["body"] = b"{}"


def _bind(models: Mapping[str, type[Model]], prefix: str, shared: StoreConnection) -> None:
    for name, model in models.items():
        model.Meta.table_name = prefix + name
        model._connection = None  # noqa: SLF001 - pynamodb has no public way to share a client
        table = model._get_connection()  # noqa: SLF001
        shared.add_meta_table(table.get_meta_table())
        table.connection = shared
