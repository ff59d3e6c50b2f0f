"""Which workspaces a member is given, by value."""

from __future__ import annotations

import pytest

from chalicelib.domain.accounts.workspace_roles import parse_workspace_roles
from chalicelib.domain.errors import InvalidValueError
from chalicelib.domain.roles import Role, WorkspaceRole
from chalicelib.domain.user import Workspace
from tests.support.personas.users import NOON

_OURS = tuple(Workspace(f"wsp_{name}", name, "", NOON) for name in ("main", "lab"))


def test_each_workspace_comes_with_its_role() -> None:
    given = [("wsp_main", "viewer"), ("wsp_lab", "admin")]
    assert parse_workspace_roles(given, _OURS) == {
        "wsp_main": WorkspaceRole.VIEWER,
        "wsp_lab": WorkspaceRole.ADMIN,
    }


@pytest.mark.parametrize("role", Role)
def test_every_role_may_have_no_workspaces(role: Role) -> None:
    assert parse_workspace_roles([], _OURS, role) == {}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ([("wsp_foreign", "viewer")], "/workspaces/0/id"),
        ([("", "viewer")], "/workspaces/0/id"),
        ([("wsp_main", "viewer"), ("wsp_main", "admin")], "/workspaces/1/id"),
        ([("wsp_main", "owner")], "/workspaces/0/role"),
        ([("wsp_lab", "viewer"), ("wsp_main", "VIEWER")], "/workspaces/1/role"),
        ([("wsp_main", "")], "/workspaces/0/role"),
    ],
    ids=str,
)
def test_an_error_names_the_place_of_the_invalid_value(
    given: list[tuple[str, str]], path: str
) -> None:
    """`H11`, `H15`."""
    with pytest.raises(InvalidValueError) as refused:
        parse_workspace_roles(given, _OURS)
    assert (refused.value.param, refused.value.path) == ("workspaces", path)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.OWNER])
def test_owners_and_admins_are_given_no_workspaces(role: Role) -> None:
    with pytest.raises(InvalidValueError, match="reaches every workspace") as refused:
        parse_workspace_roles([("wsp_main", "viewer")], _OURS, role)
    assert refused.value.param == "workspaces"
