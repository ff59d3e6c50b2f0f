"""`/api/v1/workspaces`: changes by the owner and admins; API keys read them in `public.py`."""

from __future__ import annotations

import msgspec

from chalicelib.bootstrap import services
from chalicelib.domain.accounts.workspaces import WorkspaceChange, parse_description
from chalicelib.web.api.views import workspace_view
from chalicelib.web.contract.shapes.accounts import (
    ChangeWorkspaceBody,
    CreateWorkspaceBody,
    WorkspaceAnswer,
)
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.chosen_names import thing_name
from chalicelib.web.kit.errors import RequestError
from chalicelib.web.kit.requests import read_body
from chalicelib.web.kit.routing.json_api import JsonApi
from chalicelib.web.kit.visitor import account_admin

workspaces_api = JsonApi(__name__)


@workspaces_api.call(
    "POST /api/v1/workspaces",
    access=Access.ADMIN,
    summary="Make a workspace; names are unique within the account, whatever their case",
    outcome="The workspace.",
    status=201,
    body=CreateWorkspaceBody,
    answer=WorkspaceAnswer,
    refusals=(409,),
)
def create_workspace() -> WorkspaceAnswer:
    """Create a workspace."""
    request = workspaces_api.current_request
    _, admin = account_admin(request)
    body = read_body(request, CreateWorkspaceBody)
    name, description = thing_name(body.name, "name"), parse_description(body.description)
    made = services().workspaces.create(admin, name, description)
    return workspace_view(made)


@workspaces_api.call(
    "PATCH /api/v1/workspaces/{workspace_id}",
    access=Access.ADMIN,
    summary="Give a workspace another name or description, or both",
    outcome="The workspace as it is now.",
    body=ChangeWorkspaceBody,
    answer=WorkspaceAnswer,
    refusals=(404, 409),
)
def change_workspace(workspace_id: str) -> WorkspaceAnswer:
    """Give a workspace another name or description, or both."""
    request = workspaces_api.current_request
    visitor, admin = account_admin(request)
    seen = visitor.find_workspace(workspace_id)
    change = _change(read_body(request, ChangeWorkspaceBody), seen.name)
    return workspace_view(services().workspaces.change(admin, seen, change))


@workspaces_api.call(
    "DELETE /api/v1/workspaces/{workspace_id}",
    access=Access.ADMIN,
    summary="Delete a workspace; one that holds records stays",
    outcome="It is deleted.",
    status=204,
    refusals=(404, 409),
)
def delete_workspace(workspace_id: str) -> None:
    """Delete a workspace that holds no records."""
    visitor, admin = account_admin(workspaces_api.current_request)
    services().workspaces.delete(admin, visitor.find_workspace(workspace_id))


def _change(body: ChangeWorkspaceBody, kept: str) -> WorkspaceChange:
    given = msgspec.structs.asdict(body)
    texts = {field: text for field, text in given.items() if text is not msgspec.UNSET}
    if not texts:
        raise RequestError("Give a name, a description, or both.", param="name")
    return WorkspaceChange(
        name=thing_name(texts["name"], "name", kept) if "name" in texts else None,
        description=parse_description(texts["description"]) if "description" in texts else None,
    )
