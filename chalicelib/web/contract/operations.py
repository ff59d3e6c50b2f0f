"""Every call of `/api/v1`: who may make it, what it takes, what it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.audit.search import ACTOR_MAX, CURSOR_PATTERN, GROUPS
from chalicelib.domain.keys.record import RecordStatus
from chalicelib.domain.lists import LIMIT_DEFAULT, LIMIT_MAX, PAGE_MAX
from chalicelib.web.contract import answers, bodies

if TYPE_CHECKING:
    from collections.abc import Mapping

LIST_PARAMETERS: Mapping[str, Any] = {
    "page": {"type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": 1},
    "limit": {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
}
WORDS: Mapping[int, str] = {
    400: "The request can't be read, or lacks a parameter.",
    401: "No good API key, or nobody signed in.",
    403: "Not allowed: a member's session, an API key where a person has to decide, another site's"
    " page, or a proof that is too old (`proof_required`).",
    404: "No such thing in this account.",
    409: "It collides with what is there, or somebody changed it at the same time.",
    413: "The body is larger than 256 KB.",
    415: "Only JSON is taken.",
    422: "A value is wrong or out of range; `param` names it.",
    429: "The key's minute is used up; Retry-After says when the next one begins.",
    500: "A fault of ours.",
    503: "Something that we depend on didn't answer; nothing was decided.",
}
_FAULTS = (500, 503)
_WITH_KEY = (401, 429, *_FAULTS)
_WITH_SESSION = (401, 403, *_FAULTS)
_WITH_BODY = (400, 413, 415, 422)


@dataclass(frozen=True)
class Operation:
    """One call; `proof` is what its caller has to bring."""

    name: str
    call: str
    summary: str
    proof: Literal["key", "session", "nothing"]
    outcome: str
    refusals: tuple[int, ...]
    status: int = 200
    answer: Any = None
    body: Any = None
    # Whether it can answer in JSON Lines as well.
    lines: bool = False
    is_list: bool = False
    filters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """The method, as the document writes it."""
        return self.call.partition(" ")[0].lower()

    @property
    def path(self) -> str:
        """The path with its parameters in braces."""
        return self.call.partition(" ")[2]

    @property
    def ids(self) -> list[str]:
        """The parameters of the path."""
        return re.findall(r"\{(\w+)\}", self.path)

    @cached_property
    def shapes(self) -> tuple[Any, ...]:
        """The shapes that it takes and answers with."""
        return tuple(s for s in (self.body, self.answer, answers.Error) if s is not None)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "show_account",
        "GET /api/v1/account",
        "Who this key is",
        proof="key",
        outcome="The account, and the key that the call was made with.",
        answer=answers.AccountAnswer,
        refusals=(*_WITH_KEY, 422),
    ),
    Operation(
        "list_workspaces",
        "GET /api/v1/workspaces",
        "The account's workspaces, by name",
        proof="key",
        outcome="A page of workspaces.",
        answer=answers.Page[answers.WorkspaceAnswer],
        is_list=True,
        refusals=(*_WITH_KEY, 422),
    ),
    Operation(
        "show_workspace",
        "GET /api/v1/workspaces/{workspace_id}",
        "One workspace",
        proof="key",
        outcome="The workspace.",
        answer=answers.WorkspaceAnswer,
        refusals=(*_WITH_KEY, 404),
    ),
    Operation(
        "list_records",
        "GET /api/v1/records",
        "The account's records, by id",
        proof="key",
        outcome="A page of records.",
        answer=answers.Page[answers.RecordAnswer],
        is_list=True,
        filters={
            "workspace_id": {"type": "string"},
            "status": {"type": "string", "enum": [status.value for status in RecordStatus]},
        },
        refusals=(*_WITH_KEY, 422),
    ),
    Operation(
        "show_record",
        "GET /api/v1/records/{record_id}",
        "One record",
        proof="key",
        outcome="The record.",
        answer=answers.RecordAnswer,
        refusals=(*_WITH_KEY, 404),
    ),
    Operation(
        "list_api_keys",
        "GET /api/v1/api_keys",
        "The account's API keys, newest first",
        proof="session",
        outcome="A page of keys, never their secrets.",
        answer=answers.Page[answers.ApiKeyAnswer],
        is_list=True,
        refusals=(*_WITH_SESSION, 422),
    ),
    Operation(
        "create_api_key",
        "POST /api/v1/api_keys",
        "Make an API key",
        proof="session",
        outcome="The key; its secret is shown this once.",
        status=201,
        answer=answers.NewApiKey,
        body=bodies.CreateApiKey,
        refusals=(*_WITH_SESSION, *_WITH_BODY),
    ),
    Operation(
        "delete_api_key",
        "DELETE /api/v1/api_keys/{key_id}",
        "Delete an API key; it is refused from its next call on",
        proof="session",
        outcome="It is deleted.",
        status=204,
        refusals=(*_WITH_SESSION, 404),
    ),
    Operation(
        "create_workspace",
        "POST /api/v1/workspaces",
        "Make a workspace; names are unique within the account, whatever their case",
        proof="session",
        outcome="The workspace.",
        status=201,
        answer=answers.WorkspaceAnswer,
        body=bodies.CreateWorkspace,
        refusals=(*_WITH_SESSION, *_WITH_BODY, 409),
    ),
    Operation(
        "change_workspace",
        "PATCH /api/v1/workspaces/{workspace_id}",
        "Give a workspace another name or description, or both",
        proof="session",
        outcome="The workspace as it is now.",
        answer=answers.WorkspaceAnswer,
        body=bodies.ChangeWorkspace,
        refusals=(*_WITH_SESSION, *_WITH_BODY, 404, 409),
    ),
    Operation(
        "delete_workspace",
        "DELETE /api/v1/workspaces/{workspace_id}",
        "Delete a workspace; one that holds records stays",
        proof="session",
        outcome="It is deleted.",
        status=204,
        refusals=(*_WITH_SESSION, 404, 409),
    ),
    Operation(
        "list_audit_events",
        "GET /api/v1/audit_events",
        "The account's audit trail, newest first: a page, or an export as JSON Lines",
        proof="session",
        outcome="A page of events. With `format=ndjson`, which takes neither `page` nor `limit`:"
        " one event a line, up to 5 MB, and a Link to what is older, if there is more. A browser"
        " may ask for an export from our own pages alone, else it is a 403, `cross_site`.",
        answer=answers.Page[answers.AuditEventAnswer],
        lines=True,
        is_list=True,
        filters={
            "event": {"type": "string", "enum": [*EventName, *GROUPS]},
            "actor": {"type": "string", "minLength": 1, "maxLength": ACTOR_MAX},
            "since": {"type": "string", "format": "date"},
            "until": {"type": "string", "format": "date"},
            "format": {"type": "string", "enum": ["json", "ndjson"], "default": "json"},
            "before": {"type": "string", "pattern": f"^{CURSOR_PATTERN}$"},
        },
        refusals=(*_WITH_SESSION, 422),
    ),
    Operation(
        "list_members",
        "GET /api/v1/members",
        "Who is in the account, in the order of their ids",
        proof="session",
        outcome="A page of members, suspended ones included.",
        answer=answers.Page[answers.MemberAnswer],
        is_list=True,
        refusals=(*_WITH_SESSION, 422),
    ),
    Operation(
        "change_member",
        "PATCH /api/v1/members/{user_id}",
        "Give a member another role or other workspaces; what is left out stays",
        proof="session",
        outcome="The member as they are now.",
        answer=answers.MemberAnswer,
        body=bodies.ChangeMember,
        refusals=(*_WITH_SESSION, *_WITH_BODY, 404, 409),
    ),
    Operation(
        "suspend_member",
        "POST /api/v1/members/{user_id}/suspend",
        "Suspend a member; their sessions in the account end at once, for good",
        proof="session",
        outcome="The member, suspended.",
        answer=answers.MemberAnswer,
        refusals=(*_WITH_SESSION, 404, 409, 415, 422),
    ),
    Operation(
        "reactivate_member",
        "POST /api/v1/members/{user_id}/reactivate",
        "Let a suspended member in again, as what they were",
        proof="session",
        outcome="The member, active.",
        answer=answers.MemberAnswer,
        refusals=(*_WITH_SESSION, 404, 409, 415),
    ),
    Operation(
        "remove_member",
        "DELETE /api/v1/members/{user_id}",
        "End a membership; their sessions in the account end at once",
        proof="session",
        outcome="They are out of the account.",
        status=204,
        refusals=(*_WITH_SESSION, 404, 409, 422),
    ),
    Operation(
        "transfer_ownership",
        "POST /api/v1/account/transfer_ownership",
        "Make an active admin the owner, and yourself an admin; the owner's call alone",
        proof="session",
        outcome="The new owner.",
        answer=answers.MemberAnswer,
        body=bodies.TransferOwnership,
        refusals=(*_WITH_SESSION, *_WITH_BODY, 404, 409),
    ),
    Operation(
        "report_leaked_api_key",
        "POST /api/v1/api_keys/leaked",
        "Hand in a key that was found where others can read it",
        proof="nothing",
        outcome="Taken; live keys in the text are dead from now on. The same for any text.",
        status=202,
        answer=answers.Empty,
        body=bodies.LeakedApiKey,
        refusals=(*_WITH_BODY, *_FAULTS),
    ),
    Operation(
        "list_invitations",
        "GET /api/v1/invitations",
        "The open invitations, newest first",
        proof="session",
        outcome="A page of invitations; an expired one stays until it is resent or revoked.",
        answer=answers.Page[answers.InvitationAnswer],
        is_list=True,
        refusals=(*_WITH_SESSION, 422),
    ),
    Operation(
        "create_invitation",
        "POST /api/v1/invitations",
        "Invite an address; the answer doesn't depend on whether anybody has it",
        proof="session",
        outcome="The invitation; its link is mailed.",
        status=201,
        answer=answers.InvitationAnswer,
        body=bodies.CreateInvitation,
        refusals=(*_WITH_SESSION, *_WITH_BODY, 409),
    ),
    Operation(
        "resend_invitation",
        "POST /api/v1/invitations/{invitation_id}/resend",
        "Mail one more link; earlier ones stay good for their time",
        proof="session",
        outcome="The invitation, with the end of its newest link.",
        status=202,
        answer=answers.InvitationAnswer,
        refusals=(*_WITH_SESSION, 404),
    ),
    Operation(
        "revoke_invitation",
        "DELETE /api/v1/invitations/{invitation_id}",
        "Revoke an invitation; none of its links is good any more",
        proof="session",
        outcome="It is revoked.",
        status=204,
        refusals=(*_WITH_SESSION, 404),
    ),
    Operation(
        "show_sso",
        "GET /api/v1/sso",
        "The account's single sign-on",
        proof="session",
        outcome="The connection, with what its identity provider needs of us.",
        answer=answers.Sso,
        refusals=(*_WITH_SESSION, 404),
    ),
    Operation(
        "configure_sso",
        "PUT /api/v1/sso",
        "Set up single sign-on, or change it",
        proof="session",
        outcome="The connection. Enforced without a proved domain it is a 422, `domain_unproven`.",
        answer=answers.Sso,
        body=bodies.ConfigureSso,
        refusals=(*_WITH_SESSION, *_WITH_BODY, 409),
    ),
    Operation(
        "delete_sso",
        "DELETE /api/v1/sso",
        "Take single sign-on away",
        proof="session",
        outcome="It is gone; everyone signs in with a password again.",
        status=204,
        refusals=(*_WITH_SESSION, 404, 409),
    ),
    Operation(
        "list_sso_domains",
        "GET /api/v1/sso/domains",
        "The account's email domains, by name",
        proof="session",
        outcome="A page of domains.",
        answer=answers.Page[answers.SsoDomain],
        is_list=True,
        refusals=(*_WITH_SESSION, 422),
    ),
    Operation(
        "add_sso_domain",
        "POST /api/v1/sso/domains",
        "Say that the account owns an email domain",
        proof="session",
        outcome="The domain, and the TXT record that proves it.",
        status=201,
        answer=answers.SsoDomain,
        body=bodies.AddSsoDomain,
        refusals=(*_WITH_SESSION, *_WITH_BODY, 409),
    ),
    Operation(
        "verify_sso_domain",
        "POST /api/v1/sso/domains/{domain}/verify",
        "Look for a domain's TXT record",
        proof="session",
        outcome="The domain, which counts from now on. No record is a 422, `domain_unproven`.",
        answer=answers.SsoDomain,
        refusals=(*_WITH_SESSION, 404, 409, 422),
    ),
    Operation(
        "delete_sso_domain",
        "DELETE /api/v1/sso/domains/{domain}",
        "Take a domain off the list",
        proof="session",
        outcome="It is off the list.",
        status=204,
        refusals=(*_WITH_SESSION, 404, 409),
    ),
    Operation(
        "show_openapi",
        "GET /api/v1/openapi.json",
        "This document",
        proof="nothing",
        outcome="The document.",
        answer=dict[str, Any],
        refusals=(500,),
    ),
)
