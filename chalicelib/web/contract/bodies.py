"""The bodies that calls take, by their names in the contract.

msgspec reads annotations when a class is made, so this module costs its import and is imported
by the views of the API alone.
"""

from typing import Annotated

import msgspec

from chalicelib.domain.accounts.invitations import INVITED_ROLES
from chalicelib.domain.accounts.workspaces import DESCRIPTION_MAX_LENGTH
from chalicelib.domain.names import NAME_MAX_LENGTH
from chalicelib.domain.roles import Role, WorkspaceRole

# The length is for readers of the OpenAPI document; `parse_name` checks, and says it better.
Name = Annotated[
    str,
    msgspec.Meta(
        description="Readable text: no control or invisible characters, no web address.",
        extra_json_schema={"minLength": 1, "maxLength": NAME_MAX_LENGTH},
    ),
]

Description = Annotated[
    str,
    msgspec.Meta(
        description="A line of readable text as names are, or nothing.",
        extra_json_schema={"maxLength": DESCRIPTION_MAX_LENGTH},
    ),
]


class Identify(msgspec.Struct):
    """`POST /auth/identify`."""

    email: str


class SignInBody(msgspec.Struct):
    """`POST /auth/sign_in`."""

    email: str
    password: str


class SignUpBody(msgspec.Struct):
    """`POST /auth/sign_up`."""

    name: str
    email: str
    password: str
    account_name: str


class EmailConfirmationRequest(msgspec.Struct):
    """`POST /auth/email_confirmation/request`."""

    email: str


class EmailConfirmationBody(msgspec.Struct):
    """`POST /auth/email_confirmation`."""

    token: str
    password: str | None = None


class OpenAccount(msgspec.Struct):
    """`POST /auth/session/account`."""

    account_id: str


class CreateAccount(msgspec.Struct):
    """`POST /auth/accounts`."""

    account_name: str


class LeaveAccount(msgspec.Struct):
    """`POST /auth/session/account/leave`."""

    account_id: str


class PasswordResetRequest(msgspec.Struct):
    """`POST /auth/password_reset/request`."""

    email: str


class PasswordResetBody(msgspec.Struct):
    """`POST /auth/password_reset`."""

    token: str
    password: str


class AccountUnlockRequest(msgspec.Struct):
    """`POST /auth/account_unlock/request`."""

    email: str


class AccountUnlockBody(msgspec.Struct):
    """`POST /auth/account_unlock`."""

    token: str


class EmailChangeLink(msgspec.Struct):
    """`POST /auth/email_change/stop` and `…/undo`."""

    token: str


class InvitationBody(msgspec.Struct):
    """`POST /auth/invitation`."""

    token: str
    name: str | None = None
    password: str | None = None


class Proof(msgspec.Struct):
    """`POST /auth/session/proof`."""

    password: str


class ProfileName(msgspec.Struct):
    """`PATCH /auth/profile`."""

    name: str


class ProfilePassword(msgspec.Struct):
    """`POST /auth/profile/password`."""

    current_password: str
    password: str


class ProfileEmail(msgspec.Struct):
    """`POST /auth/profile/email`."""

    current_password: str
    email: str


class CreateApiKey(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /api/v1/api_keys`."""

    name: Name


class GivenWorkspace(msgspec.Struct, forbid_unknown_fields=True):
    """A workspace of the account, and what somebody is in it."""

    id: str
    role: Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(WorkspaceRole)})]


class ChangeMember(msgspec.Struct, forbid_unknown_fields=True):
    """`PATCH /api/v1/members/{user_id}`; what is left out stays as it is."""

    role: (
        Annotated[str, msgspec.Meta(extra_json_schema={"enum": [Role.ADMIN, Role.MEMBER]})]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    workspaces: list[GivenWorkspace] | msgspec.UnsetType = msgspec.UNSET


class TransferOwnership(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /api/v1/account/transfer_ownership`."""

    user_id: str


class LeakedApiKey(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /api/v1/api_keys/leaked`."""

    key: str


class CreateWorkspace(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /api/v1/workspaces`."""

    name: Name
    description: Description = ""


class ChangeWorkspace(msgspec.Struct, forbid_unknown_fields=True):
    """`PATCH /api/v1/workspaces/{id}`: a name, a description, or both."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType = msgspec.UNSET


class CreateInvitation(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /api/v1/invitations`."""

    email: str
    role: Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(INVITED_ROLES)})]
    workspaces: list[GivenWorkspace] = []


class ConfigureSso(msgspec.Struct, forbid_unknown_fields=True):
    """`PUT /api/v1/sso`; what is left out stays as it is."""

    idp_metadata_xml: str | None = None
    idp_metadata_url: str | None = None
    idp_entity_id: str | None = None
    idp_sso_url: str | None = None
    idp_certificates: list[str] | None = None
    email_attribute: str | None = None
    enforced: bool | None = None
    default_role: str | None = None


class AddSsoDomain(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /api/v1/sso/domains`."""

    domain: str
