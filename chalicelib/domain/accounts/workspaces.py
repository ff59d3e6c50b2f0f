"""Workspaces: their names, and how many an account can have."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.errors import ConflictError, DomainError
from chalicelib.domain.names import parse_name
from chalicelib.domain.tokens import digest

if TYPE_CHECKING:
    from chalicelib.domain.user import Workspace

# All workspaces of an account are in one row, which every page reads. This many with the longest
# names stay well under DynamoDB's 400 KB.
WORKSPACES_MAX = 200
DESCRIPTION_MAX_LENGTH = 200


class WorkspaceNameTakenError(ConflictError):
    """Another workspace of the account has this name, perhaps in another case."""

    reason = "workspace_name_taken"
    message = "There's already a workspace with this name. Choose another one."


class WorkspaceInUseError(ConflictError):
    """The workspace still holds records, which would be out of reach without it."""

    reason = "workspace_in_use"
    message = "This workspace still holds records. Have them moved to another workspace first."


class TooManyWorkspacesError(DomainError):
    """The account has as many workspaces as it may have."""

    reason = "too_many_workspaces"
    message = (
        f"An account can have {WORKSPACES_MAX} workspaces. Delete one that nobody needs any more."
    )


@dataclass(frozen=True)
class WorkspaceChange:
    """A requested change of a workspace; None leaves a value as it is."""

    name: str | None = None
    description: str | None = None

    def applied_to(self, workspace: Workspace) -> Workspace:
        """Return the changed workspace."""
        return replace(
            workspace,
            name=workspace.name if self.name is None else self.name,
            description=workspace.description if self.description is None else self.description,
        )


def parse_description(text: str) -> str:
    """Read a line of text by the rules for names, except that it may be empty."""
    if not text.strip():
        return ""
    return parse_name(text, "description", DESCRIPTION_MAX_LENGTH)


def name_key(name: str) -> str:
    """Return one key for all spellings that differ only in case or composition.

    A digest, because a name doesn't fit a map key: case folding can triple its length, and DynamoDB
    reads `[0]` in a path as an index.
    """
    folded = unicodedata.normalize("NFD", name).casefold()
    return digest(unicodedata.normalize("NFC", folded))
