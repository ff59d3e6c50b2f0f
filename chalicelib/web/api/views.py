"""Answers made from domain objects, shared by several views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.clock import rfc3339
from chalicelib.web.contract.shapes.accounts import OwnAccountAnswer, WorkspaceAnswer
from chalicelib.web.contract.shapes.sign_in import ListedSessionAnswer, SessionAnswer, UserAnswer

if TYPE_CHECKING:
    from chalicelib.domain.sign_in.visitor import Visitor
    from chalicelib.domain.user import Membership, Workspace
    from chalicelib.services.sign_in.sessions import ListedSession


def account_view(membership: Membership) -> OwnAccountAnswer:
    """Convert a user's membership to an answer."""
    return OwnAccountAnswer(membership.account_id, membership.account_name, membership.role)


def session_view(visitor: Visitor) -> SessionAnswer:
    """Convert the current session to its answer."""
    user, session = visitor.user, visitor.session
    return SessionAnswer(
        user=UserAnswer(user.id, user.email.value, user.name),
        account=account_view(visitor.membership) if visitor.membership else None,
        method=session.method,
        started_at=rfc3339(session.started_at),
        expires_at=rfc3339(visitor.ends_at),
    )


def listed_session_view(listed: ListedSession) -> ListedSessionAnswer:
    """Convert one of a user's sessions to its answer."""
    session = listed.session
    return ListedSessionAnswer(
        id=session.id,
        current=listed.current,
        method=session.method,
        user_agent=session.client.user_agent,
        address=session.client.address,
        started_at=rfc3339(session.started_at),
        last_seen_at=rfc3339(session.last_seen_at),
    )


def workspace_view(workspace: Workspace) -> WorkspaceAnswer:
    """Convert a workspace to its answer."""
    return WorkspaceAnswer(
        id=workspace.id,
        name=workspace.name,
        description=workspace.description,
        created_at=rfc3339(workspace.created_at),
    )
