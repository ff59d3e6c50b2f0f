"""What a member may see: workspaces of the account, each with a role in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.errors import DomainError, InvalidValueError
from chalicelib.domain.roles import Role, WorkspaceRole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chalicelib.domain.user import Workspace

PARAM = "workspaces"
# The workspaces of a user, over all their accounts, are in one row, which each of their requests
# reads. 200 accounts with the longest names take about 160 KB of the 400 KB that a row may have,
# and this many workspaces another 90 KB. The rest leaves room for changes in several accounts at
# once.
GIVEN_MAX = 2_000


class TooManyWorkspacesGivenError(DomainError):
    """The user would have more workspaces, over all their accounts, than one user may have."""

    reason = "too_many_workspaces_given"
    message = (
        f"One person can be given {GIVEN_MAX:,} workspaces, in all their accounts together."
        " Give fewer workspaces, or make them an admin, who reaches every workspace."
    )


def demand_room(given_elsewhere: int, given: int) -> None:
    """Check that the workspaces fit in the user's row; raises TooManyWorkspacesGivenError."""
    if given and given_elsewhere + given > GIVEN_MAX:
        raise TooManyWorkspacesGivenError(param=PARAM)


def parse_workspace_roles(
    given: Sequence[tuple[str, str]], workspaces: Iterable[Workspace], role: Role = Role.MEMBER
) -> dict[str, WorkspaceRole]:
    """Check which workspaces a member is to get, as pairs of (workspace id, role).

    `workspaces` are the account's own. An id of another account is refused like one that doesn't
    exist (`H15`). Raises InvalidValueError with the JSON pointer of the invalid pair in a body that
    holds the pairs as `workspaces: [{id, role}]`.
    """
    if given and role.manages:
        words = (
            "An admin reaches every workspace. Leave the workspaces out, or give the role member."
        )
        raise InvalidValueError(words, param=PARAM)
    known = {workspace.id for workspace in workspaces}
    roles: dict[str, WorkspaceRole] = {}
    for place, (workspace_id, text) in enumerate(given):
        if workspace_id not in known:
            raise _refused("This account has no such workspace.", place, "id")
        if workspace_id in roles:
            raise _refused("Give each workspace once.", place, "id")
        try:
            roles[workspace_id] = WorkspaceRole(text)
        except ValueError as error:
            words = "A role in a workspace is admin, member or viewer."
            raise _refused(words, place, "role") from error
    return roles


def _refused(words: str, place: int, field: str) -> InvalidValueError:
    error = InvalidValueError(words, param=PARAM)
    error.path = f"/{PARAM}/{place}/{field}"
    return error
