"""`/api/v1/workspaces`, for the browser sessions of the account's owner and admins.

An API key reads them: `public.py`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from chalicelib.bootstrap import services
from chalicelib.domain.accounts.workspaces import WorkspaceChange, parse_description
from chalicelib.web.api.views import workspace_view
from chalicelib.web.contract import bodies
from chalicelib.web.kit.blueprints import JsonApi, json_answer
from chalicelib.web.kit.chosen_names import thing_name
from chalicelib.web.kit.errors import RequestError
from chalicelib.web.kit.requests import read_body
from chalicelib.web.kit.visitor import manager

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.web.contract import answers

workspaces_api = JsonApi(__name__)


@workspaces_api.route("/api/v1/workspaces", methods=["POST"])
def create_workspace() -> Response:
    """Make a workspace."""
    request = workspaces_api.current_request
    _, who = manager(request)
    body = read_body(request, bodies.CreateWorkspace)
    name, description = thing_name(body.name, "name"), parse_description(body.description)
    made = services().workspaces.create(who, name, description)
    return json_answer(workspace_view(made), status=HTTPStatus.CREATED)


@workspaces_api.route("/api/v1/workspaces/{workspace_id}", methods=["PATCH"])
def change_workspace(workspace_id: str) -> answers.WorkspaceAnswer:
    """Give a workspace another name or description, or both."""
    request = workspaces_api.current_request
    visitor, who = manager(request)
    seen = visitor.find_workspace(workspace_id)
    change = _change(read_body(request, bodies.ChangeWorkspace), seen.name)
    return workspace_view(services().workspaces.change(who, seen, change))


@workspaces_api.route("/api/v1/workspaces/{workspace_id}", methods=["DELETE"])
def delete_workspace(workspace_id: str) -> Response:
    """Delete a workspace that holds no records."""
    visitor, who = manager(workspaces_api.current_request)
    services().workspaces.delete(who, visitor.find_workspace(workspace_id))
    return json_answer(None, status=HTTPStatus.NO_CONTENT)


def _change(body: bodies.ChangeWorkspace, kept: str) -> WorkspaceChange:
    given = msgspec.structs.asdict(body)
    texts = {field: text for field, text in given.items() if text is not msgspec.UNSET}
    if not texts:
        raise RequestError("Give a name, a description, or both.", param="name")
    return WorkspaceChange(
        name=thing_name(texts["name"], "name", kept) if "name" in texts else None,
        description=parse_description(texts["description"]) if "description" in texts else None,
    )
