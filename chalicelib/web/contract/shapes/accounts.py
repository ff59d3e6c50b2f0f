"""Shapes of accounts, their members, invitations and workspaces."""

from typing import Annotated, Literal

import msgspec

from chalicelib.domain.accounts.invitations import INVITED_ROLES, InvitationStatus
from chalicelib.domain.accounts.workspaces import DESCRIPTION_MAX_LENGTH
from chalicelib.domain.roles import MembershipStatus, Role, WorkspaceRole
from chalicelib.web.contract.shapes.common import Id, Name, Time

Description = Annotated[
    str,
    msgspec.Meta(
        description="A line of readable text as names are, or nothing.",
        extra_json_schema={"maxLength": DESCRIPTION_MAX_LENGTH},
    ),
]


class OwnAccountAnswer(msgspec.Struct):
    """An account of the signed-in user, with their role in it."""

    id: Id
    name: str
    role: Role


class OpenAccountBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/session/account`."""

    account_id: str


class CreateAccountBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/accounts`."""

    account_name: str


class OpenedAccountAnswer(msgspec.Struct):
    """The account that is open now, in a new session token."""

    next: Literal["app"]
    account: OwnAccountAnswer


class LeaveAccountBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/session/account/leave`."""

    account_id: str


class LeftAccountAnswer(msgspec.Struct):
    """The accounts that are left, if there are any."""

    next: Literal["choose_account", "no_account"]
    accounts: list[OwnAccountAnswer] | msgspec.UnsetType = msgspec.UNSET


class AcceptInvitationBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/invitation`."""

    token: str
    name: str | None = None
    password: str | None = None


class GivenWorkspace(msgspec.Struct, forbid_unknown_fields=True):
    """A workspace of the account, and what somebody is in it."""

    id: str
    role: Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(WorkspaceRole)})]


class WorkspaceAccess(msgspec.Struct):
    """A workspace, and what somebody is in it."""

    id: Id
    role: WorkspaceRole


class CreateInvitationBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /api/v1/invitations`."""

    email: str
    role: Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(INVITED_ROLES)})]
    workspaces: list[GivenWorkspace] = []


class PersonName(msgspec.Struct):
    """A person, by the name that they had then."""

    id: Id
    name: str


class InvitationAnswer(msgspec.Struct):
    """Somebody asked into the account, who hasn't joined; it ends with its newest link."""

    id: Id
    email: str
    role: Role
    workspaces: list[WorkspaceAccess]
    invited_by: PersonName
    created_at: Time
    expires_at: Time
    status: InvitationStatus


class ChangeMemberBody(msgspec.Struct, forbid_unknown_fields=True):
    """`PATCH /api/v1/members/{user_id}`; what is left out stays as it is."""

    role: (
        Annotated[str, msgspec.Meta(extra_json_schema={"enum": [Role.ADMIN, Role.MEMBER]})]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    workspaces: list[GivenWorkspace] | msgspec.UnsetType = msgspec.UNSET


class TransferOwnershipBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /api/v1/account/transfer_ownership`."""

    user_id: str


class MemberAnswer(msgspec.Struct):
    """Somebody in the account; owners and admins reach every workspace, so none is listed."""

    user_id: Id
    email: str
    name: str
    role: Role
    status: MembershipStatus
    workspaces: list[WorkspaceAccess]


class CreateWorkspaceBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /api/v1/workspaces`."""

    name: Name
    description: Description = ""


class ChangeWorkspaceBody(msgspec.Struct, forbid_unknown_fields=True):
    """`PATCH /api/v1/workspaces/{id}`: a name, a description, or both."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType = msgspec.UNSET


class WorkspaceAnswer(msgspec.Struct):
    """A named area of the account."""

    id: Id
    name: str
    description: str
    created_at: Time
