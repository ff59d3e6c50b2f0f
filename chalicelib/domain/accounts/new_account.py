"""An account that is about to be created."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from chalicelib.domain.roles import Role
from chalicelib.domain.tokens import new_id
from chalicelib.domain.user import MAIN_WORKSPACE, Membership, Workspace

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class NewAccount:
    """The owner's membership, and the workspace that every account begins with."""

    owner: Membership
    main: Workspace

    @classmethod
    def named(cls, name: str, now: datetime) -> Self:
        """Return an account with a new id."""
        return cls.of(Membership(new_id("acc"), name, Role.OWNER), now)

    @classmethod
    def of(cls, owner: Membership, now: datetime) -> Self:
        """Return the account of an owner's membership."""
        return cls(owner, Workspace(new_id("wsp"), MAIN_WORKSPACE, "", now))
