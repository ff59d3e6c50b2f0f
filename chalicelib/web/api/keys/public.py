"""The public API: what an API key reads of its account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.clock import rfc3339
from chalicelib.domain.errors import InvalidValueError, NotFoundError
from chalicelib.domain.keys.record import RecordFilter, RecordStatus
from chalicelib.web.api.keys.keyed import KeyedApi
from chalicelib.web.api.lists import bounded, list_answer, list_view, read_query
from chalicelib.web.api.views import workspace_view
from chalicelib.web.contract.shapes.accounts import WorkspaceAnswer
from chalicelib.web.contract.shapes.common import Page
from chalicelib.web.contract.shapes.keys import AccountAnswer, KeyName, RecordAnswer
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.requests import is_id
from chalicelib.web.kit.routing.json_api import json_answer

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.keys.record import Record
    from chalicelib.services.keys.public_api import KeyHolder

public_api = KeyedApi(__name__)


@public_api.call(
    "GET /api/v1/account",
    access=Access.API_KEY,
    summary="Who this key is",
    outcome="The account, and the key that the call was made with.",
    answer=AccountAnswer,
    refusals=(422,),
)
def show_account(holder: KeyHolder) -> AccountAnswer:
    """Show the key's account, and the key."""
    read_query(public_api.current_request)
    account, key = services().public_api.who_am_i(holder)
    return AccountAnswer(account.id, account.name, KeyName(key.id, key.name))


@public_api.call(
    "GET /api/v1/workspaces",
    access=Access.API_KEY,
    summary="The account's workspaces, by name",
    outcome="A page of workspaces.",
    answer=Page[WorkspaceAnswer],
    refusals=(422,),
)
def list_workspaces(holder: KeyHolder) -> Response:
    """List the account's workspaces, by name."""
    page, _ = read_query(public_api.current_request)
    return list_answer(services().public_api.workspaces(holder, page), workspace_view)


@public_api.call(
    "GET /api/v1/workspaces/{workspace_id}",
    access=Access.API_KEY,
    summary="One workspace",
    outcome="The workspace.",
    answer=WorkspaceAnswer,
    refusals=(404,),
)
def show_workspace(holder: KeyHolder, workspace_id: str) -> WorkspaceAnswer:
    """Show one workspace."""
    return workspace_view(services().public_api.workspace(holder, workspace_id))


@public_api.call(
    "GET /api/v1/records",
    access=Access.API_KEY,
    summary="The account's records, by id",
    outcome="A page of records.",
    answer=Page[RecordAnswer],
    filters={
        "workspace_id": {"type": "string"},
        "status": {"type": "string", "enum": [status.value for status in RecordStatus]},
    },
    refusals=(422,),
)
def list_records(holder: KeyHolder) -> Response:
    """List the account's records, by id."""
    page, given = read_query(public_api.current_request, "workspace_id", "status")
    wanted = RecordFilter(given.get("workspace_id"), _status(given.get("status")))
    found = services().public_api.record_page(holder, page, wanted)
    return bounded(json_answer(list_view(found, record_view)))


@public_api.call(
    "GET /api/v1/records/{record_id}",
    access=Access.API_KEY,
    summary="One record",
    outcome="The record.",
    answer=RecordAnswer,
    refusals=(404,),
)
def show_record(holder: KeyHolder, record_id: str) -> RecordAnswer:
    """Show one record."""
    if not is_id(record_id):
        raise NotFoundError
    return record_view(services().public_api.record(holder, record_id))


def _status(text: str | None) -> RecordStatus | None:
    if text is None:
        return None
    if text not in list(RecordStatus):
        raise InvalidValueError("Give active or archived.", param="status")
    return RecordStatus(text)


def record_view(record: Record) -> RecordAnswer:
    """Convert a record to its answer."""
    return RecordAnswer(
        id=record.id,
        terminus_id=record.terminus_id,
        workspace_id=record.workspace_id,
        status=record.status,
        data=record.data,
        created_at=rfc3339(record.created_at),
    )
