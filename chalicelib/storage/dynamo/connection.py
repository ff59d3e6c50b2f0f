"""One DynamoDB client for all tables, and what its failures mean to callers."""

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

# pynamodb's own 15 s and 30 s outlive a Lambda that a person is waiting for.
_CONNECT_SECONDS = 1.0
_READ_SECONDS = 3.0
_RETRIES = 3
_USER_AGENT = "terminus-hub-auth"

# Answers that are a decision, not a disturbance; the stores read these.
_DECISIONS = frozenset(
    ("ConditionalCheckFailedException", "TransactionCanceledException", "ValidationException")
)


class StoreConnection(Connection):
    """A pynamodb connection that turns disturbances into UnavailableError (`H3`)."""

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
    """Point every model at its table, over one shared client.

    pynamodb would make a client for each model class, at about 40 ms of a cold start each.
    """
    shared = StoreConnection(
        region=region or None,
        connect_timeout_seconds=_CONNECT_SECONDS,
        read_timeout_seconds=_READ_SECONDS,
        max_retry_attempts=_RETRIES,
    )
    # A fixed name: botocore composes its own anew for each request, a fifth of a request's CPU.
    # Sessions are a thread's own, so the client is made here, before other threads come.
    shared.session.set_default_client_config(Config(user_agent=_USER_AGENT))
    shared.client.meta.events.register("before-parse.dynamodb.BatchGetItem", take_as_sent)
    _bind(TABLES, prefix, shared)
    return shared


def take_as_sent(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Leave rows as the JSON that they came as, which is what pynamodb wants.

    botocore would walk through every value, as often as not to change nothing: only binary ones
    look different afterwards, and we store none. It is most of the time that a row takes to read.
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
