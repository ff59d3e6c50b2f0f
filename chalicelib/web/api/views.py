"""What the API shows of domain objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.domain.clock import rfc3339
from chalicelib.web.contract import answers

if TYPE_CHECKING:
    from chalicelib.domain.sign_in.visitor import Visitor
    from chalicelib.domain.user import Membership, Workspace
    from chalicelib.services.sign_in.sessions import ListedSession


def account_view(membership: Membership) -> dict[str, str]:
    """Show an account as its member sees it."""
    return {
        "id": membership.account_id,
        "name": membership.account_name,
        "role": membership.role.value,
    }


def session_view(visitor: Visitor) -> dict[str, Any]:
    """Show a session to its person."""
    user, session = visitor.user, visitor.session
    return {
        "user": {"id": user.id, "email": user.email.value, "name": user.name},
        "account": account_view(visitor.membership) if visitor.membership else None,
        "method": session.method.value,
        "started_at": rfc3339(session.started_at),
        "expires_at": rfc3339(visitor.ends_at),
    }


def listed_session_view(listed: ListedSession) -> dict[str, Any]:
    """Show one of a person's sessions; its id is a digest, of no use as a token."""
    session = listed.session
    return {
        "id": session.id,
        "current": listed.current,
        "method": session.method.value,
        "user_agent": session.client.user_agent,
        "address": session.client.address,
        "started_at": rfc3339(session.started_at),
        "last_seen_at": rfc3339(session.last_seen_at),
    }


def workspace_view(workspace: Workspace) -> answers.WorkspaceAnswer:
    """Show a workspace to software."""
    return answers.WorkspaceAnswer(
        id=workspace.id,
        name=workspace.name,
        description=workspace.description,
        created_at=rfc3339(workspace.created_at),
    )
