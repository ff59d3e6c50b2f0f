"""Conversion of rows and domain objects that more than one store needs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.origin import Client
from chalicelib.domain.roles import MembershipStatus, Role, WorkspaceRole
from chalicelib.domain.sign_in.session import Session, SignInMethod
from chalicelib.domain.sign_in.sign_up import SignUp
from chalicelib.domain.sso.connection import AccountSso
from chalicelib.domain.user import Account, Membership, User, WayBack, Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.storage.dynamo.tables import AccountRow, SessionRow, SignUpRow, UserRow

# The part of an account that holds all its workspaces.
WORKSPACES = "workspaces"
# The prefix of the rows in which an account lists its members.
LISTED_MEMBER = "member#"


def user_of(row: UserRow) -> User:
    """Read a user with their memberships."""
    memberships = row.memberships.as_dict()
    return User(
        id=row.user_id,
        email=EmailAddress(row.email),
        name=row.name,
        created_at=row.created_at,
        credentials_version=int(row.credentials_version),
        password_hash=row.password_hash,
        memberships={key: membership_of(key, value) for key, value in memberships.items()},
        last_account_id=row.last_account_id,
        sessions_version=int(row.sessions_version or 0),
        signed_in_version=int(row.signed_in_version or 0),
        ways_back=tuple(
            WayBack(version, datetime.fromtimestamp(until, UTC))
            for version, until in row.ways_back or ()
        ),
        removed_from=frozenset(row.removed_from or ()),
    )


def ways_back_value(ways: Sequence[WayBack]) -> list[list[float]]:
    """Return the changes of email that can be undone, as the user's row stores them."""
    return [[way.version, way.until.timestamp()] for way in ways]


def membership_map(membership: Membership) -> dict[str, Any]:
    """Return a membership as its user's row stores it."""
    return {
        "name": membership.account_name,
        "role": membership.role.value,
        "status": membership.status.value,
        "grant": membership.grant,
        "version": membership.version,
        "workspaces": {key: role.value for key, role in membership.workspaces.items()},
    }


def account_of(row: AccountRow, workspaces: AccountRow | None) -> Account:
    """Read an account from its row and the row of its workspaces."""
    items = workspaces.items.as_dict() if workspaces is not None else {}
    return Account(
        id=row.account_id,
        name=row.name or "",
        owner_id=row.owner_id or "",
        sso=AccountSso(
            connection_id=row.sso_connection_id,
            enforced=bool(row.sso_enforced),
            version=int(row.sso_version or 0),
        ),
        created_at=row.created_at,
        member_count=int(row.member_count or 0),
        workspaces=tuple(
            sorted(
                (_workspace_of(key, value) for key, value in items.items()),
                key=lambda workspace: (workspace.name.casefold(), workspace.id),
            )
        ),
    )


def workspace_map(workspace: Workspace) -> dict[str, Any]:
    """Return a workspace as its account's row stores it."""
    return {
        "name": workspace.name,
        "description": workspace.description,
        "created_at": workspace.created_at.isoformat(),
        "version": workspace.version,
    }


def sign_up_of(row: SignUpRow) -> SignUp:
    """Read a waiting sign-up."""
    return SignUp(
        id=row.sign_up_id,
        email=EmailAddress(row.email),
        name=row.name,
        account_name=row.account_name,
        browser_digest=row.browser_digest,
        created_at=row.created_at,
        password_hash=row.password_hash,
    )


def session_of(row: SessionRow) -> Session:
    """Read a session."""
    return Session(
        id=row.digest,
        user_id=row.user_id,
        account_id=row.account_id,
        method=SignInMethod(row.method),
        credentials_version=int(row.credentials_version),
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        proved_at=row.proved_at,
        client=Client(address=row.address, user_agent=row.user_agent),
        grant=row.grant,
        sessions_version=int(row.sessions_version or 0),
        connection_id=row.connection_id,
        password_proved_at=row.password_proved_at,
    )


def membership_of(account_id: str, value: dict[str, Any]) -> Membership:
    """Read a membership from its user's row."""
    return Membership(
        account_id=account_id,
        account_name=value["name"],
        role=Role(value["role"]),
        status=MembershipStatus(value["status"]),
        grant=value["grant"],
        version=int(value["version"]),
        workspaces={key: WorkspaceRole(role) for key, role in value["workspaces"].items()},
    )


def _workspace_of(workspace_id: str, value: dict[str, Any]) -> Workspace:
    return Workspace(
        id=workspace_id,
        name=value["name"],
        description=value["description"],
        created_at=datetime.fromisoformat(value["created_at"]),
        version=int(value["version"]),
    )
