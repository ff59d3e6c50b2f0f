"""What calls of `/api/v1` answer with; the OpenAPI document is written from these shapes.

msgspec reads annotations when a class is made, so they are not deferred here.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from chalicelib.domain.accounts.invitations import InvitationStatus
from chalicelib.domain.audit.event import EventName, PartyType
from chalicelib.domain.keys.record import RecordStatus
from chalicelib.domain.roles import MembershipStatus, Role, WorkspaceRole

T = TypeVar("T")

Time = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
Id = Annotated[str, msgspec.Meta(description="An opaque id.")]


class Page(msgspec.Struct, Generic[T]):
    """One page of a list."""

    items: list[T]
    has_more: bool
    total_count: Annotated[int, msgspec.Meta(ge=0)]


class ApiKeyAnswer(msgspec.Struct):
    """An API key as it is listed."""

    id: Id
    name: str
    created_at: Time
    last_used_at: Time | None


class NewApiKey(msgspec.Struct):
    """An API key right after it was made: the one time that its secret is shown."""

    id: Id
    name: str
    key: Annotated[str, msgspec.Meta(pattern="^thub_[0-9A-Za-z]{32}$")]
    created_at: Time
    last_used_at: None


class KeyName(msgspec.Struct):
    """The key that a call was made with."""

    id: Id
    name: str


class AccountAnswer(msgspec.Struct):
    """The account that a key belongs to."""

    id: Id
    name: str
    key: KeyName


class WorkspaceAnswer(msgspec.Struct):
    """A named area of the account."""

    id: Id
    name: str
    description: str
    created_at: Time


class RecordAnswer(msgspec.Struct):
    """A record of the account."""

    id: Id
    terminus_id: str
    workspace_id: Id
    status: RecordStatus
    data: dict[str, Any]
    created_at: Time


class WorkspaceAccess(msgspec.Struct):
    """A workspace, and what somebody is in it."""

    id: Id
    role: WorkspaceRole


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


class PartyAnswer(msgspec.Struct):
    """Who did something, or to what it was done, by the name that it had then."""

    type: PartyType
    id: str | None
    name: str | None


class AuditEventAnswer(msgspec.Struct):
    """One thing that happened in the account."""

    id: Id
    at: Time
    event: EventName
    actor: PartyAnswer
    target: PartyAnswer | None
    address: str
    user_agent: str
    request_id: str
    details: dict[str, Any]


class SsoDomain(msgspec.Struct):
    """An email domain of the account, and the TXT record that proves it."""

    domain: str
    status: Literal["pending", "verified"]
    txt_name: str
    txt_value: str


class Sso(msgspec.Struct):
    """The account's link to its identity provider."""

    connection_id: Id
    sp_entity_id: str
    acs_url: str
    metadata_url: str
    idp_entity_id: str
    idp_sso_url: str
    idp_certificates: Annotated[list[str], msgspec.Meta(description="PEM, one or two.")]
    idp_certificates_end_at: Annotated[
        list[Time], msgspec.Meta(description="When each was meant to end, in their order.")
    ]
    email_attribute: str | None
    default_role: Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["member", "admin"]})]
    enforced: bool
    domains: list[SsoDomain]


class MemberAnswer(msgspec.Struct):
    """Somebody in the account; owners and admins reach every workspace, so none is listed."""

    user_id: Id
    email: str
    name: str
    role: Role
    status: MembershipStatus
    workspaces: list[WorkspaceAccess]


class Empty(msgspec.Struct):
    """Nothing to tell."""


class ErrorDetails(msgspec.Struct):
    """What went wrong."""

    type: str
    code: str | None
    message: str
    param: str | None
    path: str | None


class Error(msgspec.Struct):
    """The envelope of every answer that isn't a success."""

    error: ErrorDetails
