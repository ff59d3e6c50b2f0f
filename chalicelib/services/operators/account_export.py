"""The export of one account, with everything but secrets and their hashes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.audit.event import EventName, Party, PartyType
from chalicelib.domain.clock import rfc3339
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.lists import LIMIT_MAX, PageRequest
from chalicelib.domain.operators.action import OperatorAction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.accounts.invitations import Invitation
    from chalicelib.domain.accounts.members import Member
    from chalicelib.domain.audit.event import AuditEvent
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.keys.api_key import ApiKey
    from chalicelib.domain.keys.record import Record
    from chalicelib.domain.operators.action import Operator
    from chalicelib.domain.sso.connection import AccountDomain, SsoConnection
    from chalicelib.domain.user import Account, Workspace
    from chalicelib.storage.accounts.accounts import Accounts
    from chalicelib.storage.accounts.invitations import Invitations
    from chalicelib.storage.keys.api_keys import ApiKeys
    from chalicelib.storage.operators.account_contents import AccountContents
    from chalicelib.storage.operators.trail import OperatorLog
    from chalicelib.storage.sso.connections import SsoConnections
    from chalicelib.storage.sso.domains import AccountDomains

# An account has a thousand of each at most.
_ALL = PageRequest(limit=LIMIT_MAX)


@dataclass(frozen=True)
class AccountExportService:
    """One account as lines, each with its `type`."""

    accounts: Accounts
    contents: AccountContents
    invitations: Invitations
    keys: ApiKeys
    connections: SsoConnections
    domains: AccountDomains
    operator_log: OperatorLog
    clock: Clock

    def begin(self, account_id: str, operator: Operator) -> tuple[Account, OperatorAction]:
        """Find the account and write the export to its audit log; raises NotFoundError."""
        try:
            account = self.accounts.get(account_id)
        except NotFoundError as error:
            message = f"There is no account {account_id}."
            raise NotFoundError(message) from error
        whole = Party(PartyType.ACCOUNT, account.id, account.name)
        action = OperatorAction(
            operator, EventName.ACCOUNT_EXPORTED, self.clock(), whole, (account.id,)
        )
        self.operator_log.write(action)
        return account, action

    def lines(self, account: Account) -> Iterator[dict[str, Any]]:
        """Yield all lines; memory stays at one page, whatever the account's size."""
        yield _typed("account", _account(account))
        for kind, found in (
            ("workspace", map(_workspace, account.workspaces)),
            ("member", map(_member, self.contents.members(account.id))),
            ("invitation", map(_invitation, self.invitations.page(account.id, _ALL).items)),
            ("api_key", map(_key, self.keys.page(account.id, _ALL).items)),
            ("sso_connection", map(_connection, self._connections(account))),
            ("sso_domain", map(_domain, self.domains.of(account.id))),
            ("record", map(_record, self.contents.records(account.id))),
            ("audit_event", map(_event, self.contents.events(account.id, self.clock()))),
        ):
            for line in found:
                yield _typed(kind, line)

    def _connections(self, account: Account) -> Iterator[SsoConnection]:
        if account.sso.connection_id is not None:
            yield self.connections.find(account.sso.connection_id)


def _typed(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, **fields}


def _account(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "owner_id": account.owner_id,
        "created_at": rfc3339(account.created_at),
        "member_count": account.member_count,
        "sso_enforced": account.sso.enforced,
    }


def _workspace(workspace: Workspace) -> dict[str, Any]:
    return {
        "id": workspace.id,
        "name": workspace.name,
        "description": workspace.description,
        "created_at": rfc3339(workspace.created_at),
    }


def _member(member: Member) -> dict[str, Any]:
    return {
        "id": member.user_id,
        "email": member.email.value,
        "name": member.name,
        "role": member.role.value,
        "status": member.membership.status.value,
        "workspaces": {key: role.value for key, role in member.membership.workspaces.items()},
    }


def _invitation(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "email": invitation.email.value,
        "role": invitation.role.value,
        "workspaces": {key: role.value for key, role in invitation.workspaces.items()},
        "inviter_id": invitation.inviter_id,
        "inviter_name": invitation.inviter_name,
        "created_at": rfc3339(invitation.created_at),
        "expires_at": rfc3339(invitation.expires_at),
    }


def _key(key: ApiKey) -> dict[str, Any]:
    # Every field, so that a new one can't be missing here; each line is of the one account.
    named = {field.name: getattr(key, field.name) for field in fields(key)}
    del named["account_id"]
    return {
        name: rfc3339(value) if isinstance(value, datetime) else value
        for name, value in named.items()
    }


def _connection(connection: SsoConnection) -> dict[str, Any]:
    provider = connection.identity_provider
    return {
        "id": connection.id,
        "entity_id": provider.entity_id,
        "sso_url": provider.sso_url,
        "certificates": [certificate.pem for certificate in provider.certificates],
        "email_attribute": provider.email_attribute,
        "default_role": connection.default_role.value,
        "enforced": connection.enforced,
        "created_at": rfc3339(connection.created_at),
    }


def _domain(domain: AccountDomain) -> dict[str, Any]:
    return {
        "domain": domain.domain,
        "created_at": rfc3339(domain.created_at),
        "verified_at": _time(domain.verified_at),
    }


def _record(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "terminus_id": record.terminus_id,
        "workspace_id": record.workspace_id,
        "status": record.status.value,
        "data": record.data,
        "created_at": rfc3339(record.created_at),
    }


def _event(event: AuditEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": rfc3339(event.at),
        "event": event.name.value,
        "actor": asdict(event.actor),
        "target": asdict(event.target) if event.target else None,
        "address": event.origin.client.address,
        "user_agent": event.origin.client.user_agent,
        "request_id": event.origin.request_id,
        "details": dict(event.details),
    }


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
