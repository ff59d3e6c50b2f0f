"""`/settings/workspaces`: create, change and delete workspaces."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import services
from chalicelib.domain.accounts.workspaces import WorkspaceChange, parse_description
from chalicelib.domain.errors import ConflictError
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.chosen_names import thing_name
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import query_parameter, read_form
from chalicelib.web.kit.routing.pages import SettingsPages
from chalicelib.web.kit.visitor import PageVisitor, account_admin

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.sign_in.visitor import Visitor
    from chalicelib.domain.user import Workspace
    from chalicelib.web.kit.errors import HttpError

workspaces_pages = SettingsPages(__name__)

_PATH = "/settings/workspaces"
_NOTICES = {
    "created": "The workspace is there. Members see it once they're given a role in it.",
    "changed": "Your changes are saved.",
    "deleted": "The workspace is deleted.",
}
_FIELDS = ("name", "description")


@workspaces_pages.view("GET /settings/workspaces", access=Access.ADMIN)
def show_workspaces() -> Response:
    """Show the workspaces, and the form for a new one."""
    done = query_parameter(workspaces_pages.current_request, "done")
    return _list_page(notice=_NOTICES.get(done))


def _refused_creation(form: dict[str, str], words: HttpError) -> Response:
    return _list_page(words.status, values=_values(form), **_explained(words))


@workspaces_pages.view("POST /settings/workspaces", access=Access.ADMIN, refused=_refused_creation)
def create_workspace() -> Response:
    """Create a workspace."""
    request = workspaces_pages.current_request
    _, admin = account_admin(request)
    services().workspaces.create(admin, *_parsed(read_form(request)))
    return see_other(f"{_PATH}?done=created")


@workspaces_pages.view("GET /settings/workspaces/{workspace_id}", access=Access.ADMIN)
def show_workspace(workspace_id: str) -> Response:
    """Show the form that changes a workspace."""
    visitor, _ = account_admin(workspaces_pages.current_request)
    workspace = visitor.find_workspace(workspace_id)
    values = {"name": workspace.name, "description": workspace.description}
    return _edit_page(visitor, workspace, values=values)


def _refused_change(form: dict[str, str], words: HttpError) -> Response:
    visitor, workspace = _workspace_of_path()
    shown = {"values": _values(form), **_explained(words)}
    overtaken = words.status == HTTPStatus.CONFLICT and words.param is None
    return _edit_page(visitor, workspace, words.status, overtaken=overtaken, **shown)


@workspaces_pages.view(
    "POST /settings/workspaces/{workspace_id}", access=Access.ADMIN, refused=_refused_change
)
def change_workspace(workspace_id: str) -> Response:
    """Save both fields, unless the workspace has changed since the page was shown."""
    request = workspaces_pages.current_request
    visitor, admin = account_admin(request)
    seen = visitor.find_workspace(workspace_id)
    form = read_form(request)
    change = WorkspaceChange(*_parsed(form, seen.name))
    if form.get("version") != str(seen.version):
        raise ConflictError
    services().workspaces.change(admin, seen, change)
    return see_other(f"{_PATH}?done=changed")


@workspaces_pages.view("GET /settings/workspaces/{workspace_id}/delete", access=Access.ADMIN)
def show_deletion(workspace_id: str) -> Response:
    """Ask for confirmation before a workspace is deleted."""
    visitor, _ = account_admin(workspaces_pages.current_request)
    return _deletion_page(visitor, visitor.find_workspace(workspace_id))


def _refused_deletion(form: dict[str, str], words: HttpError) -> Response:
    del form
    return _deletion_page(*_workspace_of_path(), words.status, error=words.message)


@workspaces_pages.view(
    "POST /settings/workspaces/{workspace_id}/delete",
    access=Access.ADMIN,
    refused=_refused_deletion,
)
def delete_workspace(workspace_id: str) -> Response:
    """Delete a workspace that holds no records."""
    visitor, admin = account_admin(workspaces_pages.current_request)
    services().workspaces.delete(admin, visitor.find_workspace(workspace_id))
    return see_other(f"{_PATH}?done=deleted")


def _workspace_of_path() -> tuple[Visitor, Workspace]:
    request = workspaces_pages.current_request
    visitor, _ = account_admin(request)
    return visitor, visitor.find_workspace((request.uri_params or {})["workspace_id"])


def _parsed(form: dict[str, str], kept: str | None = None) -> tuple[str, str]:
    name = thing_name(form.get("name", ""), "name", kept)
    return name, parse_description(form.get("description", ""))


def _values(form: dict[str, str]) -> dict[str, str]:
    return {field: form.get(field, "") for field in _FIELDS}


def _explained(words: HttpError) -> dict[str, Any]:
    """Return a refusal's message at its field, or above the form."""
    if words.param in _FIELDS:
        return {"errors": {words.param: words.message}}
    return {"error": words.message}


def _list_page(status: int = HTTPStatus.OK, **shown: Any) -> Response:
    visitor, _ = account_admin(workspaces_pages.current_request)
    context = {"values": _values({}), "errors": {}, "error": None, "notice": None, **shown}
    return page(
        "accounts/workspaces.html",
        status=status,
        visitor=PageVisitor.of(visitor),
        workspaces=[workspace for workspace, _ in visitor.workspaces],
        **context,
    )


def _edit_page(
    visitor: Visitor, workspace: Workspace, status: int = HTTPStatus.OK, **shown: Any
) -> Response:
    context = {"errors": {}, "error": None, "overtaken": False, **shown}
    shown_visitor = PageVisitor.of(visitor)
    return page(
        "accounts/workspace.html",
        status=status,
        visitor=shown_visitor,
        workspace=workspace,
        **context,
    )


def _deletion_page(
    visitor: Visitor, workspace: Workspace, status: int = HTTPStatus.OK, error: str | None = None
) -> Response:
    shown_visitor = PageVisitor.of(visitor)
    return page(
        "accounts/workspace_delete.html",
        status=status,
        visitor=shown_visitor,
        workspace=workspace,
        error=error,
    )
