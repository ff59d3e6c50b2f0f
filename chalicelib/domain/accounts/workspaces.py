"""Workspaces: what one may be called, and how many an account has."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.errors import ConflictError, DomainError
from chalicelib.domain.names import parse_name
from chalicelib.domain.tokens import digest

if TYPE_CHECKING:
    from chalicelib.domain.user import Workspace

# All workspaces of an account are one row, which every page reads: so many, at their longest, stay
# well under DynamoDB's 400 KB.
WORKSPACES_MAX = 200
DESCRIPTION_MAX_LENGTH = 200


class WorkspaceNameTakenError(ConflictError):
    """Another workspace of the account has this name, maybe in another case."""

    reason = "workspace_name_taken"
    message = "There's already a workspace with this name. Choose another one."


class WorkspaceInUseError(ConflictError):
    """The workspace still holds records, which nobody could reach without it."""

    reason = "workspace_in_use"
    message = "This workspace still holds records. Have them moved to another workspace first."


class TooManyWorkspacesError(DomainError):
    """The account has all the workspaces that it may have."""

    reason = "too_many_workspaces"
    message = (
        f"An account can have {WORKSPACES_MAX} workspaces. Delete one that nobody needs any more."
    )


@dataclass(frozen=True)
class WorkspaceChange:
    """What is to be different; None leaves it as it is."""

    name: str | None = None
    description: str | None = None

    def applied_to(self, workspace: Workspace) -> Workspace:
        """Give the workspace as it is to be."""
        return replace(
            workspace,
            name=workspace.name if self.name is None else self.name,
            description=workspace.description if self.description is None else self.description,
        )


def parse_description(text: str) -> str:
    """Read a line of text as names are read, except that it may be empty."""
    if not text.strip():
        return ""
    return parse_name(text, "description", DESCRIPTION_MAX_LENGTH)


def name_key(name: str) -> str:
    """Give the one key of all spellings that differ in case or composition alone.

    A digest, because a key of a map is limited in neither characters nor length by what a name may
    be: folding can make a text three times as long, and `[0]` means something in a path.
    """
    folded = unicodedata.normalize("NFD", name).casefold()
    return digest(unicodedata.normalize("NFC", folded))
