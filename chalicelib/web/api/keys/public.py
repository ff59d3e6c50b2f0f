"""The public API: what software reads of the account whose key it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.clock import rfc3339
from chalicelib.domain.errors import InvalidValueError, NotFoundError
from chalicelib.domain.keys.record import RecordFilter, RecordStatus
from chalicelib.web.api.keys.keyed import KeyedApi
from chalicelib.web.api.lists import bounded, list_answer, list_view, read_query
from chalicelib.web.api.views import workspace_view
from chalicelib.web.contract import answers
from chalicelib.web.kit.blueprints import json_answer
from chalicelib.web.kit.requests import is_id

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.keys.record import Record
    from chalicelib.services.keys.public_api import KeyHolder

public_api = KeyedApi(__name__)


@public_api.route("/api/v1/account")
def show_account(holder: KeyHolder) -> answers.AccountAnswer:
    """Say whose key this is, and which."""
    read_query(public_api.current_request)
    account, key = services().public_api.who_am_i(holder)
    return answers.AccountAnswer(account.id, account.name, answers.KeyName(key.id, key.name))


@public_api.route("/api/v1/workspaces")
def list_workspaces(holder: KeyHolder) -> Response:
    """List the account's workspaces, by name."""
    page, _ = read_query(public_api.current_request)
    return list_answer(services().public_api.workspaces(holder, page), workspace_view)


@public_api.route("/api/v1/workspaces/{workspace_id}")
def show_workspace(holder: KeyHolder, workspace_id: str) -> answers.WorkspaceAnswer:
    """Show one workspace."""
    return workspace_view(services().public_api.workspace(holder, workspace_id))


@public_api.route("/api/v1/records")
def list_records(holder: KeyHolder) -> Response:
    """List the account's records, by id."""
    page, given = read_query(public_api.current_request, "workspace_id", "status")
    wanted = RecordFilter(given.get("workspace_id"), _status(given.get("status")))
    found = services().public_api.record_page(holder, page, wanted)
    return bounded(json_answer(list_view(found, record_view)))


@public_api.route("/api/v1/records/{record_id}")
def show_record(holder: KeyHolder, record_id: str) -> answers.RecordAnswer:
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


def record_view(record: Record) -> answers.RecordAnswer:
    """Show a record to software."""
    return answers.RecordAnswer(
        id=record.id,
        terminus_id=record.terminus_id,
        workspace_id=record.workspace_id,
        status=record.status,
        data=record.data,
        created_at=rfc3339(record.created_at),
    )
